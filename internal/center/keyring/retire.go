package keyring

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Until is when the key of that id stopped to seal and sign, or will. It is zero for one that goes on, and for one
// of which nobody knows: files of earlier versions do not say.
func (r *Ring) Until(id string) time.Time {
	for _, k := range r.keys() {
		if k.name() == id {
			return k.until
		}
	}
	return time.Time{}
}

// Renew returns what [Ring.Seal] makes now of what another key has sealed for that purpose, and nil if it is sealed
// with the key that seals now. The error is [ErrOpen] for what no key opens.
func (r *Ring) Renew(purpose string, sealed []byte) ([]byte, error) {
	plain, err := r.Open(purpose, sealed)
	if now := r.sealing(); err != nil || bytes.HasPrefix(sealed, now.id[:]) {
		return nil, err
	}
	return r.Seal(purpose, plain)
}

// Without returns a ring that lacks keys of r: it opens and verifies nothing of theirs any more. The key that
// seals now, and one that will, cannot be taken away.
func (r *Ring) Without(ids ...string) (*Ring, error) {
	h, now := r.held.Load(), r.sealing()
	for _, id := range ids {
		if id == now.name() || id == h.keys[0].name() {
			return nil, fmt.Errorf("key %s is in use", id)
		}
	}
	left := slices.DeleteFunc(slices.Clone(h.keys), func(k key) bool { return slices.Contains(ids, k.name()) })
	return newRing(r.random, held{left, h.from}), nil
}
