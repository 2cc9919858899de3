package store

import (
	"crypto/sha256"
	"errors"
	"time"

	"keyfob/internal/wire"
)

// Errors of every store. They are compared with [errors.Is].
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a record with that name or key exists already, or is no longer in the state that
	// the change needs.
	ErrConflict = errors.New("conflict")
	// ErrRevoked: the token family was revoked or its session has ended.
	ErrRevoked = errors.New("revoked")
)

// Hash is what is kept of a secret: its SHA-256, behind the time that it begins with if it does, or an HMAC where the
// secret is short.
type Hash [sha256.Size]byte

// HashSecret returns the SHA-256 of a secret of at least 256 random bits, for which a plain digest
// cannot be reversed by guessing.
func HashSecret(s wire.Secret) Hash { return sha256.Sum256([]byte(s.Reveal())) }

// Instance is one Identity Center deployment; a store holds exactly one.
type Instance struct {
	ID              string // "ssoins-" and 16 hex digits
	IdentityStoreID string // "d-" and 10 hex digits
	Name            string
	Region          string
	SessionLifetime time.Duration // of a person's sign-in, and so of everything derived from it
	MFA             MFAPolicy
}

// Account is an AWS account: 12 digits, a name, and its owner's e-mail address.
type Account struct {
	ID, Name, Email string
}

// PermissionSet is what is assigned; in an account it appears as a role of the same name.
type PermissionSet struct {
	ID              string // "ps-" and 16 hex digits
	Name            string
	Description     string
	SessionDuration time.Duration // lifetime of role credentials, 1 to 12 hours
	Policies        Policies      // only in Organisation
}

// User is a person who may sign in.
type User struct {
	ID           string // UUID
	Name         string // as shown
	NameKey      string // as compared: see directory
	DisplayName  string
	Email        string
	EmailKey     string
	PasswordHash string // PHC string, "" when no password is set
	Disabled     bool
}

// Group is a set of users.
type Group struct {
	ID, Name string
	Members  []string // user ids
}

// PrincipalKind tells users from groups in an assignment.
type PrincipalKind string

// Kinds of principal, as the service model spells them.
const (
	PrincipalUser  PrincipalKind = "USER"
	PrincipalGroup PrincipalKind = "GROUP"
)

// AccountAssignment lets a principal use a permission set in an account.
type AccountAssignment struct {
	AccountID       string
	PermissionSetID string
	PrincipalKind   PrincipalKind
	PrincipalID     string
}

// Organisation is the declared state of an instance: what a seed file says.
type Organisation struct {
	Instance       Instance
	Accounts       []Account
	Users          []User // PasswordHash, if set, is the one the seed file gives
	Groups         []Group
	PermissionSets []PermissionSet
	Assignments    []AccountAssignment
	Roles          []Role
	ServiceUsers   []ServiceUser // their secrets sealed
	Administrators []Principal
	Clients        []Client // that need not register; they do not expire
	Digest         string   // names what is applied, so that it need not be applied again; "" never matches
	Prune          bool     // Apply also removes what no Apply has put there
}

// Client is a registered OAuth client (RegisterClient).
type Client struct {
	ID           string
	SecretHash   Hash
	Name         string // text from outside
	Scopes       []string
	RedirectURIs []string
	GrantTypes   []string
	IssuerURL    string
	RemoteIP     string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// Session is a person's interactive session: one browser that signed in. Every token hangs off one.
type Session struct {
	ID              string
	CookieHash      Hash
	UserID          string
	CreatedAt       time.Time
	AuthenticatedAt time.Time
	LastSeenAt      time.Time
	ExpiresAt       time.Time
	EndedAt         time.Time // zero while it is open
	RemoteIP        string
	UserAgent       string // text from outside
}

// Open reports whether the session is neither ended nor expired at now.
func (s Session) Open(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// DeviceState is how far a device authorization (RFC 8628) has come.
type DeviceState string

// States of a device authorization. Approved turns into Redeemed by the one poll that gets the token.
const (
	DevicePending  DeviceState = "pending"
	DeviceApproved DeviceState = "approved"
	DeviceDenied   DeviceState = "denied"
	DeviceRedeemed DeviceState = "redeemed"
)

// DeviceAuthorization is a StartDeviceAuthorization that waits for a person.
type DeviceAuthorization struct {
	DeviceCodeHash Hash
	UserCodeHash   Hash
	ClientID       string
	Scopes         []string
	RemoteIP       string // of the device that asked
	UserAgent      string // of the device that asked; text from outside
	CreatedAt      time.Time
	ExpiresAt      time.Time
	State          DeviceState
	FamilyID       string        // set by the approval
	Interval       time.Duration // between polls; grows with every slow_down
	Polls          int
	LastPollAt     time.Time
}

// AuthorizationCode is a code that a redirect carried to a client (RFC 6749 section 4.1.2).
type AuthorizationCode struct {
	CodeHash    Hash
	ClientID    string
	RedirectURI string
	Challenge   string // S256 (RFC 7636)
	FamilyID    string
	ExpiresAt   time.Time
	ConsumedAt  time.Time // zero until its first use
}

// TokenFamily is everything issued from one approval. It is created, empty, with the approval, so
// that revoking it also stops tokens that are about to be issued.
type TokenFamily struct {
	ID            string
	ClientID      string
	UserID        string
	SessionID     string
	Scopes        []string
	CreatedAt     time.Time
	RevokedAt     time.Time // zero while it is good
	RevokedReason string
}

// AccessToken is a bearer token of the portal.
type AccessToken struct {
	Hash      Hash
	FamilyID  string
	ExpiresAt time.Time
}

// RefreshToken buys the next access token of its family.
type RefreshToken struct {
	Hash      Hash
	FamilyID  string
	ExpiresAt time.Time
	RotatedAt time.Time // zero until it was used
}

// Grant is a token family with what its validity depends on, read in one go.
type Grant struct {
	Family  TokenFamily
	Session Session
	User    User
}

// Live reports whether tokens of the grant may be honoured at now: family not revoked, session
// open, person not disabled.
func (g Grant) Live(now time.Time) bool {
	return g.Family.RevokedAt.IsZero() && g.Session.Open(now) && !g.User.Disabled
}

// Throttle counts failures under a key ("signin-user:…", "usercode-ip:…").
type Throttle struct {
	Failures     int
	FirstAt      time.Time
	BlockedUntil time.Time
}
