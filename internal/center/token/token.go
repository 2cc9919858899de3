// Package token issues, rotates, verifies and ends access and refresh tokens.
//
// The rule grant has tokens issued, the portal has them verified and ended. It knows neither how an
// approval came about nor what a token is used for, beyond the one scope that opens the portal.
//
// Every token belongs to a family (one approval), a family to a person's interactive session. A
// token is worth nothing as soon as its family is revoked, its session over or its person disabled;
// the store is asked at every use.
package token

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Defaults of [Tokens].
const (
	DefaultAccessLifetime = time.Hour
	DefaultGrace          = 30 * time.Second
)

// scopePortalAll is what some clients register in place of wire.ScopeAccountAccess.
const scopePortalAll = "sso-portal:*"

// Tokens is safe for concurrent use.
type Tokens struct {
	Store interface {
		store.Tokens
		store.Clients
		store.Sessions
	}
	Clock  clock.Clock
	Random io.Reader // a cryptographic source
	Audit  *audit.Log
	// AccessLifetime is how long an access token with scopes is good for, if its session is;
	// 0 means DefaultAccessLifetime.
	AccessLifetime time.Duration
	// Grace is how long after its use a refresh token may be used again, because programs that
	// share a cache file do that without malice; 0 means DefaultGrace, a negative one none.
	Grace time.Duration
}

// Set is what one approval or refresh issues: what goes into the store, and the answer to the client.
type Set struct {
	Access   store.AccessToken
	Refresh  *store.RefreshToken // nil when the client may not refresh
	Response wire.CreateTokenResponse
}

// Draft makes tokens for a family without storing them: for a store that must add them in the same
// transaction that uses up a code.
func (t *Tokens) Draft(c store.Client, f store.TokenFamily, s store.Session) (Set, error) {
	now := t.Clock.Now()
	until := s.ExpiresAt
	// A client without scopes is of the generation that cannot refresh: its token lasts as long as
	// the session. All others come back within the hour.
	if len(f.Scopes) > 0 {
		until = earlier(until, now.Add(orDefault(t.AccessLifetime, DefaultAccessLifetime)))
	}
	access, hash, err := opaque.NewAt(now, t.Random, opaque.AccessToken)
	if err != nil {
		return Set{}, err
	}
	set := Set{
		Access:   store.AccessToken{Hash: hash, FamilyID: f.ID, ExpiresAt: until},
		Response: wire.CreateTokenResponse{AccessToken: access, TokenType: "Bearer", ExpiresIn: int64(until.Sub(now) / time.Second)},
	}
	if len(f.Scopes) == 0 || !slices.Contains(c.GrantTypes, wire.GrantRefreshToken) {
		return set, nil
	}
	refresh, hash, err := opaque.NewAt(now, t.Random, opaque.RefreshToken)
	if err != nil {
		return Set{}, err
	}
	set.Refresh = &store.RefreshToken{Hash: hash, FamilyID: f.ID, ExpiresAt: s.ExpiresAt}
	set.Response.RefreshToken = refresh
	return set, nil
}

// Issue adds tokens to a family: an InvalidGrantException if the family was revoked, its session is
// over or its person disabled.
func (t *Tokens) Issue(ctx context.Context, family store.TokenFamily, session store.Session) (wire.CreateTokenResponse, error) {
	c, err := t.Store.Client(ctx, family.ClientID)
	if err != nil {
		return wire.CreateTokenResponse{}, orRefused(err)
	}
	set, err := t.Draft(c, family, session)
	if err != nil {
		return wire.CreateTokenResponse{}, err
	}
	if err := t.Store.IssueTokens(ctx, set.Access, set.Refresh, t.Clock.Now()); err != nil {
		return wire.CreateTokenResponse{}, orRefused(err)
	}
	return set.Response, nil
}

