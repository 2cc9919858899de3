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

// kept is credentials in a cache file that all processes share, and how to get new ones.
type kept struct {
	clock    clock.Clock
	log      *slog.Logger
	lockWait time.Duration // 0 means session.DefaultLockWait
	asks     bool          // a fetch asks a person, who is not hurried

	// load returns ok = false when there are none, or they are not for whoever asks.
	load func() (c Credentials, ok bool)
	lock func(ctx context.Context) (unlock func(), err error)
	// prepare gets what a fetch needs and has locks of its own, before the lock is taken: waiting for
	// both at once would make the order of locks matter. hurried says that there is an answer already.
	prepare func(ctx context.Context, hurried bool) (fetch func(ctx context.Context) (Credentials, error), err error)
}

// get returns credentials that are good to use now: cached ones with [RenewWindow] or more left, else
// new ones. If no new ones can be had, or not within [Patience], cached ones that are still valid are
// returned all the same, unless the service itself says that the person may not have them.
func (k *kept) get(ctx context.Context) (Credentials, error) {
	cached, ok := k.load()
	left := cached.ExpiresAt.Sub(k.clock.Now())
	if ok && left >= RenewWindow {
		return cached, nil
	}
	bounded, hurried := ctx, ok && left >= WorthServing && !k.asks
	if hurried {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeoutCause(ctx, Patience, errPatience())
		defer cancel()
	}
	fresh, err := k.renew(bounded, cached, hurried)
	if err == nil {
		return fresh, nil
	}
	if ctx.Err() != nil {
		return Credentials{}, context.Cause(ctx)
	}
	if errors.As(err, new(*CodeError)) {
		return Credentials{}, err // Ctrl-C is not to be answered with credentials
	}
	if ok && k.clock.Now().Before(cached.ExpiresAt) && !denied(err) {
		k.log.Debug("using cached credentials", "expires", cached.ExpiresAt, "error", err)
		return cached, nil
	}
	return Credentials{}, err
}

// Patience is how long an answer that is still valid is kept back in the hope of a newer one.
const Patience = 2 * time.Second

// WorthServing is how long credentials must last to be served instead of waited for.
const WorthServing = 30 * time.Second

func errPatience() error { return fmt.Errorf("no new credentials within %s", Patience) }

// denied reports whether err is the service's word that this person may not use this role.
func denied(err error) bool {
	if errors.As(err, new(*session.SignInRequiredError)) {
		return false // about the token, whatever the status of its cause
	}
	var e *wire.ServiceError
	return errors.As(err, &e) && (e.Status == 403 || e.Status == 404)
}

// renew fetches new credentials, one process at a time, unless another process did so while this one
// waited. seen is what was in the cache before.
func (k *kept) renew(ctx context.Context, seen Credentials, hurried bool) (Credentials, error) {
	fetch, err := k.prepare(ctx, hurried)
	if err != nil {
		return Credentials{}, err
	}
	unlock, err := k.waitForTurn(ctx)
	if err != nil {
		return Credentials{}, err
	}
	defer unlock()
	if c, ok := k.load(); ok {
		now := k.clock.Now()
		// New ones are as good as it gets, even where they live for less than the window.
		renewed := c.AccessKeyID != seen.AccessKeyID && now.Before(c.ExpiresAt)
		if renewed || c.ExpiresAt.Sub(now) >= RenewWindow {
			return c, nil
		}
	}
	return fetch(ctx)
}

// waitForTurn waits until no other process fetches the same. It is only there to spare the service:
// without it (a read-only home, another process that hangs) the credentials are fetched all the same.
func (k *kept) waitForTurn(ctx context.Context) (unlock func(), err error) {
	wait := k.lockWait
	if wait == 0 {
		wait = session.DefaultLockWait
	}
	lockCtx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	unlock, err = k.lock(lockCtx)
	if err == nil {
		return unlock, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	k.log.Debug("fetching without a lock", "error", err)
	return func() {}, nil
}
