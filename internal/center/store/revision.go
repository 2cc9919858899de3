package store

import "context"

// Revisions tell whether what was read is still so.
type Revisions interface {
	// Revision returns a number that is greater after every change by which somebody gains or loses
	// anything: in the organisation, to people, assignments, roles and registrations, and whenever a
	// session or a token family ends. Adding sessions, families, codes, devices and tokens, throttles and
	// the audit log do not change it. What was read after a revision was, is so at least as long as
	// that revision stands, whichever process makes changes.
	Revision(ctx context.Context) (int64, error)
}