// Refresh exchanges a refresh token of an authenticated client for new tokens with the same scopes
// (RFC 6749 section 6). The token is used up; presenting it again after the grace revokes its family,
// since one of the two who did so has stolen it (RFC 9700 section 4.14). Every refusal is the same
// InvalidGrantException.
func (t *Tokens) Refresh(ctx context.Context, client store.Client, refresh wire.Secret) (wire.CreateTokenResponse, error) {
	var none wire.CreateTokenResponse
	hash, ok := opaque.Hash(refresh, opaque.RefreshToken)
	if !ok {
		return none, refused()
	}
	old, g, err := t.Store.Refresh(ctx, hash)
	if err != nil {
		return none, orRefused(err)
	}
	now := t.Clock.Now()
	event := store.AuditEvent{
		Name: "CreateToken", Outcome: audit.Success, UserID: g.User.ID, ClientID: client.ID, SessionID: g.Session.ID,
		Detail: map[string]string{"grant_type": wire.GrantRefreshToken},
	}
	if g.Family.ClientID != client.ID {
		event.Outcome = "refresh token of another client"
		_ = t.Audit.Record(ctx, event)
		return none, refused()
	}
	if !now.Before(old.ExpiresAt) || !g.Live(now) {
		return none, refused()
	}
	set, err := t.Draft(client, g.Family, g.Session)
	if err != nil {
		return none, err
	}
	if set.Refresh == nil {
		return none, refused()
	}
	var outcome store.RotationOutcome
	err = t.Audit.With(ctx, func(link audit.Link) (err error) {
		outcome, err = t.Store.Rotate(ctx, store.Rotation{
			Old: hash, Access: set.Access, Refresh: *set.Refresh, Now: now, Grace: max(0, orDefault(t.Grace, DefaultGrace)),
			Link: func(o store.RotationOutcome, head store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
				return link(head, rotated(event, o))
			},
		})
		return err
	})
	if err != nil {
		return none, orRefused(err)
	}
	if outcome == store.RotationReused {
		return none, refused()
	}
	return set.Response, nil
}

// rotated is what is recorded of an outcome.
func rotated(e store.AuditEvent, o store.RotationOutcome) store.AuditEvent {
	switch o {
	case store.RotationReused:
		e.Outcome = "refresh token reused"
	case store.RotationGraced:
		e.Detail = maps.Clone(e.Detail)
		e.Detail["graced"] = "true"
	}
	return e
}

// Verify returns the grant of an access token that may call the portal. A token that is missing,
// unknown, expired or revoked is an UnauthorizedException with status 401, which is what makes clients
// ask for a new sign-in; one that lacks the scope is a ForbiddenException, as signing in again would
// not help.
func (t *Tokens) Verify(ctx context.Context, bearer wire.Secret) (store.Grant, error) {
	hash, ok := opaque.Hash(bearer, opaque.AccessToken)
	if !ok {
		return store.Grant{}, unauthorized()
	}
	a, g, err := t.Store.Access(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return store.Grant{}, unauthorized()
	}
	if err != nil {
		return store.Grant{}, err
	}
	if now := t.Clock.Now(); !now.Before(a.ExpiresAt) || !g.Live(now) {
		return store.Grant{}, unauthorized()
	}
	if s := g.Family.Scopes; len(s) > 0 && !slices.Contains(s, wire.ScopeAccountAccess) && !slices.Contains(s, scopePortalAll) {
		return store.Grant{}, &wire.ServiceError{
			Status: http.StatusForbidden, Code: wire.CodeForbidden,
			Message: "No access: the token lacks the scope " + wire.ScopeAccountAccess,
		}
	}
	return g, nil
}

// Revoke signs out whoever the access token belongs to: it ends the interactive session with all its
// access and refresh tokens, as Logout does (which invalidates the sign-in session at the service). An
// access token that has expired still works here, since its refresh token may not have. A token that
// means nothing, or nothing any more, is no error (RFC 7009 section 2.2).
func (t *Tokens) Revoke(ctx context.Context, bearer wire.Secret) error {
	hash, ok := opaque.Hash(bearer, opaque.AccessToken)
	if !ok {
		return nil
	}
	_, g, err := t.Store.Access(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || err == nil && !g.Session.EndedAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.Store.EndSession(ctx, g.Session.ID, "signed out", t.Clock.Now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_ = t.Audit.Record(ctx, store.AuditEvent{
		Name: "Logout", Outcome: audit.Success, UserID: g.User.ID, ClientID: g.Family.ClientID, SessionID: g.Session.ID,
	})
	return nil
}

// orRefused turns what the store says about a dead token into the client's error.
func orRefused(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRevoked) {
		return refused()
	}
	return err
}

func refused() error {
	return &wire.ServiceError{
		Code: wire.CodeInvalidGrant, Status: http.StatusBadRequest,
		Message: "The code or refresh token is not valid, no longer valid, or was issued to another client: sign in again.",
	}
}

func unauthorized() error {
	return &wire.ServiceError{Code: wire.CodeUnauthorized, Status: http.StatusUnauthorized, Message: "Session token not found or invalid"}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
