package directory

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// ThrottledError says that there were too many failures, and from when on another try is looked at.
type ThrottledError struct{ Until time.Time }

// Error implements error.
func (e *ThrottledError) Error() string { return "too many failed attempts" }

// A limit lets so many attempts fail within a window; every further failure blocks for twice as long
// as the one before, up to longest. While blocked, attempts are refused unseen and change nothing,
// so that nobody can extend a block by hammering.
type limit struct {
	free    int
	window  time.Duration
	longest time.Duration
}

// Guessing is limited three ways: one place on one account, one place on all accounts (spraying),
// all places on one account (a botnet). The last could be used to keep a person out, so a browser in
// which that person has signed in before carries a proof of it ([SignedIn.Browser]) and counts on
// its own account only (OWASP "device cookies"): whatever strangers do, it gets its tries.
func placeLimit() limit   { return limit{5, time.Hour, 15 * time.Minute} }
func addressLimit() limit { return limit{30, 15 * time.Minute, 15 * time.Minute} }
func accountLimit() limit { return limit{100, time.Hour, 5 * time.Minute} }
func browserLimit() limit { return limit{10, time.Hour, 5 * time.Minute} }

type bucket struct {
	key string
	limit
}

// buckets names the counters of an attempt: the caller's own first, which a success clears.
// The names are keyed hashes, because people type passwords into the wrong field.
func (d *Directory) buckets(ctx context.Context, loginKey, browser string) []bucket {
	name := func(kind string, parts ...string) string {
		mac := d.Keys.MAC("throttle", []byte(fmt.Sprintf("%q %q", kind, parts)))
		return "signin-" + kind + ":" + hex.EncodeToString(mac[:16])
	}
	if browser != "" {
		return []bucket{{name("browser", browser), browserLimit()}}
	}
	where := network(request.FromContext(ctx).RemoteIP)
	return []bucket{
		{name("place", loginKey, where), placeLimit()},
		{name("ip", where), addressLimit()},
		{name("user", loginKey), accountLimit()},
	}
}

// network is what one subscriber has: an IPv4 address or an IPv6 /64.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// charge counts the attempt as failed before it is looked at, so that a thousand at once are no
// better than a thousand in a row. It returns a *ThrottledError when one of the buckets is blocked.
func (d *Directory) charge(ctx context.Context, buckets []bucket) error {
	now := d.Clock.Now()
	for i, b := range buckets {
		blocked := false
		t, err := d.Store.UpdateThrottle(ctx, b.key, func(t *store.Throttle) {
			if blocked = now.Before(t.BlockedUntil); blocked {
				return
			}
			if t.Failures == 0 || !now.Before(t.FirstAt.Add(b.window)) && !now.Before(t.BlockedUntil.Add(b.window)) {
				*t = store.Throttle{FirstAt: now}
			}
			t.Failures++
			if over := t.Failures - b.free; over >= 0 {
				t.BlockedUntil = now.Add(min(time.Second<<min(over, 30), b.longest))
			}
		})
		if err != nil {
			return err
		}
		if blocked {
			return firstError(d.refund(ctx, buckets[:i]), &ThrottledError{Until: t.BlockedUntil})
		}
	}
	return nil
}

// refund takes a charge back: the attempt was right, or was refused for another reason.
func (d *Directory) refund(ctx context.Context, buckets []bucket) error {
	for _, b := range buckets {
		_, err := d.Store.UpdateThrottle(ctx, b.key, func(t *store.Throttle) {
			if t.Failures > 0 {
				t.Failures--
			}
			if t.Failures < b.free {
				t.BlockedUntil = time.Time{}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// knownBrowser returns the random id of a browser that this person has signed in with, or "".
func (d *Directory) knownBrowser(proof wire.Secret, userID string) string {
	v, err := d.open(proof)
	if err != nil || userID == "" || v.User != userID {
		return ""
	}
	return v.Browser
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
