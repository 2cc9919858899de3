package keyring

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
)

// A file of keys is whole or it is refused; what was read is written as it was; and nothing that this ring has not
// sealed opens.
func FuzzLoad(f *testing.F) {
	ring, err := New(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	path := filepath.Join(dir, "keys.json")
	if err := ring.Save(path); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := ring.Seal("x", []byte("text"))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(whole), string(whole[:20]), "", "{}", `{"keys":[""]}`, `{"keys":["00"]}`, `{"keys":null}`, "[]"} {
		f.Add([]byte(s), sealed)
	}
	f.Fuzz(func(t *testing.T, content, sealed []byte) {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if plain, err := ring.Open("other", sealed); err == nil {
			t.Errorf("for another purpose it opens as %q", plain)
		}
		r, err := Load(path)
		if err != nil {
			return
		}
		if ids, _, _ := r.IDs(); len(ids) == 0 {
			t.Fatal("a ring without keys")
		}
		again := filepath.Join(t.TempDir(), "again.json")
		if err := r.Save(again); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(again); err != nil {
			t.Errorf("what it has written it does not read: %v", err)
		}
		if plain, err := r.Open("x", sealed); err == nil && !bytes.Equal(plain, []byte("text")) {
			t.Errorf("it opens as %q", plain)
		}
	})
}
