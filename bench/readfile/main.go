// Command readfile reads a file and does nothing with it: what any program pays that looks into it.
package main

import "os"

func main() {
	if _, err := os.ReadFile(os.Args[1]); err != nil {
		os.Exit(1)
	}
}
