package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLockExcludes(t *testing.T) {
	home := t.TempDir()
	var wg sync.WaitGroup
	var inside, most, n atomic.Int32
	for range 20 {
		wg.Go(func() {
			unlock, err := New(home).LockToken(context.Background(), "s")
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			most.Store(max(most.Load(), inside.Add(1)))
			n.Add(1)
			time.Sleep(time.Millisecond)
			inside.Add(-1)
		})
	}
	wg.Wait()
	if most.Load() != 1 || n.Load() != 20 {
		t.Errorf("%d of 20 got in, %d of them at once", n.Load(), most.Load())
	}
}

func TestLocksOfOtherNames(t *testing.T) {
	f := New(t.TempDir())
	for range 2 { // and again after release
		a, err := f.LockToken(t.Context(), "a")
		must(t, err)
		b, err := f.LockToken(t.Context(), "b")
		must(t, err)
		r, err := f.LockRole(t.Context(), aRole())
		must(t, err)
		a()
		b()
		r()
	}
}

func TestLockWaitEnds(t *testing.T) {
	f := New(t.TempDir())
	unlock, err := f.LockToken(t.Context(), "s")
	must(t, err)
	defer unlock()

	slow := errors.New("too slow")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, slow)
	defer cancel()
	if _, err := f.LockToken(ctx, "s"); !errors.Is(err, slow) {
		t.Errorf("after a timeout: %v", err)
	}

	interrupted := errors.New("interrupted")
	ctx2, cancel2 := context.WithCancelCause(t.Context())
	time.AfterFunc(30*time.Millisecond, func() { cancel2(interrupted) })
	if _, err := f.LockToken(ctx2, "s"); !errors.Is(err, interrupted) {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if _, err := f.LockToken(ctx2, "other"); !errors.Is(err, interrupted) {
		t.Errorf("a free lock, but nobody waits any more: %v", err)
	}
}

func TestNowhereToLock(t *testing.T) {
	home := t.TempDir()
	must(t, os.WriteFile(filepath.Join(home, ".aws"), nil, 0o600))
	if _, err := New(home).LockToken(t.Context(), "s"); err == nil {
		t.Error("locked below a file")
	}
}
