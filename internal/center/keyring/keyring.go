// Package keyring holds the center's own keys: what seals session tokens and signs form values. They
// live in a file of their own, so that a copy of the database alone forges nothing.
//
// The command keyfob-center opens the ring; rules and doors seal and sign with it, naming a purpose,
// which gives each use a key of its own (HKDF, RFC 5869).
package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"keyfob/internal/clock"
)

const (
	keySize = 32
	idSize  = 4
)

// ErrOpen is returned for a sealed value that this ring did not seal for that purpose, or that was
// altered.
var ErrOpen = errors.New("not sealed by this center")

// Ring is a list of master keys. The first one seals and signs; the others still open and verify, so
// that keys can be changed without ending everything issued. A new first key may begin to seal later, so that
// by then every center knows it. A Ring is safe for concurrent use.
type Ring struct {
	held   atomic.Pointer[held]
	random io.Reader
	clock  clock.Clock
}

// held is what a ring has at a time. It does not change.
type held struct {
	keys []key
	from time.Time // when the first one begins to seal and sign; until then the second does
}

func newRing(random io.Reader, h held) *Ring {
	r := &Ring{random: random, clock: clock.System{}}
	r.held.Store(&h)
	return r
}

func (r *Ring) keys() []key { return r.held.Load().keys }

// sealing is the key that seals and signs now.
func (r *Ring) sealing() key {
	h := r.held.Load()
	if len(h.keys) > 1 && r.clock.Now().Before(h.from) {
		return h.keys[1]
	}
	return h.keys[0]
}

type key struct {
	id     [idSize]byte
	master []byte
	until  time.Time // when it stopped to seal and sign, or will; zero if it has not, or nobody knows
	macs   *derived[[]byte]
	aeads  *derived[cipher.AEAD]
}

// derived remembers what was made for a purpose: it costs more than what it is then used for.
type derived[V any] struct {
	mu sync.RWMutex
	by map[string]V
}

// mostDerived: the program has a few dozen purposes, and one more for each person with a second factor.
const mostDerived = 256

func (d *derived[V]) get(purpose string, derive func() V) V {
	d.mu.RLock()
	v, ok := d.by[purpose]
	d.mu.RUnlock()
	if ok {
		return v
	}
	v = derive()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.by) >= mostDerived || d.by == nil {
		d.by = map[string]V{}
	}
	d.by[purpose] = v
	return v
}

// New makes a ring of one new key. random must be a cryptographic source.
func New(random io.Reader) (*Ring, error) {
	k, err := newKey(random)
	if err != nil {
		return nil, err
	}
	return newRing(random, held{keys: []key{k}}), nil
}

func newKey(random io.Reader) (key, error) {
	k := key{master: make([]byte, keySize), macs: &derived[[]byte]{}, aeads: &derived[cipher.AEAD]{}}
	if _, err := io.ReadFull(random, k.master); err != nil {
		return key{}, err
	}
	sum := sha256.Sum256(append([]byte("keyfob key id\x00"), k.master...))
	copy(k.id[:], sum[:])
	return k, nil
}

// Rotated returns a ring with a new first key in front of r's, which begins to seal and sign at from.
func (r *Ring) Rotated(from time.Time) (*Ring, error) {
	k, err := newKey(r.random)
	if err != nil {
		return nil, err
	}
	from = from.UTC().Truncate(time.Second)
	now := r.sealing() // behind the new one, in whose place it stays until then
	others := slices.DeleteFunc(slices.Clone(r.keys()), func(k key) bool { return k.id == now.id })
	for i := range others {
		if others[i].until.IsZero() {
			others[i].until = from // or earlier
		}
	}
	now.until = from
	keys := append([]key{k, now}, others...)
	return newRing(r.random, held{keys, from}), nil
}

// IDs names the keys, the newest first, which tells nothing of them, and which of them seals and signs now. Until
// another begins to, from is when that is; else it is zero.
func (r *Ring) IDs() (ids []string, sealing string, from time.Time) {
	h, now := r.held.Load(), r.sealing()
	for _, k := range h.keys {
		ids = append(ids, k.name())
	}
	if now.id != h.keys[0].id {
		from = h.from
	}
	return ids, now.name(), from
}

func (k key) name() string { return hex.EncodeToString(k.id[:]) }

// derive gives a purpose its own key.
func (k key) derive(purpose string) []byte {
	d, err := hkdf.Key(sha256.New, k.master, nil, "keyfob-center "+purpose, keySize)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return d
}

// MAC returns the HMAC-SHA-256 of data under the key that signs now.
func (r *Ring) MAC(purpose string, data []byte) [sha256.Size]byte {
	return r.sealing().mac(purpose, data)
}

func (k key) mac(purpose string, data []byte) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, k.macs.get(purpose, func() []byte { return k.derive("mac " + purpose) }))
	m.Write(data)
	m.Sum(sum[:0])
	return sum
}

// Verify reports in constant time whether mac is the HMAC of data under any key of the ring.
func (r *Ring) Verify(purpose string, data, mac []byte) bool {
	ok := false
	for _, k := range r.keys() {
		want := k.mac(purpose, data)
		if hmac.Equal(want[:], mac) {
			ok = true
		}
	}
	return ok
}

// Seal encrypts and authenticates plaintext (AES-256-GCM), binding it to the purpose. The result
// starts with the id of the key.
func (r *Ring) Seal(purpose string, plaintext []byte) ([]byte, error) {
	k := r.sealing()
	aead := k.aead(purpose)
	out := make([]byte, idSize+aead.NonceSize(), idSize+aead.NonceSize()+len(plaintext)+aead.Overhead())
	copy(out, k.id[:])
	if _, err := io.ReadFull(r.random, out[idSize:]); err != nil {
		return nil, err
	}
	return aead.Seal(out, out[idSize:], plaintext, k.id[:]), nil // #nosec G407 -- the nonce was read into it just now
}

// Open is the reverse of [Ring.Seal]; it returns [ErrOpen] for anything Seal did not make.
func (r *Ring) Open(purpose string, sealed []byte) ([]byte, error) {
	for _, k := range r.keys() {
		if !bytes.HasPrefix(sealed, k.id[:]) {
			continue
		}
		aead := k.aead(purpose)
		rest := sealed[idSize:]
		if len(rest) < aead.NonceSize() {
			break
		}
		plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], k.id[:])
		if err != nil {
			break
		}
		return plain, nil
	}
	return nil, ErrOpen
}

func (k key) aead(purpose string) cipher.AEAD {
	return k.aeads.get(purpose, func() cipher.AEAD {
		b, err := aes.NewCipher(k.derive("seal " + purpose))
		if err != nil {
			panic(err) // only for a key of another length
		}
		aead, err := cipher.NewGCM(b)
		if err != nil {
			panic(err) // only for a cipher that is not AES
		}
		return aead
	})
}
