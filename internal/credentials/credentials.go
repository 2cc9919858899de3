// Package credentials turns a sign-in into role credentials: from the cache, or from the portal with
// the session's token, and into the documents they are printed as.
//
// Commands call it. It knows no file, no HTTP and no prompt: those come in as ports. Nothing that a
// credential call can reach is able to ask a person anything.
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
	cached, ok := s.Cached(r)
	left := cached.ExpiresAt.Sub(s.Clock.Now())
	if ok && left >= RenewWindow {
		return cached, nil
	}
	bounded, tokenWait := ctx, time.Duration(0)
	if ok && left >= worthServing {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeoutCause(ctx, Patience, errPatience)
		defer cancel()
		tokenWait = tokenPatience
	}
	fresh, err := s.renew(bounded, r, cached, tokenWait)
	if err == nil {
		return fresh, nil
	}
	if ctx.Err() != nil {
		return Credentials{}, context.Cause(ctx)
	}
	if !ok || !s.Clock.Now().Before(cached.ExpiresAt) || denied(err) {
		return Credentials{}, err
	}
	s.Log.Debug("using cached credentials", "expires", cached.ExpiresAt, "error", err)
	return cached, nil
}

// Patience is how long an answer that is still valid is kept back in the hope of a newer one.
const Patience = 2 * time.Second

const (
	// tokenPatience is the part of Patience after which a refresh of the token is given up. The session
	// gives one that is under way another second, because its answer may hold the only refresh token.
	tokenPatience = time.Second
	// worthServing is how long credentials must last to be served instead of waited for.
	worthServing = 30 * time.Second
)

var errPatience = fmt.Errorf("no new credentials within %s", Patience)

// Cached returns what is cached for a role and its sign-in, whatever its expiry.
func (s *Source) Cached(r Role) (Credentials, bool) {
	c, ok := s.Store.LoadRole(r)
	return c, ok && !s.otherOrganisation(r.Target)
}

// otherOrganisation reports whether the session's name now stands for another start URL than the one
// it was used with. Role credentials are cached under the session's name alone, so they would be
// another organisation's.
func (s *Source) otherOrganisation(t session.Target) bool {
	var e *session.SignInRequiredError
	_, err := s.Tokens.Cached(t)
	return errors.As(err, &e) && e.Reason == session.OtherStartURL
}

// denied reports whether err is the portal's word that this person may not use this role.
func denied(err error) bool {
	if errors.As(err, new(*session.SignInRequiredError)) {
		return false // about the token, whatever the status of its cause
	}
	var e *wire.ServiceError
	return errors.As(err, &e) && (e.Status == 403 || e.Status == 404)
}

// renew fetches new credentials, one process at a time, unless another process did so while this one
// waited. seen is what was in the cache before. tokenWait bounds the wait for a token, 0 does not.
func (s *Source) renew(ctx context.Context, r Role, seen Credentials, tokenWait time.Duration) (Credentials, error) {
	// The token first: its own refresh has its own lock, and waiting for both at once would make the
	// order of locks matter.
	token, err := s.token(ctx, r.Target, tokenWait)
	if err != nil {
		return Credentials{}, err
	}
	unlock, err := s.lock(ctx, r)
	if err != nil {
		return Credentials{}, err
	}
	defer unlock()
	if c, ok := s.Cached(r); ok {
		now := s.Clock.Now()
		// New ones are as good as it gets, even where they live for less than the window.
		renewed := c.AccessKeyID != seen.AccessKeyID && now.Before(c.ExpiresAt)
		if renewed || c.ExpiresAt.Sub(now) >= RenewWindow {
			return c, nil
		}
	}
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

func (s *Source) token(ctx context.Context, t session.Target, wait time.Duration) (session.Token, error) {
	if wait == 0 {
		return s.Tokens.Token(ctx, t)
	}
	bounded, cancel := context.WithTimeoutCause(ctx, wait, errPatience)
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

// lock waits its turn to fetch. It is only there to spare the portal: without it (a read-only home,
// another process that hangs) the credentials are fetched all the same.
func (s *Source) lock(ctx context.Context, r Role) (unlock func(), err error) {
	wait := s.LockWait
	if wait == 0 {
		wait = session.DefaultLockWait
	}
	lockCtx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	unlock, err = s.Store.LockRole(lockCtx, r)
	if err == nil {
		return unlock, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	s.Log.Debug("fetching without a lock", "error", err)
	return func() {}, nil
}
