package opaque_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

func TestNew(t *testing.T) {
	s, kept, err := opaque.New(rand.Reader, opaque.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if kept != store.HashSecret(s) {
		t.Errorf("%x is kept, want the hash", kept)
	}
	testForm(t, s, kept)
}

func TestNewAt(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var before store.Hash
	for range 100 {
		s, kept, err := opaque.NewAt(now, rand.Reader, opaque.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if h := store.HashSecret(s); !bytes.Equal(kept[6:], h[6:]) || bytes.Compare(kept[:], before[:]) <= 0 {
			t.Fatalf("%x is kept of hash %x, after %x", kept, h, before)
		}
		if now = now.Add(time.Millisecond); len(s) != len("kfat_")+56 {
			t.Errorf("it has %d bytes", len(s))
		}
		before = kept
	}
	s, kept, err := opaque.NewAt(now, rand.Reader, opaque.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	testForm(t, s, kept)
	if again, other, err := opaque.NewAt(now, rand.Reader, opaque.AccessToken); err != nil || again == s || other == kept {
		t.Error("two strings of one time are one")
	}
	if _, _, err := opaque.NewAt(now, strings.NewReader("too little"), opaque.AccessToken); err == nil {
		t.Error("made of too little randomness")
	}
}

func testForm(t *testing.T, s wire.Secret, kept store.Hash) {
	t.Helper()
	if got, ok := opaque.Hash(s, opaque.AccessToken); !ok || got != kept {
		t.Errorf("Hash: %x, %v, want %x", got, ok, kept)
	}
	again, _, err := opaque.New(rand.Reader, opaque.AccessToken)
	if err != nil || again == s {
		t.Error("two strings are one")
	}
	// The same random bytes under another prefix have another checksum.
	zeros := bytes.NewReader(make([]byte, 64))
	a, _, _ := opaque.New(zeros, opaque.AccessToken)
	r, _, _ := opaque.New(zeros, opaque.RefreshToken)
	forged := wire.Secret(string(opaque.RefreshToken) + strings.TrimPrefix(a.Reveal(), string(opaque.AccessToken)))
	if _, ok := opaque.Hash(forged, opaque.RefreshToken); ok || forged == r {
		t.Error("a string passes for one of another kind")
	}
	for i := range s.Reveal() {
		bad := []byte(s.Reveal())
		bad[i] ^= 1
		if _, ok := opaque.Hash(wire.Secret(bad), opaque.AccessToken); ok {
			t.Errorf("byte %d altered and not noticed", i)
		}
	}
	for _, bad := range []wire.Secret{"", "kfat_", s + "A", s + "AAAAAAAA", s[:len(s)-1], s + "\n", s[:9] + "\n" + s[9:], s[:9] + "\r\n" + s[11:]} {
		if _, ok := opaque.Hash(bad, opaque.AccessToken); ok {
			t.Errorf("%d bytes are accepted", len(bad))
		}
	}
	if _, _, err := opaque.New(strings.NewReader("too little"), opaque.AccessToken); err == nil {
		t.Error("made of too little randomness")
	}
	if _, err := opaque.NewID(strings.NewReader("too little")); err == nil {
		t.Error("made of too little randomness")
	}
}
