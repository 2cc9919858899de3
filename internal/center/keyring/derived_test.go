package keyring

import (
	"crypto/cipher"
	"crypto/rand"
	"testing"
)

// However many purposes there are, each has its own key, and what is remembered is bounded.
func TestManyPurposes(t *testing.T) {
	ring, err := New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := ring.sealing()
	fresh := newRing(rand.Reader, held{keys: []key{{id: own.id, master: own.master}}})
	macs := map[[32]byte]bool{}
	for round := range 2 {
		for i := range 3 * mostDerived {
			purpose := "person " + string(rune('a'+i%26)) + string(rune(i))
			sealed, err := ring.Seal(purpose, []byte(purpose))
			if err != nil {
				t.Fatal(err)
			}
			fresh.keys()[0].macs, fresh.keys()[0].aeads = &derived[[]byte]{}, &derived[cipher.AEAD]{}
			if plain, err := fresh.Open(purpose, sealed); err != nil || string(plain) != purpose {
				t.Fatalf("another ring opens %q, %v", plain, err)
			}
			sum := ring.MAC(purpose, nil)
			if !fresh.Verify(purpose, nil, sum[:]) || macs[sum] != (round == 1) {
				t.Fatalf("the MAC for %q is another's", purpose)
			}
			macs[sum] = true
		}
	}
	if n, m := len(own.aeads.by), len(own.macs.by); n > mostDerived || m > mostDerived || n == 0 || m == 0 {
		t.Errorf("%d and %d are remembered", n, m)
	}
}
