package directory

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// StartSession opens a session for a person whom the caller has authenticated by its own means. Id
// and cookie are new and random, whatever the browser had before (session fixation).
func (d *Directory) StartSession(ctx context.Context, u store.User) (SignedIn, error) {
	inst, err := d.Store.Instance(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	cookie, err := d.newCookie()
	if err != nil {
		return SignedIn{}, err
	}
	var id [16]byte
	if _, err := io.ReadFull(d.Random, id[:]); err != nil {
		return SignedIn{}, err
	}
	now, from := d.Clock.Now(), request.FromContext(ctx)
	s := store.Session{
		ID: "ses-" + hex.EncodeToString(id[:]), CookieHash: store.HashSecret(cookie), UserID: u.ID,
		CreatedAt: now, AuthenticatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(inst.SessionLifetime),
		RemoteIP: from.RemoteIP, UserAgent: from.UserAgent,
	}
	if err := d.Store.AddSession(ctx, s); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Cookie: cookie, Person: Person{User: u, Session: s}}, nil
}

func (d *Directory) newCookie() (wire.Secret, error) {
	var b [32]byte
	_, err := io.ReadFull(d.Random, b[:])
	return wire.Secret(base64.RawURLEncoding.EncodeToString(b[:])), err
}

// Person returns who a browser's cookie stands for, or [ErrNoSession]. A browser that was away for
// longer than Idle has to sign in again; the session itself, on which command lines may depend, then
// goes on to its own end.
func (d *Directory) Person(ctx context.Context, cookie wire.Secret) (Person, error) {
	if cookie == "" {
		return Person{}, ErrNoSession
	}
	s, u, err := d.Store.SessionByCookie(ctx, store.HashSecret(cookie))
	if errors.Is(err, store.ErrNotFound) {
		return Person{}, ErrNoSession
	} else if err != nil {
		return Person{}, err
	}
	idle := d.Idle
	if idle == 0 {
		idle = DefaultIdle
	}
	now := d.Clock.Now()
	if !s.Open(now) || u.Disabled || !now.Before(s.LastSeenAt.Add(idle)) {
		return Person{}, ErrNoSession
	}
	if now.Sub(s.LastSeenAt) >= min(touchEvery, idle/2) {
		if err := d.Store.TouchSession(ctx, s.ID, now); err != nil {
			return Person{}, err
		}
		s.LastSeenAt = now
	}
	return Person{User: u, Session: s}, nil
}

// SignOut ends the session and every token that was issued under it.
func (d *Directory) SignOut(ctx context.Context, s store.Session) error {
	if err := d.Store.EndSession(ctx, s.ID, "signed out", d.Clock.Now()); err != nil {
		return err
	}
	_ = d.audit(ctx, "SignOut", "success", s.UserID, s.ID) // the session has ended all the same
	return nil
}

// sealedBrowser is what a proof of an earlier sign-in says.
type sealedBrowser struct {
	User    string `json:"u"`
	Browser string `json:"b"`
}

const browserPurpose = "browser"

func (d *Directory) proof(userID, browser string) (wire.Secret, error) {
	if browser == "" {
		var id [16]byte
		if _, err := io.ReadFull(d.Random, id[:]); err != nil {
			return "", err
		}
		browser = hex.EncodeToString(id[:])
	}
	b, err := json.Marshal(sealedBrowser{User: userID, Browser: browser})
	if err != nil {
		return "", err
	}
	sealed, err := d.Keys.Seal(browserPurpose, b)
	return wire.Secret(base64.RawURLEncoding.EncodeToString(sealed)), err
}

func (d *Directory) open(proof wire.Secret) (v sealedBrowser, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(proof.Reveal())
	if err != nil {
		return v, err
	}
	b, err := d.Keys.Open(browserPurpose, sealed)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(b, &v)
}
