package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyfob/internal/wire"
)

// refusal reports whether err is the service's considered no.
func refusal(err error) bool {
	var e *wire.ServiceError
	return errors.As(err, &e) && e.Status < 500 && e.Status != 429
}

// refreshOnce refreshes under the lock, unless another process did so while this one waited. seen is
// the token that was found too old. With an error comes the latest token there is.
func (s *Source) refreshOnce(ctx context.Context, t Target, seen Token) (Token, error) {
	wait := s.LockWait
	if wait == 0 {
		wait = DefaultLockWait
	}
	lockCtx, cancel := context.WithTimeoutCause(ctx, wait,
		fmt.Errorf("another process has been refreshing the token of %s for %s", t.Key(), wait))
	defer cancel()
	unlock, err := s.Store.LockToken(lockCtx, t.Key())
	if err != nil {
		return seen, err
	}
	defer unlock()

	tok, err := s.load(t)
	if err != nil {
		return seen, err
	}
	now := s.Clock.Now()
	// A new token is as good as it gets, even where tokens live for less than the window.
	renewed := tok.AccessToken != seen.AccessToken && now.Before(tok.ExpiresAt)
	if renewed || tok.ExpiresAt.Sub(now) >= RefreshWindow {
		return tok, nil
	}
	if !tok.Refreshable(now) {
		return s.orValid(t, tok, TokenExpired, nil)
	}
	return s.refresh(ctx, t, tok)
}

// interruptGrace is how long a refresh that is under way may still take after Ctrl-C. The service
// has perhaps rotated the refresh token already; giving up at once would throw the new one away.
const interruptGrace = time.Second

// refresh returns tok itself with an error.
func (s *Source) refresh(ctx context.Context, t Target, tok Token) (Token, error) {
	// The answer may hold the only refresh token that is still good. Without a place to keep it, asking
	// for it would end the session for everybody.
	release, err := s.Store.MakeRoom()
	if err != nil {
		return tok, err
	}
	defer release()
	ctx, cancel := withGrace(ctx, interruptGrace)
	defer cancel()
	resp, err := s.Refresher.Refresh(ctx, t.Region, wire.CreateTokenRequest{
		ClientID:     tok.ClientID,
		ClientSecret: tok.ClientSecret,
		GrantType:    wire.GrantRefreshToken,
		RefreshToken: tok.RefreshToken,
	})
	if err == nil && resp.AccessToken == "" {
		err = errors.New("the service's answer to CreateToken holds no access token")
	}
	if err != nil {
		return tok, err
	}
	fresh := tok
	fresh.StartURL, fresh.Region = t.StartURL, t.Region
	fresh.AccessToken = resp.AccessToken
	fresh.ExpiresAt = Expiry(s.Clock.Now(), resp.ExpiresIn)
	if resp.RefreshToken != "" { // else the old one stays good (RFC 6749 section 6)
		fresh.RefreshToken = resp.RefreshToken
	}
	release()
	if err := s.Store.SaveToken(t.Key(), fresh); err != nil {
		// It is good for this process; the next one will not find it and may have to sign in.
		s.Log.Warn("the refreshed token could not be saved", "session", t.Session, "error", err)
		return fresh, nil
	}
	s.Log.Debug("token refreshed", "session", t.Session, "expires", fresh.ExpiresAt)
	return fresh, nil
}

// Put saves the token of a new sign-in. It waits for a refresh that another process has under way,
// which would otherwise overwrite the new token with the successor of the old one.
func (s *Source) Put(ctx context.Context, key string, t Token) error {
	wait := s.LockWait
	if wait == 0 {
		wait = DefaultLockWait
	}
	lockCtx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	unlock, err := s.Store.LockToken(lockCtx, key)
	switch {
	case err == nil:
		defer unlock()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		// The person has signed in; that must not be lost because another process hangs.
		s.Log.Debug("saving without a lock", "error", err)
	}
	return s.Store.SaveToken(key, t)
}

// withGrace returns a context that outlives ctx's cancellation by d.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(d, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(inner, func() { t.Stop() })
	})
	return inner, func() { stop(); cancel(context.Canceled) }
}
