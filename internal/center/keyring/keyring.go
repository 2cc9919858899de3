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
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

const (
	keySize = 32
	idSize  = 4
)

// ErrOpen is returned for a sealed value that this ring did not seal for that purpose, or that was
// altered.
var ErrOpen = errors.New("not sealed by this center")

// Ring is a list of master keys. The first one seals and signs; the others still open and verify, so
// that keys can be changed without ending everything issued. A Ring is safe for concurrent use.
type Ring struct {
	keys   []key
	random io.Reader
}

type key struct {
	id     [idSize]byte
	master []byte
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
	return &Ring{keys: []key{k}, random: random}, nil
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

// Rotated returns a ring with a new first key in front of r's.
func (r *Ring) Rotated() (*Ring, error) {
	k, err := newKey(r.random)
	if err != nil {
		return nil, err
	}
	return &Ring{keys: append([]key{k}, r.keys...), random: r.random}, nil
}

type file struct {
	Keys []string `json:"keys"` // hex, newest first
}

// Load reads the ring from a file, or makes a new one there (mode 0600) when there is none. A file
// that others may read is refused.
func Load(path string) (*Ring, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others (mode %04o): run chmod 600 on it", path, st.Mode().Perm())
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil || len(f.Keys) == 0 {
		return nil, fmt.Errorf("key file %s is damaged: restore it from a backup, or remove it (which invalidates everything issued with it)", path)
	}
	r := &Ring{random: rand.Reader}
	for i, s := range f.Keys {
		master, err := hex.DecodeString(s)
		if err != nil || len(master) != keySize {
			return nil, fmt.Errorf("key file %s: key %d is not %d bytes of hex", path, i+1, keySize)
		}
		k, err := newKey(bytes.NewReader(master))
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func create(path string) (*Ring, error) {
	r, err := New(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := r.Save(path); errors.Is(err, os.ErrExist) {
		return Load(path) // another process was quicker
	} else if err != nil {
		return nil, err
	}
	return r, nil
}

// Save writes the ring to a new file; it fails with [os.ErrExist] when there is one.
func (r *Ring) Save(path string) error {
	// Written beside and then linked, so that nobody ever reads half a file.
	return r.write(path, func(made string) error {
		defer os.Remove(made) //nolint:errcheck // best effort
		return os.Link(made, path)
	})
}

// Replace writes the ring in the place of a file, in one step.
func (r *Ring) Replace(path string) error {
	return r.write(path, func(made string) error { return os.Rename(made, path) })
}

func (r *Ring) write(path string, put func(made string) error) error {
	var f file
	for _, k := range r.keys {
		f.Keys = append(f.Keys, hex.EncodeToString(k.master))
	}
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(b, '\n'))
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	if err := put(tmp.Name()); err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return nil
}

// IDs names the keys, the one that seals and signs first. They tell nothing of the keys.
func (r *Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = hex.EncodeToString(k.id[:])
	}
	return ids
}

// derive gives a purpose its own key.
func (k key) derive(purpose string) []byte {
	d, err := hkdf.Key(sha256.New, k.master, nil, "keyfob-center "+purpose, keySize)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return d
}

// MAC returns the HMAC-SHA-256 of data under the newest key.
func (r *Ring) MAC(purpose string, data []byte) [sha256.Size]byte {
	return r.keys[0].mac(purpose, data)
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
	for _, k := range r.keys {
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
	k := r.keys[0]
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
	for _, k := range r.keys {
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
