// Package throttle slows down whoever tries too often. It counts attempts under a key, blocks the key
// once there were too many in a window, and doubles the block with every attempt too many.
//
// Rules call it with keys of their choosing ("register-ip:…"). It knows nothing of what is attempted;
// the counters are in the store, so that replicas count together.
package throttle

import (
	"context"
	"net/netip"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

// Limit allows Free attempts within Window. The last of them blocks the key for Block; after that one
// attempt more is allowed, which blocks it for twice as long, and so on up to MaxBlock. When Window is
// over and the key not blocked, counting starts anew.
type Limit struct {
	Free            int
	Window          time.Duration
	Block, MaxBlock time.Duration
}

// Throttle counts attempts. It is safe for concurrent use.
type Throttle struct {
	Store store.Throttles
	Clock clock.Clock
}

// Take counts an attempt and returns a zero time if it may go on, else the time until when it may
// not. It counts before the attempt, not after it, because only then the limit holds for attempts
// made at once; [Throttle.Return] takes back one that turned out well.
func (t Throttle) Take(ctx context.Context, key string, l Limit) (until time.Time, err error) {
	now := t.Clock.Now()
	// A blocked key costs a read, not a write, so that hammering is cheap to refuse.
	if before, err := t.Store.Throttle(ctx, key); err != nil || now.Before(before.BlockedUntil) {
		return before.BlockedUntil, err
	}
	_, err = t.Store.UpdateThrottle(ctx, key, func(c *store.Throttle) {
		until = time.Time{} // it may be asked again
		if now.Before(c.BlockedUntil) {
			until = c.BlockedUntil
			return
		}
		if now.Sub(c.FirstAt) >= l.Window {
			*c = store.Throttle{FirstAt: now}
		}
		if c.Failures++; c.Failures >= l.Free {
			c.BlockedUntil = now.Add(l.block(c.Failures - l.Free))
		}
	})
	return until, err
}

func (l Limit) block(excess int) time.Duration {
	d := l.Block
	for ; excess > 0 && d < l.MaxBlock; excess-- {
		d = min(2*d, l.MaxBlock)
	}
	return d
}

// Return takes back one attempt counted by [Throttle.Take] under the same limit.
func (t Throttle) Return(ctx context.Context, key string, l Limit) error {
	_, err := t.Store.UpdateThrottle(ctx, key, func(c *store.Throttle) {
		c.Failures = max(0, c.Failures-1)
		if c.Failures < l.Free {
			c.BlockedUntil = time.Time{}
		}
	})
	return err
}

// Network returns what an address is counted as: itself for IPv4, its /64 for IPv6, where one host
// has that many addresses to choose from. Anything else is returned as it is.
func Network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
