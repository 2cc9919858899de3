package store

import (
	"context"
	"time"
)

// Store is what a center remembers. Every method is one transaction: it happened or it did not, also
// when the process is killed. Implementations are safe for concurrent use by any number of
// processes. Errors other than [ErrNotFound], [ErrConflict] and [ErrRevoked] are the database's. A function that is
// handed to one must not call the store, and may be called more than once: only what the last call said counts.
type Store interface {
	Directory
	Assignments
	Clients
	Sessions
	Devices
	Codes
	Tokens
	Throttles
	Trusts
	Onces
	Factors
	Seals
	Links
	SessionChanges
	Revisions
	Audit
	Administration
	// DeleteExpired removes what ended before the given instant and nothing can refer to any more:
	// registrations, device authorizations, codes, tokens, sessions, throttles, marks of use. A code that was used
	// and an access token stay as long as their session.
	DeleteExpired(ctx context.Context, before time.Time) error
	Close() error
}

// Directory is the organisation: the instance, its people and what they may use.
type Directory interface {
	// Apply makes the declared part of the store equal to o. What an earlier Apply declared and o
	// does not is removed; what was added otherwise stays, unless o says Prune. A person's password, and whether they are
	// disabled, change only when what is declared differs from what was declared before, so that a
	// change made since survives a restart. Removing, disabling or a new password ends their sessions;
	// making a second factor required ends everybody's.
	Apply(ctx context.Context, o Organisation) error
	// ApplyRecorded is Apply with events for the audit log, which are added in the same transaction: link gets what
	// there was, everything and what of it was declared (nothing before the first Apply), and returns what
	// AppendAudit's does. It must not call the store, and may be called more than once.
	ApplyRecorded(ctx context.Context, o Organisation, link func(all, declared Organisation, head AuditHead) ([]AuditEvent, AuditHead)) error
	// Instance returns ErrNotFound before the first Apply.
	Instance(ctx context.Context) (Instance, error)
	User(ctx context.Context, id string) (User, error)
	// UserByKey finds a person by name key or e-mail key.
	UserByKey(ctx context.Context, key string) (User, error)
	Users(ctx context.Context) ([]User, error)
	AddUser(ctx context.Context, u User) error
	// SetPassword also ends the person's sessions, but for the one named by keepSession.
	SetPassword(ctx context.Context, userID, passwordHash, keepSession string, now time.Time) error
	// UpgradePasswordHash replaces one hash of the same password by another; nothing if from is no
	// longer the current one.
	UpgradePasswordHash(ctx context.Context, userID, from, to string) error
	// SetDisabled also ends the person's sessions when it disables.
	SetDisabled(ctx context.Context, userID string, disabled bool, now time.Time) error
	Account(ctx context.Context, id string) (Account, error)
}

// Assignments answers who may use what, directly or by way of a group.
type Assignments interface {
	// AccountsFor returns at most limit accounts in order of id, those after the given one.
	AccountsFor(ctx context.Context, userID, after string, limit int) ([]Account, error)
	// PermissionSetsFor returns at most limit permission sets in order of name, after the given one.
	PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) ([]PermissionSet, error)
	// RoleNamesFor returns the names of all permission sets that the person may use, in order, by account id.
	RoleNamesFor(ctx context.Context, userID string) (map[string][]string, error)
	// Assigned returns the permission set of that name if the person may use it in the account.
	Assigned(ctx context.Context, userID, accountID, permissionSet string) (PermissionSet, error)
	AddAssignment(ctx context.Context, a AccountAssignment) error
	RemoveAssignment(ctx context.Context, a AccountAssignment) error
}

// Clients are the OAuth client registrations.
type Clients interface {
	// AddClient refuses with ErrConflict when there are already limit registrations.
	AddClient(ctx context.Context, c Client, limit int) error
	Client(ctx context.Context, id string) (Client, error)
	RemoveClient(ctx context.Context, id string) error
	// RemoveUnusedClients removes registrations made before the given instant that no token family is of,
	// but for declared ones: what strangers make in numbers.
	RemoveUnusedClients(ctx context.Context, before time.Time) error
}

