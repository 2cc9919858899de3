// Package store says what a center remembers and which changes must be atomic. It holds the records
// and the [Store] interface; sqlite implements it, and storetest is the suite that every
// implementation must pass.
//
// The rules of the center (clients, grant, token, directory, assignment, audit) call it. It knows no
// HTTP, no OAuth error, no time: instants come in as arguments. Whatever is secret comes in already
// hashed, so a copy of the database yields no usable token, code, cookie or password.
package store
