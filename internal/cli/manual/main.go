// Command manual writes keyfob's manual pages from its command tree, or checks that they are up to date.
//
//	go run ./internal/cli/manual docs/man
//	go run ./internal/cli/manual -check docs/man
package main

import (
	"flag"
	"fmt"
	"os"

	"keyfob/internal/cli"
	"keyfob/internal/manual"
)

func main() {
	check := flag.Bool("check", false, "change nothing; fail if a page is not what it should be")
	flag.Parse()
	do := manual.Write
	if *check {
		do = manual.Check
	}
	if err := do(flag.Arg(0), cli.Root()); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}
