// Package cli is the command line of keyfob: one file for each command, each an options struct whose
// first fields are ports and whose Run a test can call.
//
// Only build*.go make adapters (files, browser, loopback listener), and package sources those that
// credentials come from, which Go programs share; errors.go is the only table from an error to its exit
// code and advice. The package knows no protocol and no file format: those are the rules' and the adapters'.
package cli