// Sessions are people's interactive sessions.
type Sessions interface {
	AddSession(ctx context.Context, s Session) error
	SessionByCookie(ctx context.Context, cookie Hash) (Session, User, error)
	// TouchSession records that the session was seen.
	TouchSession(ctx context.Context, id string, now time.Time) error
	// EndSession revokes every token of the session. Ending an ended session is no error.
	EndSession(ctx context.Context, id, reason string, now time.Time) error
	SessionsOf(ctx context.Context, userID string) ([]Session, error)
}

// Devices are device authorizations.
type Devices interface {
	AddDevice(ctx context.Context, d DeviceAuthorization) error
	DeviceByUserCode(ctx context.Context, userCode Hash) (DeviceAuthorization, error)
	// ApproveDevice moves a pending, unexpired authorization to approved and adds the family in the
	// same transaction; ErrConflict if it is not pending or has expired.
	ApproveDevice(ctx context.Context, userCode Hash, f TokenFamily, now time.Time) error
	// DenyDevice moves a pending, unexpired authorization to denied; ErrConflict otherwise.
	DenyDevice(ctx context.Context, userCode Hash, now time.Time) error
	// PollDevice reads the authorization of that device code and hands it to decide, whose result
	// (Polls, LastPollAt, Interval, State) is written back in the same transaction. decide must not
	// call the store.
	PollDevice(ctx context.Context, deviceCode Hash, decide func(*DeviceAuthorization)) (DeviceAuthorization, error)
}

// Codes are authorization codes.
type Codes interface {
	// AddCode adds the code and its (still empty) token family.
	AddCode(ctx context.Context, c AuthorizationCode, f TokenFamily) error
	// RedeemCode marks the code as used. At its first use it hands the code and its grant to issue and
	// adds the tokens that issue returns, or none if it returns a nil access token, all in one
	// transaction: of any number of redemptions at once exactly one gets tokens. At every later use
	// it revokes the family instead, adds nothing and returns the grant with ErrConflict. issue must
	// not call the store.
	RedeemCode(ctx context.Context, code Hash, now time.Time,
		issue func(AuthorizationCode, Grant) (*AccessToken, *RefreshToken)) (Grant, error)
}

// RotationOutcome says what became of a refresh token.
type RotationOutcome int

// Outcomes of a rotation.
const (
	RotationDone   RotationOutcome = iota // first use: the new tokens are in
	RotationGraced                        // used before, within the grace: the new tokens are in as well
	RotationReused                        // used before, too long ago: the family is revoked, nothing is in
)

// Rotation is the exchange of a refresh token.
type Rotation struct {
	Old     Hash
	Access  AccessToken // its successors, in its family
	Refresh RefreshToken
	Now     time.Time
	Grace   time.Duration // how long after its first use it may be used again
	// Link puts what is to be recorded of the outcome behind the head of the audit log, unless it is nil. It may be
	// called more than once, and must not call the store.
	Link func(RotationOutcome, AuditHead) ([]AuditEvent, AuditHead)
}

// Tokens are access and refresh tokens.
type Tokens interface {
	// IssueTokens adds tokens to a family: ErrRevoked when the family is revoked or its session has
	// ended. refresh may be nil.
	IssueTokens(ctx context.Context, access AccessToken, refresh *RefreshToken, now time.Time) error
	Access(ctx context.Context, token Hash) (AccessToken, Grant, error)
	Refresh(ctx context.Context, token Hash) (RefreshToken, Grant, error)
	// Rotate marks a refresh token as used and adds its successors, and the event that says so, in one
	// transaction. If it was used too long ago, it revokes the family instead. ErrRevoked as for IssueTokens.
	Rotate(ctx context.Context, r Rotation) (RotationOutcome, error)
	Family(ctx context.Context, id string) (Grant, error)
	RevokeFamily(ctx context.Context, id, reason string, now time.Time) error
}

// Throttles count failures; they are in the store so that replicas count together.
type Throttles interface {
	Throttle(ctx context.Context, key string) (Throttle, error) // a zero Throttle when there is none
	// UpdateThrottle lets change see and alter the counter in one transaction. change must not call
	// the store.
	UpdateThrottle(ctx context.Context, key string, change func(*Throttle)) (Throttle, error)
	ClearThrottle(ctx context.Context, key string) error
}
