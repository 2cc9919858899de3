package mfa

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// NewPasskeys returns what checks passkeys for a center at base, or nil when browsers would not have
// any: the address has no name, or is neither https nor localhost.
func NewPasskeys(base *url.URL, name string) (*webauthn.WebAuthn, error) {
	host := base.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || base.Scheme != "https" && host != "localhost" {
		return nil, nil
	}
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			// Discoverable if it can be, so that it may also sign in by itself; the person's presence is
			// never enough, as a stolen security key must not be.
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired,
		},
	})
}

// Question is what a browser hands to a passkey.
type Question struct {
	Options string      // JSON: PublicKeyCredentialCreationOptionsJSON or …RequestOptionsJSON
	State   wire.Secret // to give back with the answer, sealed for this holder; good once
}

type passkeyState struct {
	Session webauthn.SessionData `json:"s"`
	Holder  string               `json:"h"`
	At      time.Time            `json:"t"`
}

// What a state may be used for.
const (
	toEnrol  = "mfa passkey enrolment"
	toVerify = "mfa passkey check"
	toSignIn = "mfa passkey sign-in"
)

func (f *Factors) question(purpose, holder string, options any, s *webauthn.SessionData) (Question, error) {
	o, err := json.Marshal(options)
	if err != nil {
		return Question{}, err
	}
	plain, err := json.Marshal(passkeyState{*s, holder, f.Clock.Now()})
	if err != nil {
		return Question{}, err
	}
	sealed, err := f.Keys.Seal(purpose, plain)
	return Question{string(o), wire.Secret(base64.RawURLEncoding.EncodeToString(sealed))}, err
}

// answered opens a state, once: a challenge that was answered, rightly or wrongly, is spent.
func (f *Factors) answered(ctx context.Context, purpose, holder string, state wire.Secret) (s webauthn.SessionData, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(state.Reveal())
	if err != nil {
		return s, ErrExpired
	}
	plain, err := f.Keys.Open(purpose, sealed)
	var in passkeyState
	if err != nil || json.Unmarshal(plain, &in) != nil || in.Holder != holder || f.Clock.Now().Sub(in.At) >= ceremony {
		return s, ErrExpired
	}
	err = f.Store.UseOnce(ctx, store.HashSecret(wire.Secret("passkey "+in.Session.Challenge)), in.At.Add(2*ceremony))
	if errors.Is(err, store.ErrConflict) {
		err = ErrExpired
	}
	return in.Session, err
}

// person is somebody as the library sees them.
type person struct {
	store.User
	credentials []webauthn.Credential
}

func (p person) WebAuthnID() []byte                         { return []byte(p.ID) }
func (p person) WebAuthnName() string                       { return p.Name }
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }
func (p person) WebAuthnDisplayName() string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.Name
}

func (f *Factors) person(ctx context.Context, u store.User) (person, error) {
	all, err := f.Store.FactorsOf(ctx, u.ID)
	p := person{User: u}
	for _, factor := range all {
		if factor.Kind != store.FactorPasskey {
			continue
		}
		c, err := f.credential(factor)
		if err != nil {
			return p, err
		}
		p.credentials = append(p.credentials, c)
	}
	return p, err
}

func (f *Factors) credential(factor store.Factor) (c webauthn.Credential, err error) {
	plain, err := f.Keys.Open(sealedFor(store.FactorPasskey, factor.UserID), factor.Secret)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil {
		return c, fmt.Errorf("device %s: %w", factor.ID, err)
	}
	c.Authenticator.SignCount = uint32(factor.Counter) // #nosec G115 -- it was kept from one
	return c, nil
}

func credentialHash(id []byte) store.Hash { return store.HashSecret(wire.Secret(id)) }

// NewPasskey asks for a new passkey.
func (f *Factors) NewPasskey(ctx context.Context, u store.User, holder string) (Question, error) {
	if f.Passkeys == nil {
		return Question{}, ErrNoPasskeys
	}
	p, err := f.person(ctx, u)
	if err != nil {
		return Question{}, err
	}
	var known []protocol.CredentialDescriptor
	for _, c := range p.credentials {
		known = append(known, c.Descriptor())
	}
	options, s, err := f.Passkeys.BeginRegistration(p, webauthn.WithExclusions(known))
	if err != nil {
		return Question{}, err
	}
	return f.question(toEnrol, holder, options.Response, s)
}

