// Package attacks holds one script for each threat to keyfob-center: its header tells who attacks, with
// what and for what, the test does it against a center that runs, over the network as the attacker would,
// and what holds it off is named. docs/security.md lists them.
//
// There is nothing here but tests. Nothing imports the package.
package attacks
