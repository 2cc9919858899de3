package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// file is what keys.json holds.
type file struct {
	Keys []string   `json:"keys"`           // hex, newest first
	From *time.Time `json:"from,omitempty"` // when the newest begins to seal and sign; at once if it is not there
	// Until is when the others stopped to, by id. It has no key of which nobody knows.
	Until map[string]time.Time `json:"until,omitempty"`
}

// Load reads the ring from a file, or makes a new one there (mode 0600) when there is none. A file
// that others may read is refused.
func Load(path string) (*Ring, error) {
	h, err := read(path)
	if errors.Is(err, os.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, err
	}
	return newRing(rand.Reader, h), nil
}

func read(path string) (held, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return held{}, err
	}
	if st, err := os.Stat(path); err != nil {
		return held{}, err
	} else if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return held{}, fmt.Errorf("key file %s can be read by others (mode %04o): run chmod 600 on it", path, st.Mode().Perm())
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil || len(f.Keys) == 0 {
		return held{}, fmt.Errorf("key file %s is damaged: restore it from a backup, or remove it (which invalidates everything issued with it)", path)
	}
	var h held
	for i, s := range f.Keys {
		master, err := hex.DecodeString(s)
		if err != nil || len(master) != keySize {
			return held{}, fmt.Errorf("key file %s: key %d is not %d bytes of hex", path, i+1, keySize)
		}
		k, err := newKey(bytes.NewReader(master))
		if err != nil {
			return held{}, err
		}
		h.keys = append(h.keys, k)
	}
	if f.From != nil {
		h.from = *f.From
	}
	for i := range h.keys {
		h.keys[i].until = f.Until[h.keys[i].name()]
	}
	if len(h.keys) > 1 && h.keys[1].until.IsZero() {
		h.keys[1].until = h.from
	}
	return h, nil
}

// Follow reads the file again whenever it is another than before, looking every so often, until ctx is done. What
// cannot be read changes nothing. changed is told of either, by one call at a time.
func (r *Ring) Follow(ctx context.Context, path string, every time.Duration, changed func(error)) {
	before, _ := os.Stat(path) //nolint:errcheck // it was read a moment ago; and may have changed since
	if h, err := read(path); err == nil {
		r.held.Store(&h)
	}
	for r.clock.Sleep(ctx, every) == nil {
		now, err := os.Stat(path)
		if err == nil && before != nil && os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) && before.Size() == now.Size() {
			continue
		}
		if err != nil && before == nil {
			continue // it was said
		}
		if before = now; err != nil {
			before = nil
			changed(err)
			continue
		}
		h, err := read(path)
		if err == nil {
			r.held.Store(&h)
		}
		changed(err)
	}
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

func (r *Ring) write(path string, put func(made string) error) error {
	var f file
	h := r.held.Load()
	for _, k := range h.keys {
		f.Keys = append(f.Keys, hex.EncodeToString(k.master))
		if !k.until.IsZero() {
			if f.Until == nil {
				f.Until = map[string]time.Time{}
			}
			f.Until[k.name()] = k.until
		}
	}
	if !h.from.IsZero() {
		f.From = &h.from
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
	if err := errors.Join(err, keepOwner(tmp, path), tmp.Sync(), tmp.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	if err := put(tmp.Name()); err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return nil
}
