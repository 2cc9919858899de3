// Package output writes the result of a command in the formats of the AWS CLI: json, yaml, yaml-stream, text,
// table and off, byte for byte.
//
// It owns what a result is made of (see [Value]) and how that is written. Package query picks from it, package cli
// makes it and prints it. It must not know what is printed, to whom, or how wide their terminal is: that is told in
// [Options].
//
// Where it differs from the AWS CLI, and why: what a terminal could take for a command is escaped in json and yaml,
// and taken away in text and table (see [Clean]); a part that a query picks twice is written twice in yaml, not as
// an alias.
package output
