package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Until when a key sealed is in the file, and survives whatever is done to the others.
func TestUntil(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	r, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &ticking{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	rotate := func(from time.Time) {
		t.Helper()
		_, err := Change(t.Context(), path, func(r *Ring) (*Ring, error) { r.clock = c; return r.Rotated(from) })
		if err != nil {
			t.Fatal(err)
		}
		if r, err = Load(path); err != nil {
			t.Fatal(err)
		}
		r.clock = c
	}
	r.clock = c
	id := func(i int) string { ids, _, _ := r.IDs(); return ids[i] }
	first, start := id(0), c.now
	if !r.Until(first).IsZero() {
		t.Error("the only key has an end")
	}
	rotate(start.Add(time.Hour))
	never := id(0) // is overtaken before it begins
	c.now = start.Add(time.Minute)
	rotate(start.Add(2 * time.Minute))
	second := id(0)
	c.now = start.Add(time.Hour)
	rotate(start.Add(2 * time.Hour))
	want := map[string]time.Time{first: start.Add(2 * time.Minute), never: start.Add(2 * time.Minute), second: start.Add(2 * time.Hour), id(0): {}}
	if len(want) != 4 {
		t.Fatalf("keys are %v", want)
	}
	for id, at := range want {
		if got := r.Until(id); !got.Equal(at) {
			t.Errorf("%s until %s, want %s", id, got, at)
		}
	}

	// Files from before say less.
	var f file
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Until = nil
	for _, from := range []*time.Time{f.From, nil} {
		f.From = from
		if b, err = json.Marshal(f); err == nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r, err = Load(path); err != nil {
			t.Fatal(err)
		}
		r.clock = c
		if got := r.Until(second); from == nil && !got.IsZero() || from != nil && !got.Equal(*from) {
			t.Errorf("the one before the first was used until %s, want %v", got, from)
		}
		if got := r.Until(first); !got.IsZero() {
			t.Errorf("an older one was used until %s, which nobody knows", got)
		}
	}
	rotate(start.Add(3 * time.Hour))
	if got := r.Until(first); !got.Equal(start.Add(3 * time.Hour)) {
		t.Errorf("the next rotation notes %s", got)
	}
}

func TestWithoutAndRenew(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := Load(filepath.Join(t.TempDir(), "keys.json"))
	must(err)
	sealed, err := r.Seal("x", []byte("secret"))
	must(err)
	mac := r.MAC("x", []byte("data"))
	if b, err := r.Renew("x", sealed); b != nil || err != nil {
		t.Errorf("what the key in use has sealed is sealed anew: %x, %v", b, err)
	}
	r, err = r.Rotated(time.Time{})
	must(err)
	old, from := "", time.Now().Add(time.Hour)
	if ids, _, _ := r.IDs(); len(ids) == 2 {
		old = ids[1]
	}
	anew, err := r.Renew("x", sealed)
	must(err)
	if _, err := r.Renew("y", sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("another purpose: %v", err)
	}
	if _, err := r.Renew("x", bytes.Clone(sealed[:10])); !errors.Is(err, ErrOpen) {
		t.Errorf("cut: %v", err)
	}
	left, err := r.Without(old)
	must(err)
	if _, err := left.Open("x", sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("the key that is gone opens: %v", err)
	}
	if left.Verify("x", []byte("data"), mac[:]) || !r.Verify("x", []byte("data"), mac[:]) {
		t.Error("the key that is gone verifies, or did not before")
	}
	if b, err := left.Open("x", anew); err != nil || string(b) != "secret" {
		t.Errorf("sealed anew: %q, %v", b, err)
	}
	waiting, err := r.Rotated(from)
	must(err)
	ids, sealing, _ := waiting.IDs()
	for _, id := range []string{ids[0], sealing} {
		if _, err := waiting.Without(id); err == nil {
			t.Errorf("key %s of %v is taken away", id, ids)
		}
	}
	if left, err = waiting.Without(old); err != nil {
		t.Error(err)
	} else if ids, now, at := left.IDs(); len(ids) != 2 || now != sealing || !at.Equal(from.UTC().Truncate(time.Second)) {
		t.Errorf("left are %v, %s seals, another from %s on", ids, now, at)
	}
}
