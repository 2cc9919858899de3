package keyring

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// Everybody's change is in the file, however many come at once, and what fails changes nothing.
func TestChange(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "keys.json"), filepath.Join(t.TempDir(), "keys.json")
	first, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	sealed, err := first.Seal("x", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(r *Ring) (*Ring, error) { return r.Rotated(time.Now().Add(time.Hour)) }
	const changes = 8
	var all sync.WaitGroup
	for range changes {
		all.Go(func() {
			if _, err := Change(t.Context(), link, rotate); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if ids, _, _ := r.IDs(); len(ids) != 1+changes {
		t.Errorf("%d keys after %d changes", len(ids), changes)
	}
	if b, err := r.Open("x", sealed); err != nil || string(b) != "secret" {
		t.Errorf("what the first key has sealed opens as %q, %v", b, err)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link to it is one no more: %v, %v", st, err)
	}

	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if _, err := Change(t.Context(), path, func(*Ring) (*Ring, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("an edit that fails: %v", err)
	}
	held := flock.New(filepath.Join(dir, ".keys.json.lock"))
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	given, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := Change(given, path, rotate); !errors.Is(err, context.Canceled) {
		t.Errorf("given up while another changes it: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("what failed has changed the file, or %v", err)
	}
}
