// Package seed reads center.yaml, the file that declares an instance: its accounts, people, groups,
// permission sets and assignments, roles that others may assume, and service users.
//
// The command keyfob-center and centertest call it and give the result to store.Apply. It is strict,
// because a misspelt key is an assignment that silently does not exist: every problem is reported,
// with file:line:column, all at once. It knows no database and no HTTP; the files that it names and the
// environment are read through [Sources].
package seed
