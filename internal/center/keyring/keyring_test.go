package keyring_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/keyring"
)

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpen(t *testing.T) {
	r := ring(t)
	sealed, err := r.Seal("a", []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Open("a", sealed); err != nil || string(got) != "hello" {
		t.Fatalf("Open: %q, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("hello")) {
		t.Error("the sealed value shows its content")
	}
	if _, err := r.Open("b", sealed); !errors.Is(err, keyring.ErrOpen) {
		t.Errorf("opened for another purpose: %v", err)
	}
	if _, err := ring(t).Open("a", sealed); !errors.Is(err, keyring.ErrOpen) {
		t.Errorf("opened by another ring: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.Open("a", bad); !errors.Is(err, keyring.ErrOpen) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		if _, err := r.Open("a", sealed[:i]); !errors.Is(err, keyring.ErrOpen) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	rotated, err := r.Rotated(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotated.Open("a", sealed); err != nil {
		t.Errorf("a rotated ring does not open older values: %v", err)
	}
	if again, _ := rotated.Seal("a", nil); bytes.HasPrefix(again, sealed[:4]) {
		t.Error("a rotated ring seals with the old key")
	}
}

func TestMAC(t *testing.T) {
	r := ring(t)
	mac := r.MAC("csrf", []byte("x"))
	rotated, err := r.Rotated(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"same", r.Verify("csrf", []byte("x"), mac[:]), true},
		{"after rotation", rotated.Verify("csrf", []byte("x"), mac[:]), true},
		{"other data", r.Verify("csrf", []byte("y"), mac[:]), false},
		{"other purpose", r.Verify("return", []byte("x"), mac[:]), false},
		{"other ring", ring(t).Verify("csrf", []byte("x"), mac[:]), false},
		{"short", r.Verify("csrf", []byte("x"), mac[:31]), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	// Several servers that start at once must end up with the same keys.
	rings := make([]*keyring.Ring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			r, err := keyring.Load(path)
			if err != nil {
				t.Error(err)
			}
			rings[i] = r
		})
	}
	wg.Wait()
	want := rings[0].MAC("p", nil)
	for i, r := range rings {
		if r.MAC("p", nil) != want {
			t.Errorf("ring %d has other keys", i)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode: %v, %v", st.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Load(path); err == nil {
		t.Error("a key file that others may read was accepted")
	}
	if err := os.WriteFile(path, []byte(`{"keys":["00"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Load(path); err == nil {
		t.Error("a damaged key file was accepted")
	}
}
