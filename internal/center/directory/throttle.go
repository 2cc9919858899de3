package directory

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"keyfob/internal/center/request"
	"keyfob/internal/center/throttle"
	"keyfob/internal/wire"
)

// ThrottledError says that there were too many failures, and from when on another try is looked at.
type ThrottledError struct{ Until time.Time }

// Error implements error.
func (e *ThrottledError) Error() string { return "too many failed attempts" }

// Guessing is limited three ways: one place on one account, one place on all accounts (spraying),
// all places on one account (a botnet). The last could be used to keep a person out, so a browser in
// which that person has signed in before carries a proof of it ([SignedIn.Browser]) and counts on
// its own account only (OWASP "device cookies"): whatever strangers do, it gets its tries.
func placeLimit() throttle.Limit {
	return throttle.Limit{Free: 5, Window: time.Hour, Block: time.Second, MaxBlock: 15 * time.Minute}
}

func addressLimit() throttle.Limit {
	return throttle.Limit{Free: 30, Window: 15 * time.Minute, Block: time.Second, MaxBlock: 15 * time.Minute}
}

func accountLimit() throttle.Limit {
	return throttle.Limit{Free: 100, Window: time.Hour, Block: time.Second, MaxBlock: 5 * time.Minute}
}

func browserLimit() throttle.Limit {
	return throttle.Limit{Free: 10, Window: time.Hour, Block: time.Second, MaxBlock: 5 * time.Minute}
}

type bucket struct {
	key string
	throttle.Limit
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
	where := throttle.Network(request.FromContext(ctx).RemoteIP)
	return []bucket{
		{name("place", loginKey, where), placeLimit()},
		{name("ip", where), addressLimit()},
		{name("user", loginKey), accountLimit()},
	}
}

// charge counts the attempt as failed before it is looked at, so that a thousand at once are no
// better than a thousand in a row. It returns a *ThrottledError when one of the buckets is blocked.
func (d *Directory) charge(ctx context.Context, buckets []bucket) error {
	for i, b := range buckets {
		until, err := d.throttle().Take(ctx, b.key, b.Limit)
		if err == nil && until.IsZero() {
			continue
		}
		return firstError(err, d.refund(ctx, buckets[:i]), &ThrottledError{Until: until})
	}
	return nil
}

// refund takes a charge back: the attempt was right, or was refused for another reason.
func (d *Directory) refund(ctx context.Context, buckets []bucket) error {
	for _, b := range buckets {
		if err := d.throttle().Return(ctx, b.key, b.Limit); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) throttle() throttle.Throttle {
	return throttle.Throttle{Store: d.Store, Clock: d.Clock}
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
