package directory

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// halfLife is how long somebody may take from the password to the second factor.
const halfLife = 10 * time.Minute

// Recent is how long ago somebody may have signed in to change what they sign in with.
const Recent = 10 * time.Minute

// Second says who needs a second factor.
type Second interface {
	Needs(ctx context.Context, userID string) (mfa.Need, error)
}

// Half is a sign-in that lacks its second factor. It is no session: nothing but the pages for the
// second factor accepts it.
type Half struct {
	ID     string // names it, for what is shown to its browser
	User   store.User
	Enrol  bool   // there is no factor yet, and there must be one
	Renews string // the session that is authenticated again, "" for a new one
}

type sealedHalf struct {
	ID       string    `json:"i"`
	User     string    `json:"u"`
	Password []byte    `json:"p"` // a keyed hash of the hash: another password ends it
	Browser  string    `json:"b,omitempty"`
	Renews   string    `json:"r,omitempty"`
	At       time.Time `json:"t"`
}

const halfPurpose = "half a sign-in"

// enter lets somebody in whose password was right, or half in if there is more to show.
func (d *Directory) enter(ctx context.Context, u store.User, browser string, again *Person) (SignedIn, error) {
	need := mfa.NeedNothing
	if d.Second != nil {
		var err error
		if need, err = d.Second.Needs(ctx, u.ID); err != nil {
			return SignedIn{}, err
		}
	}
	if need == mfa.NeedNothing {
		return d.admit(ctx, u, browser, again, "password")
	}
	var id [16]byte
	if _, err := io.ReadFull(d.Random, id[:]); err != nil {
		return SignedIn{}, err
	}
	h := sealedHalf{ID: hex.EncodeToString(id[:]), User: u.ID, Password: d.passwordTag(u), Browser: browser, At: d.Clock.Now()}
	if again != nil {
		h.Renews = again.Session.ID
	}
	plain, err := json.Marshal(h)
	if err != nil {
		return SignedIn{}, err
	}
	sealed, err := d.Keys.Seal(halfPurpose, plain)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Half: wire.Secret(base64.RawURLEncoding.EncodeToString(sealed))}, d.audit(ctx, "SignIn", "password right", u.ID, h.Renews)
}

func (d *Directory) passwordTag(u store.User) []byte {
	mac := d.Keys.MAC(halfPurpose, []byte(u.ID+"\x00"+u.PasswordHash))
	return mac[:16]
}

// Half returns what a browser's half of a sign-in stands for, or [ErrNoSession].
func (d *Directory) Half(ctx context.Context, half wire.Secret) (Half, error) {
	h, _, err := d.half(ctx, half)
	return h, err
}

func (d *Directory) half(ctx context.Context, half wire.Secret) (Half, sealedHalf, error) {
	var s sealedHalf
	none := func(err error) (Half, sealedHalf, error) { return Half{}, s, err }
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(half.Reveal())
	if err != nil || len(sealed) == 0 || d.Second == nil {
		return none(ErrNoSession)
	}
	plain, err := d.Keys.Open(halfPurpose, sealed)
	if err != nil || json.Unmarshal(plain, &s) != nil || d.Clock.Now().Sub(s.At) >= halfLife {
		return none(ErrNoSession)
	}
	u, err := d.Store.User(ctx, s.User)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return none(ErrNoSession)
	case err != nil:
		return none(err)
	case u.Disabled, subtle.ConstantTimeCompare(d.passwordTag(u), s.Password) != 1:
		return none(ErrNoSession)
	}
	need, err := d.Second.Needs(ctx, u.ID)
	if err == nil && need == mfa.NeedNothing {
		err = ErrNoSession // it needs no second half any more: sign in again
	}
	return Half{ID: s.ID, User: u, Enrol: need == mfa.NeedEnrol, Renews: s.Renews}, s, err
}

// Complete turns half a sign-in into a session, once, after its person has shown a second factor; how
// says which. current is who is signed in in that browser, or nil. The error is [ErrNoSession], or the
// store's.
func (d *Directory) Complete(ctx context.Context, half wire.Secret, how string, current *Person) (SignedIn, error) {
	h, s, err := d.half(ctx, half)
	if err != nil {
		return SignedIn{}, err
	}
	var again *Person
	if s.Renews != "" {
		if current == nil || current.Session.ID != s.Renews || current.User.ID != h.User.ID {
			return SignedIn{}, ErrNoSession
		}
		again = current
	}
	err = d.Store.UseOnce(ctx, store.HashSecret(wire.Secret("half "+s.ID)), s.At.Add(2*halfLife))
	if errors.Is(err, store.ErrConflict) {
		return SignedIn{}, ErrNoSession
	} else if err != nil {
		return SignedIn{}, err
	}
	return d.admit(ctx, h.User, s.Browser, again, "password, "+how)
}

// Admit lets somebody in who has shown by other means than a password who they are, as a passkey does.
// again is who is signed in in that browser if they only authenticate again, else nil. The error may be
// [ErrBadCredentials].
func (d *Directory) Admit(ctx context.Context, u store.User, browser wire.Secret, how string, again *Person) (SignedIn, error) {
	switch {
	case u.Disabled:
		return SignedIn{}, d.refuse(ctx, "user disabled", u.ID)
	case again != nil && again.User.ID != u.ID:
		return SignedIn{}, d.refuse(ctx, "somebody else", u.ID)
	}
	return d.admit(ctx, u, d.knownBrowser(browser, u.ID), again, how)
}

// admit opens a session, or gives the one of again a new cookie and a new time of signing in.
func (d *Directory) admit(ctx context.Context, u store.User, browser string, again *Person, how string) (in SignedIn, err error) {
	if again != nil {
		in, err = d.Renew(ctx, *again)
	} else {
		in, err = d.StartSession(ctx, u)
	}
	if err != nil {
		return SignedIn{}, err
	}
	in.Browser, err = d.proof(u.ID, browser)
	return in, firstError(err, d.Audit.Record(ctx, store.AuditEvent{
		Name: "SignIn", Outcome: "success", UserID: u.ID, SessionID: in.Person.Session.ID, Detail: map[string]string{"with": how},
	}))
}

// Renew gives a session another cookie and calls it authenticated just now: for somebody who has just
// authenticated again, or has changed what they sign in with. The error may be [ErrNoSession].
func (d *Directory) Renew(ctx context.Context, p Person) (SignedIn, error) {
	cookie, err := d.newCookie()
	if err != nil {
		return SignedIn{}, err
	}
	now := d.Clock.Now()
	err = d.Store.RenewSession(ctx, p.Session.ID, p.Session.CookieHash, store.HashSecret(cookie), now)
	if errors.Is(err, store.ErrConflict) {
		return SignedIn{}, ErrNoSession
	} else if err != nil {
		return SignedIn{}, err
	}
	p.Session.CookieHash, p.Session.AuthenticatedAt, p.Session.LastSeenAt = store.HashSecret(cookie), now, now
	return SignedIn{Cookie: cookie, Person: p}, nil
}

// Recently reports whether the person signed in so shortly ago that they may change what they sign in
// with.
func (d *Directory) Recently(p Person) bool {
	return d.Clock.Now().Sub(p.Session.AuthenticatedAt) < Recent
}