// AddPasskey keeps the passkey that answered NewPasskey. Errors are [ErrWrong], [ErrExpired],
// [ErrLimit], or the store's.
func (f *Factors) AddPasskey(ctx context.Context, u store.User, holder string, state wire.Secret, answer, name string) error {
	if f.Passkeys == nil {
		return ErrNoPasskeys
	}
	s, err := f.answered(ctx, toEnrol, holder, state)
	if err != nil {
		return err
	}
	var c *webauthn.Credential
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err == nil {
		c, err = f.Passkeys.CreateCredential(person{User: u}, s, parsed)
	}
	if err != nil {
		return errorOr(f.record(ctx, "CreateMfaDevice", "passkey refused", u.ID, nil), fmt.Errorf("%w: %w", ErrWrong, err))
	}
	id, err := f.newID()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sealed, err := f.Keys.Seal(sealedFor(store.FactorPasskey, u.ID), plain)
	if err != nil {
		return err
	}
	return f.add(ctx, store.Factor{
		ID: id, UserID: u.ID, Kind: store.FactorPasskey, Name: cleanName(name, "Passkey"), Secret: sealed, Credential: credentialHash(c.ID),
		Counter: int64(c.Authenticator.SignCount), CreatedAt: f.Clock.Now(),
	})
}

// AskPasskey asks for one of the person's passkeys.
func (f *Factors) AskPasskey(ctx context.Context, u store.User, holder string) (Question, error) {
	if f.Passkeys == nil {
		return Question{}, ErrNoPasskeys
	}
	p, err := f.person(ctx, u)
	if err != nil {
		return Question{}, err
	}
	options, s, err := f.Passkeys.BeginLogin(p, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, err
	}
	return f.question(toVerify, holder, options.Response, s)
}

// CheckPasskey checks the answer to AskPasskey. Errors are [ErrWrong], [ErrExpired], a
// *[ThrottledError], or the store's.
func (f *Factors) CheckPasskey(ctx context.Context, u store.User, holder string, state wire.Secret, answer string) error {
	if f.Passkeys == nil {
		return ErrNoPasskeys
	}
	return f.limited(ctx, u.ID, "passkey", func() error {
		s, err := f.answered(ctx, toVerify, holder, state)
		if err != nil {
			return err
		}
		p, err := f.person(ctx, u)
		if err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
		c, err := f.Passkeys.ValidateLogin(p, s, parsed)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
		return f.use(ctx, u.ID, c)
	})
}

// use moves the signature counter on: one that stands still or goes back is a copy of the key.
func (f *Factors) use(ctx context.Context, userID string, c *webauthn.Credential) error {
	factor, err := f.Store.FactorByCredential(ctx, credentialHash(c.ID))
	if err != nil {
		return err
	}
	err = ErrWrong
	if factor.UserID == userID && !c.Authenticator.CloneWarning {
		err = f.Store.UseFactor(ctx, factor.ID, int64(c.Authenticator.SignCount), f.Clock.Now())
	}
	if errors.Is(err, store.ErrConflict) {
		err = ErrWrong
	}
	if errors.Is(err, ErrWrong) {
		return errorOr(f.record(ctx, "VerifyMfa", "signature counter went back", userID, map[string]string{"device": factor.ID}), err)
	}
	return err
}

// AskAnyPasskey asks for a passkey of anybody, for signing in without a name and password.
func (f *Factors) AskAnyPasskey(holder string) (Question, error) {
	if f.Passkeys == nil {
		return Question{}, ErrNoPasskeys
	}
	options, s, err := f.Passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, err
	}
	return f.question(toSignIn, holder, options.Response, s)
}

// CheckAnyPasskey checks the answer to AskAnyPasskey and returns whose passkey it is. As the passkey
// has verified its person, it stands for both factors. Errors are [ErrWrong], [ErrExpired], or the
// store's; which answer is wrong is found by no guessing, so nothing is throttled.
func (f *Factors) CheckAnyPasskey(ctx context.Context, holder string, state wire.Secret, answer string, users func(ctx context.Context, id string) (store.User, error)) (store.User, error) {
	if f.Passkeys == nil {
		return store.User{}, ErrNoPasskeys
	}
	s, err := f.answered(ctx, toSignIn, holder, state)
	if err != nil {
		return store.User{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return store.User{}, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	var whose person
	c, err := f.Passkeys.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		u, err := users(ctx, string(handle))
		if err != nil {
			return nil, err
		}
		whose, err = f.person(ctx, u)
		return whose, err
	}, s, parsed)
	if err != nil {
		return store.User{}, fmt.Errorf("%w: %w", ErrWrong, err)
	}
	return whose.User, f.use(ctx, whose.ID, c)
}
