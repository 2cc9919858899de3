package store

import (
	"context"
	"time"
)

// Administration is what administrators see and change beside what a file declares: nothing that they add
// is removed by the next Apply, unless it is told to prune.
type Administration interface {
	// Organisation returns what there is, everything in order of id or name. If declared, it returns only
	// what Apply has put there, with the passwords (their hashes) and disabled of people as declared.
	Organisation(ctx context.Context, declared bool) (Organisation, error)
	// Applied returns the Digest of the last Apply, "" for none.
	Applied(ctx context.Context) (digest string, err error)
	// SetApplied gives the last Apply another Digest, for the same declaration; nothing if from is no longer its.
	SetApplied(ctx context.Context, from, to string) error
	// Administrator reports whether the person may administer, by themselves or by a group.
	Administrator(ctx context.Context, userID string) (bool, error)

	// UpdateUser changes a person's display name and e-mail address.
	UpdateUser(ctx context.Context, u User) error
	// RemoveUser removes a person with their sessions, tokens, memberships and assignments.
	RemoveUser(ctx context.Context, id string) error
	// EndSessionsOf ends every session of a person, and what was issued under them.
	EndSessionsOf(ctx context.Context, userID, reason string, now time.Time) error
	// OpenSessions returns sessions that are open at now, the newest first.
	OpenSessions(ctx context.Context, now time.Time, limit int) ([]Session, error)
	// Session finds a session by its id.
	Session(ctx context.Context, id string) (Session, error)

	AddGroup(ctx context.Context, g Group) error
	// RemoveGroup removes a group with its memberships and assignments.
	RemoveGroup(ctx context.Context, id string) error
	// AddMember puts a person into a group; doing so again is no error.
	AddMember(ctx context.Context, groupID, userID string) error
	RemoveMember(ctx context.Context, groupID, userID string) error

	// PutPermissionSet adds a permission set, or changes the one of that id.
	PutPermissionSet(ctx context.Context, p PermissionSet) error
	// RemovePermissionSet removes a permission set with its assignments.
	RemovePermissionSet(ctx context.Context, id string) error
}

// Principal is somebody who may administer.
type Principal struct {
	Kind PrincipalKind
	ID   string
}

// Policies is what a permission set allows, as data: the center hands it on and enforces nothing of it.
type Policies struct {
	Managed  []string `json:",omitempty"` // ARNs of managed policies
	Inline   string   `json:",omitempty"` // a policy document, JSON
	Boundary string   `json:",omitempty"` // ARN of a permissions boundary
}
