// Command empty does nothing: what starting any Go program costs, which is what keyfob is measured against.
package main

func main() {}
