package mfa

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// What every authenticator app has (RFC 6238): SHA-1, six digits, half a minute.
const (
	step    = 30 * time.Second
	digits  = otp.DigitsSix
	keySize = 20 // bytes: as long as the hash (RFC 4226 section 4)
)

// App is an authenticator app that is being set up.
type App struct {
	Secret wire.Secret // base 32, to type
	URI    wire.Secret // otpauth:, to scan
	State  string      // to give back to AddApp; it holds the secret, sealed for this holder
}

type appState struct {
	Secret wire.Secret `json:"s"`
	Holder string      `json:"h"`
	At     time.Time   `json:"t"`
}

const appPurpose = "mfa app enrolment"

// NewApp begins to set up an app. Nothing is kept until AddApp has seen a code of it.
func (f *Factors) NewApp(ctx context.Context, u store.User, holder string) (App, error) {
	inst, err := f.Store.Instance(ctx)
	if err != nil {
		return App{}, err
	}
	var key [keySize]byte
	if _, err := io.ReadFull(f.Random, key[:]); err != nil {
		return App{}, err
	}
	return f.app(inst, u, appState{wire.Secret(base32.StdEncoding.EncodeToString(key[:])), holder, f.Clock.Now()})
}

// SameApp returns the app of a State again, for a page whose first code was wrong.
func (f *Factors) SameApp(ctx context.Context, u store.User, holder, state string) (App, error) {
	inst, err := f.Store.Instance(ctx)
	if err != nil {
		return App{}, err
	}
	s, err := f.openApp(holder, state)
	if err != nil {
		return App{}, err
	}
	return f.app(inst, u, s)
}

func (f *Factors) app(inst store.Instance, u store.User, s appState) (App, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return App{}, err
	}
	sealed, err := f.Keys.Seal(appPurpose, plain)
	if err != nil {
		return App{}, err
	}
	// A colon ends the issuer's part of a label.
	issuer, name := strings.ReplaceAll(inst.Name, ":", " "), strings.ReplaceAll(u.Name, ":", " ")
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name}
	uri.RawQuery = strings.ReplaceAll(url.Values{"secret": {s.Secret.Reveal()}, "issuer": {issuer}}.Encode(), "+", "%20")
	return App{s.Secret, wire.Secret(uri.String()), base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

func (f *Factors) openApp(holder, state string) (appState, error) {
	var s appState
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil {
		return s, ErrExpired
	}
	plain, err := f.Keys.Open(appPurpose, sealed)
	if err != nil || json.Unmarshal(plain, &s) != nil || s.Holder != holder || f.Clock.Now().Sub(s.At) >= ceremony {
		return s, ErrExpired
	}
	return s, nil
}

// AddApp keeps the app of a State once the person has shown a code of it. Errors are [ErrWrong],
// [ErrExpired], [ErrLimit], a *[ThrottledError], or the store's.
func (f *Factors) AddApp(ctx context.Context, u store.User, holder, state, code, name string) error {
	s, err := f.openApp(holder, state)
	if err != nil {
		return err
	}
	return f.limited(ctx, u.ID, "code", func() error {
		now, err := f.counter(s.Secret, code, 0)
		if err != nil {
			return err
		}
		id, err := f.newID()
		if err != nil {
			return err
		}
		sealed, err := f.Keys.Seal(sealedFor(store.FactorTOTP, u.ID), []byte(s.Secret.Reveal()))
		if err != nil {
			return err
		}
		return f.add(ctx, store.Factor{
			// Two of one secret would make every code good twice.
			ID: id, UserID: u.ID, Kind: store.FactorTOTP, Name: cleanName(name, "Authenticator app"), Secret: sealed,
			Credential: store.Hash(f.Keys.MAC(appPurpose, []byte(s.Secret.Reveal()))), Counter: now, CreatedAt: f.Clock.Now(),
		})
	})
}

// counter finds the time step of a code: this one, the one before, or the one after, and later than
// last. The error is [ErrWrong] or [ErrUsed].
func (f *Factors) counter(secret wire.Secret, code string, last int64) (int64, error) {
	now := f.Clock.Now().Unix() / int64(step.Seconds())
	found := int64(-1)
	for _, c := range []int64{now + 1, now - 1, now} {
		want, err := hotp.GenerateCodeCustom(secret.Reveal(), uint64(c), hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1}) // #nosec G115 -- the time is after 1970
		if err != nil {
			return 0, fmt.Errorf("secret of an authenticator app: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = c
		}
	}
	switch {
	case found < 0:
		return 0, ErrWrong
	case found <= last:
		return 0, ErrUsed
	}
	return found, nil
}

// CheckCode checks what a person typed: a code of one of their apps, or a recovery code, which is
// thereby used up; how says which. Errors are [ErrWrong], [ErrUsed], a *[ThrottledError], or the store's.
func (f *Factors) CheckCode(ctx context.Context, userID, typed string) (how string, err error) {
	code := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, typed)
	err = f.limited(ctx, userID, "code", func() error {
		if len(code) != digits.Length() {
			how = "recovery code"
			return f.useRecoveryCode(ctx, userID, code)
		}
		how = "authenticator app"
		return f.useApp(ctx, userID, code)
	})
	return how, err
}

func (f *Factors) useApp(ctx context.Context, userID, code string) error {
	all, err := f.Store.FactorsOf(ctx, userID)
	if err != nil {
		return err
	}
	worst := ErrWrong
	for _, factor := range all {
		if factor.Kind != store.FactorTOTP {
			continue
		}
		secret, err := f.Keys.Open(sealedFor(store.FactorTOTP, userID), factor.Secret)
		if err != nil {
			return fmt.Errorf("device %s: %w", factor.ID, err)
		}
		now, err := f.counter(wire.Secret(secret), code, factor.Counter)
		if err == nil {
			err = f.Store.UseFactor(ctx, factor.ID, now, f.Clock.Now())
			if errors.Is(err, store.ErrConflict) { // somebody was quicker
				err = ErrUsed
			}
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrUsed):
			worst = ErrUsed
		case !errors.Is(err, ErrWrong):
			return err
		}
	}
	return worst
}
