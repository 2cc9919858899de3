package directory

import (
	"context"
	"errors"
	"io"
	"time"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// DefaultIdle is how long a browser may stay away before its person has to sign in again.
const DefaultIdle = time.Hour

// touchEvery is how exactly the store knows when a session was last seen.
const touchEvery = time.Minute

// Errors of signing in and of being signed in.
var (
	// ErrBadCredentials: unknown person, wrong password, no password set, or disabled. Which of them
	// is in the audit log and nowhere else.
	ErrBadCredentials = errors.New("name or password is wrong")
	// ErrNoSession: the cookie belongs to nobody who is signed in.
	ErrNoSession = errors.New("not signed in")
)

// Recorder is the audit log.
type Recorder interface {
	Record(ctx context.Context, e store.AuditEvent) error
}

// PasswordHasher is what [Hasher] does. Verify must take as long for a match as for none.
type PasswordHasher interface {
	Hash(ctx context.Context, password wire.Secret) (phc string, err error)
	Verify(ctx context.Context, password wire.Secret, phc string) (ok, weak bool, err error)
}

// Directory is the people of an instance. It is safe for concurrent use.
type Directory struct {
	Store  store.Store
	Clock  clock.Clock
	Random io.Reader // cryptographic
	Hasher PasswordHasher
	Audit  Recorder
	Keys   *keyring.Ring
	Second Second        // nil where nobody has a second factor
	Idle   time.Duration // 0 is DefaultIdle
}

// Person is somebody who is signed in.
type Person struct {
	User    store.User
	Session store.Session
}

// Attempt is what somebody typed, and the proof their browser may carry of an earlier sign-in.
type Attempt struct {
	Login    string // name or e-mail address
	Password wire.Secret
	Browser  wire.Secret // an earlier SignedIn.Browser, or ""
	Again    *Person     // who is signed in already and authenticates again, or nil
}

// SignedIn is a new session, or, if Half is set and nothing else, half a sign-in. Cookie identifies the
// session and is known to the browser only; Browser proves, also after the session has ended, that this
// person has used that browser.
type SignedIn struct {
	Cookie  wire.Secret
	Browser wire.Secret
	Person  Person
	Half    wire.Secret // for [Directory.Half] and [Directory.Complete]
}

// SignIn checks a password and opens a session, always a new one, or half of one if the person needs a
// second factor. Its errors are [ErrBadCredentials],
// a *[ThrottledError], or the store's and the context's. Whatever the reason, a refusal that is not
// throttling costs one password hash.
func (d *Directory) SignIn(ctx context.Context, a Attempt) (SignedIn, error) {
	key, err := NameKey(a.Login)
	valid := err == nil
	if !valid { // counted under what was typed, and verified against nobody
		key = "\x00" + a.Login[:min(len(a.Login), MaxName)]
	}
	var u store.User
	if valid {
		if u, err = d.Store.UserByKey(ctx, key); err != nil && !errors.Is(err, store.ErrNotFound) {
			return SignedIn{}, err
		}
	}
	browser := d.knownBrowser(a.Browser, u.ID)
	buckets := d.buckets(ctx, key, browser)
	if err := d.charge(ctx, buckets); err != nil {
		// Not audited: the failures that led here are, and hammering must not fill the log.
		return SignedIn{}, err
	}
	ok, weak, err := d.Hasher.Verify(ctx, a.Password, u.PasswordHash)
	if err != nil {
		return SignedIn{}, err
	}
	if ok {
		// Hashing takes a while: was the password changed or the person disabled meanwhile?
		was := u.PasswordHash
		if u, err = d.Store.User(ctx, u.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return SignedIn{}, err
		}
		ok = err == nil && u.PasswordHash == was
	}
	switch {
	case u.ID == "":
		return SignedIn{}, d.refuse(ctx, "unknown user", "")
	case u.Disabled:
		return SignedIn{}, d.refuse(ctx, "user disabled", u.ID)
	case !ok:
		return SignedIn{}, d.refuse(ctx, "wrong password", u.ID)
	case a.Again != nil && a.Again.User.ID != u.ID:
		return SignedIn{}, d.refuse(ctx, "somebody else", u.ID)
	}
	if err := firstError(d.Store.ClearThrottle(ctx, buckets[0].key), d.refund(ctx, buckets[1:])); err != nil {
		return SignedIn{}, err
	}
	if weak {
		// The next sign-in tries again if this fails; the person need not hear of it.
		if better, err := d.Hasher.Hash(ctx, a.Password); err == nil {
			_ = d.Store.UpgradePasswordHash(ctx, u.ID, u.PasswordHash, better)
		}
	}
	return d.enter(ctx, u, browser, a.Again)
}

// refuse writes down why, and keeps it from everybody else. Unknown people are written down as well:
// leaving them out would take less time.
func (d *Directory) refuse(ctx context.Context, why, userID string) error {
	_ = d.audit(ctx, "SignIn", why, userID, "") // the log has said so itself
	return ErrBadCredentials
}

// HashPassword checks and hashes a new password; its error wraps [ErrPassword], or is ctx's.
func (d *Directory) HashPassword(ctx context.Context, password wire.Secret) (string, error) {
	return d.Hasher.Hash(ctx, password)
}

// AddUser adds a person, and records it; an empty password means that they cannot sign in yet. Errors wrap
// [ErrName], [ErrPassword] or [store.ErrConflict].
func (d *Directory) AddUser(ctx context.Context, name, email, display string, password wire.Secret) (store.User, error) {
	u, err := d.NewUser(ctx, name, email, display, password)
	if err == nil {
		err = d.Store.AddUser(ctx, u)
	}
	if err != nil {
		return store.User{}, err
	}
	return u, d.audit(ctx, "CreateUser", "success", u.ID, "")
}

// NewUser is the person that [Directory.AddUser] adds.
func (d *Directory) NewUser(ctx context.Context, name, email, display string, password wire.Secret) (store.User, error) {
	inst, err := d.Store.Instance(ctx)
	if err != nil {
		return store.User{}, err
	}
	u := store.User{ID: UserID(inst.ID, name), Name: name, DisplayName: display, Email: email}
	if u.NameKey, err = NameKey(name); err != nil {
		return store.User{}, of(OfUser, err)
	}
	if email != "" {
		if u.EmailKey, err = NameKey(email); err != nil {
			return store.User{}, of(OfEmail, err)
		}
	}
	if password != "" {
		if u.PasswordHash, err = d.Hasher.Hash(ctx, password); err != nil {
			return store.User{}, err
		}
	}
	return u, nil
}

// SetPassword changes a person's password and ends their sessions, but for the one named by keep.
func (d *Directory) SetPassword(ctx context.Context, userID string, password wire.Secret, keep string) error {
	phc, err := d.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	if err := d.Store.SetPassword(ctx, userID, phc, keep, d.Clock.Now()); err != nil {
		return err
	}
	return d.audit(ctx, "UpdatePassword", "success", userID, keep)
}

// audit records what was done. Where it hands something out, a failure to record takes it back; a
// refusal or an end stands all the same.
func (d *Directory) audit(ctx context.Context, name, outcome, userID, sessionID string) error {
	return d.Audit.Record(ctx, store.AuditEvent{Name: name, Outcome: outcome, UserID: userID, SessionID: sessionID})
}
