// Package fastpath answers a credential_process call from one file, as the first thing the program does:
// no lock, no config file parsed, no flags, no goroutine. Whatever is unusual is a miss, and the caller
// goes the long way, which is always right.
//
// Such a file must never answer for another identity. It is therefore bound, by one digest, to everything
// that its answer came from: the command line, the environment, and the exact state (device, inode, size,
// times) of the config file, the credentials file, the token and the role's cached credentials. A sign-in,
// a sign-out, a refresh or an edit, by whatever program, changes one of these, and the digest no longer
// matches. docs/decisions/0005-fast-path.md goes through the cases.
//
// cmd/keyfob asks it; the command that prints credentials keeps answers. It imports little, because a
// program pays for its imports at every start, and knows nothing of profiles, sessions or services.
package fastpath
