// Package reseal seals anew what a center keeps sealed for good: people's second factors, and the access keys and
// devices of service users. After that nothing in the store needs the keys from before.
//
// The command keyfob-center runs it when a key is retired, while centers run. It knows what each package seals and
// nothing of what is in it.
package reseal

import (
	"context"
	"errors"
	"fmt"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
)

// Result counts secrets.
type Result struct {
	All    int
	Anew   int // sealed anew, or in need of it
	Closed int // no key of the ring opens these; they stay as they are
}

const (
	batch = 500 // in a transaction
	most  = 10  // rounds, before something is wrong
)

// All seals with the key that seals now what another one has sealed. It may be interrupted and run again at any
// time. What is added or changed meanwhile is found as well: it ends when there is nothing more to do.
func All(ctx context.Context, s store.Seals, keys *keyring.Ring) (Result, error) {
	done := 0
	for range most {
		r, err := round(ctx, s, keys, func(all []store.Resealed) error {
			n, err := s.Reseal(ctx, all)
			done += n
			return err
		})
		if err != nil || r.Anew == 0 {
			r.Anew = done
			return r, err
		}
	}
	return Result{}, errors.New("secrets are sealed with an old key again and again: a center has another keys.json")
}

// Count is [All] that changes nothing.
func Count(ctx context.Context, s store.Seals, keys *keyring.Ring) (Result, error) {
	return round(ctx, s, keys, func([]store.Resealed) error { return nil })
}

// round goes through everything once.
func round(ctx context.Context, s store.Seals, keys *keyring.Ring, put func([]store.Resealed) error) (r Result, err error) {
	for after := (store.Sealed{}); ; {
		page, err := s.Sealed(ctx, after, batch)
		if err != nil || len(page) == 0 {
			return r, err
		}
		var anew []store.Resealed
		for _, one := range page {
			b, err := renew(keys, one)
			switch {
			case errors.Is(err, keyring.ErrOpen):
				r.Closed++
			case err != nil:
				return r, fmt.Errorf("%s %s: %w", one.Kind, one.ID, err)
			case b != nil:
				anew = append(anew, store.Resealed{Sealed: one, Anew: b})
			}
		}
		if len(anew) > 0 {
			if err := put(anew); err != nil {
				return r, err
			}
		}
		r.All += len(page)
		r.Anew += len(anew)
		after = page[len(page)-1]
	}
}

func renew(keys *keyring.Ring, s store.Sealed) ([]byte, error) {
	if s.Kind == store.SealedFactor {
		return mfa.Renew(keys, s.Factor, s.UserID, s.Secret)
	}
	return rolecreds.RenewSecret(keys, s.Secret)
}
