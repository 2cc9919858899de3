package directory

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// How long links work: an invitation has to survive a weekend, a reset does not.
const (
	InviteLifetime = 72 * time.Hour
	ResetLifetime  = time.Hour
)

// ErrLink: the link is unknown, too old, or was used already.
var ErrLink = errors.New("the link does not work any more")

// NewLink makes a link with which a person sets a password, once. An earlier one of theirs stops working. The
// caller records who made it, and hands out nothing when that fails.
func (d *Directory) NewLink(ctx context.Context, userID string, kind store.LinkKind) (secret wire.Secret, expires time.Time, err error) {
	var b [32]byte
	if _, err := io.ReadFull(d.Random, b[:]); err != nil {
		return "", expires, err
	}
	secret = wire.Secret("kflink_" + base64.RawURLEncoding.EncodeToString(b[:]))
	now := d.Clock.Now()
	expires = now.Add(ResetLifetime)
	if kind == store.LinkInvite {
		expires = now.Add(InviteLifetime)
	}
	if err := d.Store.AddLink(ctx, store.Link{
		Hash: store.HashSecret(secret), UserID: userID, Kind: kind, CreatedAt: now, ExpiresAt: expires,
	}); err != nil {
		return "", expires, err
	}
	return secret, expires, nil
}

// Link returns what a link is for and whose it is, without using it up. The error is [ErrLink], or the
// store's.
func (d *Directory) Link(ctx context.Context, secret wire.Secret) (store.Link, store.User, error) {
	l, u, err := d.Store.Link(ctx, store.HashSecret(secret))
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.Disabled || !d.Clock.Now().Before(l.ExpiresAt)) {
		return store.Link{}, store.User{}, ErrLink
	}
	return l, u, err
}

// UseLink sets the password, ends the person's sessions, and uses the link up. Errors are [ErrLink],
// [ErrPassword], after which the link still works, or the store's.
func (d *Directory) UseLink(ctx context.Context, secret, password wire.Secret) error {
	if _, _, err := d.Link(ctx, secret); err != nil {
		return err
	}
	phc, err := d.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	id, err := d.Store.RedeemLink(ctx, store.HashSecret(secret), phc, d.Clock.Now())
	if errors.Is(err, store.ErrNotFound) {
		return ErrLink
	} else if err != nil {
		return err
	}
	return d.audit(ctx, "UpdatePassword", "success", id, "")
}
