package throttle_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/throttle"
	"keyfob/internal/clock"
)

func TestTakeAndReturn(t *testing.T) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	c := clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	th := throttle.Throttle{Store: db, Clock: c}
	l := throttle.Limit{Free: 3, Window: time.Hour, Block: 10 * time.Second, MaxBlock: 35 * time.Second}
	take := func(want time.Duration) {
		t.Helper()
		until, err := th.Take(ctx, "k", l)
		if err != nil {
			t.Fatal(err)
		}
		got := time.Duration(0)
		if !until.IsZero() {
			got = until.Sub(c.Now())
		}
		if got != want {
			t.Errorf("blocked for %s, want %s", got, want)
		}
	}
	giveBack := func() {
		t.Helper()
		if err := th.Return(ctx, "k", l); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 { // what turns out well does not count
		take(0)
		giveBack()
	}
	take(0)
	take(0)
	take(0)
	take(10 * time.Second)
	giveBack() // the third did turn out well
	take(0)
	for _, block := range []time.Duration{10 * time.Second, 20 * time.Second, 35 * time.Second, 35 * time.Second} {
		take(block)
		c.Advance(block)
		take(0)
	}
	c.Advance(time.Hour)
	take(0)
	take(0)
	take(0)
	take(10 * time.Second)
	if until, err := th.Take(ctx, "other", l); err != nil || !until.IsZero() {
		t.Errorf("another key: %v, %v", until, err)
	}
}

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "::1": "::/64", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "junk": "junk",
	} {
		if got := throttle.Network(ip); got != want {
			t.Errorf("%q counts as %q, want %q", ip, got, want)
		}
	}
}
