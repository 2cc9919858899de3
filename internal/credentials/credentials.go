// Package credentials gets credentials for AWS and prints them: from a sign-in, by assuming roles, from
// keys, other programs, containers and instances, and from the cache before all of them.
//
// Commands call it. It knows no file, no HTTP and no prompt: those come in as ports. Nothing that a
// credential call can reach is able to ask a person anything but the code of an MFA device, and that only
// through [Assume.Code], which fails where nobody is there.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// RenewWindow is how long before their end cached credentials are renewed. The AWS CLI uses the same.
const RenewWindow = 15 * time.Minute

// Role names a role and the sign-in that may use it.
type Role struct {
	Target    session.Target
	AccountID string // 12 digits
	RoleName  string
}

// Credentials are keys for AWS. ExpiresAt is zero and SessionToken empty for keys that do not
// expire; AccountID is "" when it is not known.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey wire.Secret
	SessionToken    wire.Secret
	ExpiresAt       time.Time
	AccountID       string
}

// Equal reports whether two sets of credentials are the same in every part.
func (c Credentials) Equal(d Credentials) bool {
	return c.AccessKeyID == d.AccessKeyID && c.SecretAccessKey == d.SecretAccessKey && c.SessionToken == d.SessionToken &&
		c.ExpiresAt.Equal(d.ExpiresAt) && c.AccountID == d.AccountID
}

// Store keeps role credentials where the AWS CLI finds them.
type Store interface {
	// LoadRole returns ok = false when there are none, or the file is damaged.
	LoadRole(r Role) (c Credentials, ok bool)
	SaveRole(r Role, c Credentials) error
	// LockRole waits until no other process fetches the same credentials.
	LockRole(ctx context.Context, r Role) (unlock func(), err error)
}

// Portal fetches role credentials (sso GetRoleCredentials).
type Portal interface {
	RoleCredentials(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error)
}

// PortalFunc is a [Portal] that is a function.
type PortalFunc func(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error)

// RoleCredentials implements [Portal].
func (f PortalFunc) RoleCredentials(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error) {
	return f(ctx, region, token, accountID, roleName)
}

// Tokens hands out the session's token; *session.Source does.
type Tokens interface {
	Token(ctx context.Context, t session.Target) (session.Token, error)
	// Cached returns the token as it is cached, whatever its expiry.
	Cached(t session.Target) (session.Token, error)
}

// ErrExpiredOnArrival is what the AWS CLI says when the portal hands out credentials that have
// already expired, which mostly means that this machine's clock is wrong.
//
//lint:ignore ST1005 the AWS CLI's text
var ErrExpiredOnArrival = errors.New("Credentials were refreshed, but the refreshed credentials are still expired.")

// Source hands out role credentials. It is safe for concurrent use, within a process and between
// processes.
type Source struct {
	Store    Store
	Tokens   Tokens
	Portal   Portal
	Clock    clock.Clock
	Log      *slog.Logger
	LockWait time.Duration // 0 means session.DefaultLockWait
}

// Get returns credentials that are good to use now: cached ones with [RenewWindow] or more left,
// else new ones, which are cached. If no new ones can be had, or not within [Patience], cached ones that
// are still valid are returned all the same, unless the service itself says that the person may not have
// them.
func (s *Source) Get(ctx context.Context, r Role) (Credentials, error) {
	k := kept{
		clock: s.Clock, log: s.Log, lockWait: s.LockWait,
		load: func() (Credentials, bool) { return s.Cached(r) },
		lock: func(ctx context.Context) (func(), error) { return s.Store.LockRole(ctx, r) },
		prepare: func(ctx context.Context, hurried bool) (func(context.Context) (Credentials, error), error) {
			token, err := s.token(ctx, r.Target, hurried)
			return func(ctx context.Context) (Credentials, error) { return s.fetch(ctx, r, token) }, err
		},
	}
	return k.get(ctx)
}

// Cached returns what is cached for a role and its sign-in, whatever its expiry.
func (s *Source) Cached(r Role) (Credentials, bool) {
	c, ok := s.Store.LoadRole(r)
	return c, ok && !s.OtherOrganisation(r.Target)
}

// OtherOrganisation reports whether the session's name now stands for another start URL than the one
// it was used with. Role credentials are cached under the session's name alone, so they would be
// another organisation's.
func (s *Source) OtherOrganisation(t session.Target) bool {
	var e *session.SignInRequiredError
	_, err := s.Tokens.Cached(t)
	return errors.As(err, &e) && e.Reason == session.OtherStartURL
}

// tokenPatience is the part of [Patience] after which a refresh of the token is given up. The session
// gives one that is under way another second, because its answer may hold the only refresh token.
const tokenPatience = time.Second

func (s *Source) token(ctx context.Context, t session.Target, hurried bool) (session.Token, error) {
	if !hurried {
		return s.Tokens.Token(ctx, t)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, tokenPatience, errPatience())
	defer cancel()
	token, err := s.Tokens.Token(bounded, t)
	if err != nil && bounded.Err() != nil {
		// Its refresh takes too long, but it may do as it is.
		if old, e := s.Tokens.Cached(t); e == nil && s.Clock.Now().Before(old.ExpiresAt) {
			return old, nil
		}
	}
	return token, err
}

// fetch asks the portal, and keeps the answer.
func (s *Source) fetch(ctx context.Context, r Role, token session.Token) (Credentials, error) {
	rc, err := s.Portal.RoleCredentials(ctx, r.Target.Region, token.AccessToken, r.AccountID, r.RoleName)
	if err != nil {
		var refused *wire.ServiceError
		if errors.As(err, &refused) && refused.Status == 401 {
			return Credentials{}, &session.SignInRequiredError{Target: r.Target, Reason: session.TokenRefused, Cause: err}
		}
		return Credentials{}, err
	}
	c := Credentials{
		AccessKeyID: rc.AccessKeyID, SecretAccessKey: rc.SecretAccessKey, SessionToken: rc.SessionToken,
		ExpiresAt: time.UnixMilli(rc.Expiration).UTC().Truncate(time.Second), AccountID: r.AccountID,
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return Credentials{}, fmt.Errorf("the portal's answer for role %q in account %s holds no credentials", r.RoleName, r.AccountID)
	}
	if c.ExpiresAt.Year() > 9999 {
		return Credentials{}, fmt.Errorf("the portal's answer for role %q in account %s says an impossible expiry", r.RoleName, r.AccountID)
	}
	if !s.Clock.Now().Before(c.ExpiresAt) {
		return Credentials{}, ErrExpiredOnArrival
	}
	if err := s.Store.SaveRole(r, c); err != nil {
		// They are good all the same; only the next process has to ask again.
		s.Log.Warn("role credentials could not be cached", "error", err)
	}
	return c, nil
}
