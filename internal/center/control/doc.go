// Package control is the door for test powers: moving the clock, making calls fail, approving a
// sign-in without a browser, and reading what was called.
//
// It exists only when somebody asks for it (keyfob-center serve --control, package centertest), listens
// on a port of its own on this machine, wants a token of its own, and /healthz and the pages say that
// it is there. [Powers] is what the center's handler is wrapped with; [Door] is the API over it. It
// knows the rules it borrows (directory, grant) and no other door; nothing imports it but package
// center and those two.
package control
