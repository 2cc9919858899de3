package metrics

import (
	"context"
	"errors"
	"strings"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

// Store returns next with the calls timed that requests wait for, and with refused attempts counted.
func (m *Metrics) Store(next store.Store, c clock.Clock) store.Store {
	if m == nil {
		return next
	}
	return &timed{Store: next, m: m, clock: c}
}

type timed struct {
	store.Store
	m     *Metrics
	clock clock.Clock
}

// call times one call; it is deferred with the address of its error.
func (t *timed) call(name string, begun time.Time, err *error) {
	outcome := "success"
	if *err != nil {
		outcome = "error"
		for _, expected := range []error{store.ErrNotFound, store.ErrConflict, store.ErrRevoked} {
			if errors.Is(*err, expected) {
				outcome = "refused"
			}
		}
	}
	t.m.store.WithLabelValues(name, outcome).Observe(t.clock.Now().Sub(begun).Seconds())
}

func (t *timed) Instance(ctx context.Context) (_ store.Instance, err error) {
	defer t.call("Instance", t.clock.Now(), &err)
	return t.Store.Instance(ctx)
}

func (t *timed) AccountsFor(ctx context.Context, userID, after string, limit int) (_ []store.Account, err error) {
	defer t.call("AccountsFor", t.clock.Now(), &err)
	return t.Store.AccountsFor(ctx, userID, after, limit)
}

func (t *timed) PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) (_ []store.PermissionSet, err error) {
	defer t.call("PermissionSetsFor", t.clock.Now(), &err)
	return t.Store.PermissionSetsFor(ctx, userID, accountID, after, limit)
}

func (t *timed) Assigned(ctx context.Context, userID, accountID, permissionSet string) (_ store.PermissionSet, err error) {
	defer t.call("Assigned", t.clock.Now(), &err)
	return t.Store.Assigned(ctx, userID, accountID, permissionSet)
}

func (t *timed) Client(ctx context.Context, id string) (_ store.Client, err error) {
	defer t.call("Client", t.clock.Now(), &err)
	return t.Store.Client(ctx, id)
}

func (t *timed) AddClient(ctx context.Context, c store.Client, limit int) (err error) {
	defer t.call("AddClient", t.clock.Now(), &err)
	return t.Store.AddClient(ctx, c, limit)
}

func (t *timed) SessionByCookie(ctx context.Context, cookie store.Hash) (_ store.Session, _ store.User, err error) {
	defer t.call("SessionByCookie", t.clock.Now(), &err)
	return t.Store.SessionByCookie(ctx, cookie)
}

func (t *timed) PollDevice(ctx context.Context, code store.Hash, decide func(*store.DeviceAuthorization)) (_ store.DeviceAuthorization, err error) {
	defer t.call("PollDevice", t.clock.Now(), &err)
	return t.Store.PollDevice(ctx, code, decide)
}

func (t *timed) RedeemCode(ctx context.Context, code store.Hash, now time.Time,
	issue func(store.AuthorizationCode, store.Grant) (*store.AccessToken, *store.RefreshToken),
) (_ store.Grant, err error) {
	defer t.call("RedeemCode", t.clock.Now(), &err)
	return t.Store.RedeemCode(ctx, code, now, issue)
}

func (t *timed) IssueTokens(ctx context.Context, access store.AccessToken, refresh *store.RefreshToken, now time.Time) (err error) {
	defer t.call("IssueTokens", t.clock.Now(), &err)
	return t.Store.IssueTokens(ctx, access, refresh, now)
}

func (t *timed) Access(ctx context.Context, token store.Hash) (_ store.AccessToken, _ store.Grant, err error) {
	defer t.call("Access", t.clock.Now(), &err)
	return t.Store.Access(ctx, token)
}

func (t *timed) Refresh(ctx context.Context, token store.Hash) (_ store.RefreshToken, _ store.Grant, err error) {
	defer t.call("Refresh", t.clock.Now(), &err)
	return t.Store.Refresh(ctx, token)
}

func (t *timed) Rotate(ctx context.Context, r store.Rotation) (_ store.RotationOutcome, err error) {
	defer t.call("Rotate", t.clock.Now(), &err)
	return t.Store.Rotate(ctx, r)
}

func (t *timed) AppendAudit(ctx context.Context, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) (err error) {
	defer t.call("AppendAudit", t.clock.Now(), &err)
	return t.Store.AppendAudit(ctx, link)
}

// Throttle also counts what it finds blocked: package throttle refuses that.
func (t *timed) Throttle(ctx context.Context, key string) (_ store.Throttle, err error) {
	now := t.clock.Now()
	defer t.call("Throttle", now, &err)
	found, err := t.Store.Throttle(ctx, key)
	if err == nil && now.Before(found.BlockedUntil) {
		kind, _, _ := strings.Cut(key, ":") // what follows says whose
		t.m.throttled.WithLabelValues(t.m.limits.bounded(kind)).Inc()
	}
	return found, err
}

func (t *timed) UpdateThrottle(ctx context.Context, key string, change func(*store.Throttle)) (_ store.Throttle, err error) {
	defer t.call("UpdateThrottle", t.clock.Now(), &err)
	return t.Store.UpdateThrottle(ctx, key, change)
}
