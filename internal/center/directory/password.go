package directory

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"keyfob/internal/wire"
)

// Length of a password in bytes, once normalised.
const (
	MinPassword = 8
	MaxPassword = 1024
)

// ErrPassword is wrapped by every refusal of a new password.
var ErrPassword = errors.New("unsuitable password")

// Hasher hashes passwords with argon2id. Each hash takes 19 MiB and some 50 ms of a core, so only
// so many run at once; the others wait, and leave the queue when their context ends. It is safe for
// concurrent use.
type Hasher struct {
	slots  chan struct{}
	params argon2id.Params
	dummy  string
}

// NewHasher returns a hasher that runs at most atOnce hashes at a time.
func NewHasher(atOnce int) *Hasher {
	h := &Hasher{slots: make(chan struct{}, max(1, atOnce))}
	// OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
	h.params = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	// Nobody's hash, with the parameters of everybody's: no password is known to give 32 zero bytes.
	h.dummy = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.params.Memory, h.params.Iterations, h.params.Parallelism,
		strings.Repeat("A", 22), strings.Repeat("A", 43))
	return h
}

// Hash returns the PHC string of a new password. The error wraps [ErrPassword], or is ctx's.
func (h *Hasher) Hash(ctx context.Context, password wire.Secret) (string, error) {
	p, err := normalise(password)
	if err != nil {
		return "", err
	}
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return argon2id.CreateHash(p, &h.params)
}

// Verify reports whether the password is the one that the PHC string was made from, and whether that
// string was made with weaker parameters than today's. It always computes one hash, also for a
// password that is too long and for a string that is empty or no hash, which match nothing. The
// error is ctx's.
func (h *Hasher) Verify(ctx context.Context, password wire.Secret, phc string) (ok, weak bool, err error) {
	p, err := normalise(password)
	known := err == nil
	params, good := h.readable(phc)
	if !known || !good {
		p, phc, known = "", h.dummy, false
	}
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	match, _, err := argon2id.CheckHash(p, phc)
	if err != nil || !match || !known {
		return false, false, nil
	}
	return true, params.Memory < h.params.Memory || params.Iterations < h.params.Iterations ||
		params.SaltLength < h.params.SaltLength || params.KeyLength < h.params.KeyLength, nil
}

// readable guards the library, which would panic on t=0, allocate whatever m says, and find two
// empty keys equal. A hash may come from a seed file.
func (h *Hasher) readable(phc string) (argon2id.Params, bool) {
	if len(phc) > 1024 {
		return argon2id.Params{}, false
	}
	p, _, _, err := argon2id.DecodeHash(phc)
	if err != nil || p.Iterations < 1 || p.Iterations > 16 || p.Memory > 256*1024 || p.Parallelism < 1 || p.Parallelism > 16 ||
		p.SaltLength < 8 || p.KeyLength < 16 {
		return argon2id.Params{}, false
	}
	return *p, true
}

func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *Hasher) leave() { <-h.slots }

// normalise gives the form that is hashed: two keyboards may send one letter in two ways (NFKC).
// Nothing is cut off.
func normalise(password wire.Secret) (string, error) {
	raw := password.Reveal()
	if len(raw) > MaxPassword {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrPassword, MaxPassword)
	}
	if !utf8.ValidString(raw) {
		return "", fmt.Errorf("%w: not UTF-8", ErrPassword)
	}
	p := norm.NFKC.String(raw)
	switch {
	case len(p) < MinPassword:
		return "", fmt.Errorf("%w: shorter than %d bytes", ErrPassword, MinPassword)
	case len(p) > MaxPassword:
		return "", fmt.Errorf("%w: longer than %d bytes", ErrPassword, MaxPassword)
	}
	return p, nil
}

// NewPassword makes a password of 100 random bits that can be read out over a telephone:
// "k3xqa-…-…-…" in Crockford's base 32, which has no i, l, o or u.
func NewPassword(random io.Reader) (wire.Secret, error) {
	var b [13]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	s := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(b[:])
	return wire.Secret(s[:5] + "-" + s[5:10] + "-" + s[10:15] + "-" + s[15:20]), nil
}
