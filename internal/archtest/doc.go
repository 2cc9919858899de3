// Package archtest holds the code to the arrows of docs/layout.md: who may import whom, and what is
// ambient and therefore out of reach. The rules are tables in rules_test.go, each with its reason; what
// looks at the code is in archtest_test.go. Nothing imports this package.
package archtest
