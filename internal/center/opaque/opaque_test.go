package opaque_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

func TestNew(t *testing.T) {
	s, kept, err := opaque.New(rand.Reader, opaque.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := opaque.Hash(s, opaque.AccessToken); !ok || got != kept || got != store.HashSecret(s) {
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
	for _, bad := range []wire.Secret{"", "kfat_", s + "A", s[:len(s)-1], s + "\n"} {
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
