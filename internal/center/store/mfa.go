package store

import (
	"context"
	"time"
)

// MFAPolicy says whether people sign in with a second factor.
type MFAPolicy string

// Policies. Optional asks those who have set one up; it is also what "" means. Required makes
// everybody set one up. Off asks nobody.
const (
	MFAOptional MFAPolicy = "optional"
	MFARequired MFAPolicy = "required"
	MFAOff      MFAPolicy = "off"
)

// FactorKind is what a second factor is.
type FactorKind string

// Kinds of factor.
const (
	FactorTOTP    FactorKind = "totp"    // an authenticator app (RFC 6238)
	FactorPasskey FactorKind = "passkey" // a passkey or security key (WebAuthn)
)

// Factor is a device of a person that proves more than a password does.
type Factor struct {
	ID         string
	UserID     string
	Kind       FactorKind
	Name       string // as its person calls it
	Secret     []byte // sealed: of an app its secret, of a passkey its public key and what else was registered
	Credential Hash   // of a passkey: of its credential id; of an app: of its own id
	Counter    int64  // of an app: the last time step used; of a passkey: its signature counter
	CreatedAt  time.Time
	LastUsedAt time.Time // zero until its first use
}

// LinkKind is what a link that an administrator hands out is for.
type LinkKind string

// Kinds of link.
const (
	LinkInvite LinkKind = "invite" // to somebody new, who chooses a first password
	LinkReset  LinkKind = "reset"  // to somebody who forgot theirs
)

// Link lets whoever has its secret set a person's password, once.
type Link struct {
	Hash      Hash
	UserID    string
	Kind      LinkKind
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SessionClient is a client that came in under a session: a token family that is still good.
type SessionClient struct {
	SessionID  string
	FamilyID   string
	ClientName string // text from outside
	CreatedAt  time.Time
}

// Factors are people's second factors and recovery codes.
type Factors interface {
	// AddFactor refuses with ErrConflict when the person has limit factors, or the credential is known.
	AddFactor(ctx context.Context, f Factor, limit int) error
	// FactorsOf returns them in the order in which they were added.
	FactorsOf(ctx context.Context, userID string) ([]Factor, error)
	FactorByCredential(ctx context.Context, credential Hash) (Factor, error)
	// UseFactor moves the counter on and records the use; ErrConflict unless the new counter is greater
	// than the old one, or both are 0, which is a passkey that does not count.
	UseFactor(ctx context.Context, id string, counter int64, now time.Time) error
	RenameFactor(ctx context.Context, userID, id, name string) error
	// RemoveFactor takes the recovery codes along with the last factor.
	RemoveFactor(ctx context.Context, userID, id string) error
	// RemoveFactors takes all of a person's factors and their recovery codes.
	RemoveFactors(ctx context.Context, userID string) error
	// SetRecoveryCodes replaces a person's codes.
	SetRecoveryCodes(ctx context.Context, userID string, codes []Hash) error
	// UseRecoveryCode removes the code; ErrNotFound if it is not there.
	UseRecoveryCode(ctx context.Context, userID string, code Hash) error
	RecoveryCodes(ctx context.Context, userID string) (left int, err error)
}

// Links are invitations and password resets.
type Links interface {
	// AddLink replaces an earlier link of the same person.
	AddLink(ctx context.Context, l Link) error
	Link(ctx context.Context, secret Hash) (Link, User, error)
	// RedeemLink sets the password and ends the person's sessions. It removes the link: ErrNotFound for
	// any but the first, and for one that has expired.
	RedeemLink(ctx context.Context, secret Hash, passwordHash string, now time.Time) (userID string, err error)
}

// SessionChanges is what people do with their sessions beside opening and ending them.
type SessionChanges interface {
	// RenewSession gives an open session another cookie after its person has authenticated again.
	// ErrConflict if the cookie is not from any more, or the session has ended.
	RenewSession(ctx context.Context, id string, from, to Hash, now time.Time) error
	// ClientsOf returns the clients under a person's sessions, the newest first.
	ClientsOf(ctx context.Context, userID string) ([]SessionClient, error)
}
