package keyring

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ticking is a clock that a test moves, whose sleeps it sees.
type ticking struct {
	now    time.Time
	asleep chan struct{} // somebody sleeps
	wake   chan struct{}
}

func (c *ticking) Now() time.Time { return c.now }

func (c *ticking) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case c.asleep <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A center that runs knows a new key before anybody seals with it, and begins when the others do; a file that
// is damaged or gone leaves it what it has.
func TestRotationWhileItRuns(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	running, err := Load(path)
	must(err)
	c := &ticking{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), asleep: make(chan struct{}), wake: make(chan struct{})}
	running.clock = c
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan error, 9)
	done := make(chan struct{})
	go func() { defer close(done); running.Follow(ctx, path, time.Second, func(err error) { told <- err }) }()
	defer func() { stop(); <-done }()
	<-c.asleep
	look := func() {
		c.wake <- struct{}{}
		<-c.asleep
	}
	look()
	if len(told) != 0 {
		t.Fatal("told of a file that is as it was")
	}
	old, err := running.Seal("x", []byte("old"))
	must(err)

	other, err := Load(path) // the command's
	must(err)
	other.clock = c
	rotated, err := Change(t.Context(), path, func(*Ring) (*Ring, error) { return other.Rotated(c.now.Add(time.Minute)) })
	must(err)
	look()
	must(<-told)
	ids, sealing, from := running.IDs()
	if len(ids) != 2 || sealing != ids[1] || !from.Equal(c.now.Add(time.Minute)) {
		t.Fatalf("ids %q, sealing %s, from %s", ids, sealing, from)
	}
	opens := func(r *Ring, sealed []byte, want string) {
		t.Helper()
		if b, err := r.Open("x", sealed); err != nil || string(b) != want {
			t.Errorf("opens as %q, %v", b, err)
		}
	}
	meanwhile, err := running.Seal("x", []byte("meanwhile"))
	must(err)
	opens(other, meanwhile, "meanwhile") // who does not know the new key yet
	c.now = c.now.Add(time.Minute)
	after, err := running.Seal("x", []byte("after"))
	must(err)
	if _, err := other.Open("x", after); err == nil {
		t.Error("the new key is not in use")
	}
	again, err := Load(path)
	must(err)
	again.clock = c
	for sealed, want := range map[string]string{string(old): "old", string(meanwhile): "meanwhile", string(after): "after"} {
		opens(running, []byte(sealed), want)
		opens(again, []byte(sealed), want)
	}
	if _, sealing, from := again.IDs(); sealing != ids[0] || !from.IsZero() {
		t.Errorf("after a minute %s seals, another from %s on", sealing, from)
	}

	must(os.WriteFile(path, []byte("{"), 0o600))
	look()
	if err := <-told; err == nil {
		t.Error("nothing is said of a damaged file")
	}
	look()
	must(os.Remove(path))
	look()
	if err := <-told; err == nil {
		t.Error("nothing is said of a file that is gone")
	}
	look()
	if len(told) != 0 {
		t.Error("the same is said again and again")
	}
	opens(running, after, "after")
	must(rotated.Save(path))
	look()
	must(<-told)
	opens(running, old, "old")
}

// A key that was made and has not begun when the next is made never seals; it is no gap either.
func TestRotationTwice(t *testing.T) {
	r, err := Load(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := r.IDs()
	for range 2 {
		if r, err = r.Rotated(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, sealing, from := r.IDs(); sealing != first || from.IsZero() {
			t.Errorf("%s seals until %s, want %s", sealing, from, first)
		}
	}
	if ids, _, _ := r.IDs(); len(ids) != 3 || ids[1] != first {
		t.Errorf("ids %q", ids)
	}
}
