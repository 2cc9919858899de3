// Package referee holds keyfob and keyfob-center against programs that other people wrote: the AWS CLI
// and boto3 of Debian 13, the AWS SDK for Go and the one for JavaScript, and what asks keyfob for tokens:
// kubectl, and Docker's command and library.
//
// Its tests run real programs in home folders of their own, which share nothing but files, and real
// centers on loopback. Three small programs (boto3, gosdk, js) do the same few things with one SDK each
// and print JSON. The package knows none of keyfob's types: what a file or an answer means is what the
// others make of it.
//
// The exception is how config files are read. testdata/config has odd ones, of which keyfob and three other
// readers must make the same; what keyfob makes of them is asked of its package awsconfig, since no
// command prints it all. Where a reader differs, the file says so and differenceClasses in odd_test.go why.
// Where hours have to pass, keyfob and a center of package centertest run in the test itself, on one clock.
package referee
