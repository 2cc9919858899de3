package webidentity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keyfob/internal/clock"
)

const (
	// fresh is how long fetched keys are used without asking again: a withdrawn key is good no longer.
	fresh = 5 * time.Minute
	// stale is how much longer they are used while the issuer cannot be reached.
	stale = time.Hour
	// patience is the least time between two fetches, also of tokens with unknown key ids, which
	// strangers may send.
	patience = 30 * time.Second

	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192
)

// errUnreachable: the issuer's keys could not be fetched.
var errUnreachable = errors.New("the issuer's keys cannot be fetched")

// CheckKeys reports what is wrong with a key set (RFC 7517): nil if at least one key in it can verify a
// token. Private and symmetric keys are refused whatever else there is: they do not belong into a file
// that says "public".
func CheckKeys(jwks []byte) error {
	_, err := readKeys(jwks)
	return err
}

// readKeys returns the keys that can verify tokens. Keys for other algorithms or uses are left out,
// as RFC 7517 section 5 wants.
func readKeys(jwks []byte) ([]jose.JSONWebKey, error) {
	// One by one, because go-jose refuses the whole set for one key it does not know.
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		return nil, errors.New("it is not a JSON Web Key Set")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("it has more than %d keys", maxKeys)
	}
	var usable []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(raw); err != nil {
			continue
		}
		if !k.IsPublic() {
			return nil, errors.New("it has a private or symmetric key in it: only public keys belong there")
		}
		if algorithm(k) != "" {
			usable = append(usable, k)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("it has no RSA key of %d bits or more and no P-256 key for signatures", minRSABits)
	}
	return usable, nil
}

// algorithm is the one algorithm a key may be used with, "" if none. It follows from the key, never
// from a token: that is what keeps an RSA key from being taken for an HMAC secret.
func algorithm(k jose.JSONWebKey) jose.SignatureAlgorithm {
	var alg jose.SignatureAlgorithm
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= minRSABits && bits <= maxRSABits {
			alg = jose.RS256
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			alg = jose.ES256
		}
	}
	if k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != string(alg) {
		return ""
	}
	return alg
}

// fetched are the keys that were fetched from a URL, by URL. The zero value is empty.
type fetched struct {
	mu   sync.Mutex
	sets map[string]*fetchedSet
}

type fetchedSet struct {
	mu      sync.Mutex // held while fetching
	asked   time.Time
	current atomic.Pointer[keysAt]
}

type keysAt struct {
	keys []jose.JSONWebKey
	at   time.Time
}

// get returns the keys at the URL, fetching them if they are old, or if known says that what there is
// does not do.
func (f *fetched) get(ctx context.Context, c clock.Clock, fetch Fetch, url string, known func([]jose.JSONWebKey) bool) ([]jose.JSONWebKey, error) {
	f.mu.Lock()
	if f.sets == nil {
		f.sets = map[string]*fetchedSet{}
	}
	s := f.sets[url]
	if s == nil {
		s = &fetchedSet{}
		f.sets[url] = s
	}
	f.mu.Unlock()

	good := func() *keysAt {
		if k := s.current.Load(); k != nil && c.Now().Sub(k.at) < fresh && known(k.keys) {
			return k
		}
		return nil
	}
	if k := good(); k != nil {
		return k.keys, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := good(); k != nil { // somebody else has fetched them meanwhile
		return k.keys, nil
	}
	var failed error
	if now := c.Now(); s.asked.IsZero() || now.Sub(s.asked) >= patience {
		s.asked = now
		b, err := fetch(ctx, url)
		var keys []jose.JSONWebKey
		if err == nil {
			keys, err = readKeys(b)
		}
		if err == nil {
			s.current.Store(&keysAt{keys, now})
			return keys, nil
		}
		failed = err
	}
	if k := s.current.Load(); k != nil && c.Now().Sub(k.at) < fresh+stale {
		return k.keys, nil
	}
	if failed == nil {
		failed = errors.New("they could not be a moment ago")
	}
	return nil, fmt.Errorf("%w: %w", errUnreachable, failed)
}
