// Package clock is the only place that knows what time it is.
//
// Everything that waits or compares times takes a [Clock] in a field, so that a test can move time
// and a sleep can always be interrupted. Both trees, the client's and the center's, use it; it must
// not know either.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and sleeps. Implementations are safe for concurrent use.
type Clock interface {
	// Now returns the current instant.
	Now() time.Time
	// Sleep waits for d, or until ctx is done, in which case it returns ctx's error. A d that is not
	// positive returns at once.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
type System struct{}

// Now implements [Clock].
func (System) Now() time.Time { return time.Now() }

// Sleep implements [Clock].
func (System) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
