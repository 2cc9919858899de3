// Package mfa is the second factors of people: authenticator apps (TOTP), passkeys and security keys
// (WebAuthn), and recovery codes for when those are lost.
//
// The directory asks it whether a person needs one; the pages' door lets people set them up and show
// them. What it keeps is sealed or hashed, a code or an answer of a passkey counts once, and wrong ones
// are throttled. It knows no HTTP and no sessions: a ceremony is bound to a holder, a name of whatever
// the caller shows its page to.
package mfa

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/clock"
)

// MaxFactors is how many factors a person may have; MaxName the length of a factor's name in bytes.
const (
	MaxFactors = 10
	MaxName    = 60
)

// ceremony is how long an enrolment or a passkey's answer may take.
const ceremony = 10 * time.Minute

// Errors of all factors.
var (
	// ErrWrong: the code or the passkey's answer is not a good one. Why is in the audit log.
	ErrWrong = errors.New("that was not right")
	// ErrUsed: the code is right, but was used already.
	ErrUsed = errors.New("the code was used already")
	// ErrExpired: the enrolment or the question to the passkey is too old, or was answered already.
	ErrExpired = errors.New("the page is too old")
	// ErrLimit: there are MaxFactors already, or the device is registered already.
	ErrLimit = errors.New("too many devices, or this one is there already")
	// ErrNoPasskeys: browsers have none for the center's address, which is not a name.
	ErrNoPasskeys = errors.New("passkeys need an address with a name")
)

// ThrottledError says that there were too many wrong codes, and from when on another is looked at.
type ThrottledError struct{ Until time.Time }

// Error implements error.
func (e *ThrottledError) Error() string { return "too many wrong codes" }

// Recorder is the audit log.
type Recorder interface {
	Record(ctx context.Context, e store.AuditEvent) error
}

// Store is what this package needs of store.Store.
type Store interface {
	store.Factors
	store.Onces
	store.Throttles
	Instance(ctx context.Context) (store.Instance, error)
}

// Factors is the factors of everybody. It is safe for concurrent use.
type Factors struct {
	Store    Store
	Keys     *keyring.Ring
	Clock    clock.Clock
	Random   io.Reader // cryptographic
	Audit    Recorder
	Passkeys *webauthn.WebAuthn // nil where there can be none
}

// Need is what signing in asks of a person beyond the password.
type Need int

// Needs. Enrol is a person without a factor where everybody must have one.
const (
	NeedNothing Need = iota
	NeedFactor
	NeedEnrol
)

// Needs says what signing in asks of the person.
func (f *Factors) Needs(ctx context.Context, userID string) (Need, error) {
	inst, err := f.Store.Instance(ctx)
	if err != nil || inst.MFA == store.MFAOff {
		return NeedNothing, err
	}
	all, err := f.Store.FactorsOf(ctx, userID)
	switch {
	case err != nil:
		return NeedNothing, err
	case len(all) > 0:
		return NeedFactor, nil
	case inst.MFA == store.MFARequired:
		return NeedEnrol, nil
	}
	return NeedNothing, nil
}

// Has is a person's factors.
type Has struct {
	Factors       []store.Factor
	RecoveryCodes int // left
	Required      bool
}

// Kind reports whether a factor of that kind is among them.
func (h Has) Kind(k store.FactorKind) bool {
	for _, f := range h.Factors {
		if f.Kind == k {
			return true
		}
	}
	return false
}

// Of returns a person's factors.
func (f *Factors) Of(ctx context.Context, userID string) (Has, error) {
	var h Has
	inst, err := f.Store.Instance(ctx)
	if err == nil {
		h.Required = inst.MFA == store.MFARequired
		h.Factors, err = f.Store.FactorsOf(ctx, userID)
	}
	if err == nil {
		h.RecoveryCodes, err = f.Store.RecoveryCodes(ctx, userID)
	}
	return h, err
}

// Rename gives a factor another name. The error may be store.ErrNotFound.
func (f *Factors) Rename(ctx context.Context, userID, id, name string) error {
	return f.Store.RenameFactor(ctx, userID, id, cleanName(name, "Device"))
}

// Remove takes a factor away, also the last one: who must have one sets up another at the next sign-in.
func (f *Factors) Remove(ctx context.Context, userID, id string) error {
	if err := f.Store.RemoveFactor(ctx, userID, id); err != nil {
		return err
	}
	return f.record(ctx, "DeleteMfaDevice", "success", userID, map[string]string{"device": id})
}

// RemoveAll takes every factor and code of a person away, for an administrator.
func (f *Factors) RemoveAll(ctx context.Context, userID string) error {
	if err := f.Store.RemoveFactors(ctx, userID); err != nil {
		return err
	}
	return f.record(ctx, "DeleteMfaDevice", "success", userID, map[string]string{"device": "all"})
}

func (f *Factors) add(ctx context.Context, factor store.Factor) error {
	err := f.Store.AddFactor(ctx, factor, MaxFactors)
	if errors.Is(err, store.ErrConflict) {
		return ErrLimit
	} else if err != nil {
		return err
	}
	return f.record(ctx, "CreateMfaDevice", "success", factor.UserID, map[string]string{"device": factor.ID, "kind": string(factor.Kind)})
}

func (f *Factors) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(f.Random, b[:]); err != nil {
		return "", err
	}
	return "mfa-" + hex.EncodeToString(b[:]), nil
}

// cleanName is a name as it is kept. What a page makes of odd characters is its own business.
func cleanName(name, otherwise string) string {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if len(name) > MaxName {
		name = strings.ToValidUTF8(name[:MaxName], "")
	}
	if name == "" {
		return otherwise
	}
	return name
}

// Three codes in a million are good at a time. Whoever gets to try one knows the password, so that
// counting by person does not let strangers keep a person out. Wrong codes of a whole day count, or until a
// right one: some hundred can be tried in a day, of which one is right in eight years.
func personLimit() throttle.Limit {
	return throttle.Limit{Free: 10, Window: 24 * time.Hour, Block: time.Minute, MaxBlock: 15 * time.Minute}
}

func addressLimit() throttle.Limit {
	return throttle.Limit{Free: 30, Window: 10 * time.Minute, Block: time.Minute, MaxBlock: 15 * time.Minute}
}

// limited counts a try before it is made and takes it back if it turned out well.
func (f *Factors) limited(ctx context.Context, userID, what string, try func() error) error {
	t := throttle.Throttle{Store: f.Store, Clock: f.Clock}
	person, where := "mfa-user:"+userID, "mfa-ip:"+throttle.Network(request.FromContext(ctx).RemoteIP)
	until, err := t.Take(ctx, person, personLimit())
	if err != nil || !until.IsZero() {
		return errorOr(err, &ThrottledError{until})
	}
	if until, err = t.Take(ctx, where, addressLimit()); err != nil || !until.IsZero() {
		return errorOr(err, t.Return(ctx, person, personLimit()), &ThrottledError{until})
	}
	if err = try(); err != nil {
		return errorOr(f.record(ctx, "VerifyMfa", "wrong "+what, userID, nil), err)
	}
	return errorOr(f.Store.ClearThrottle(ctx, person), t.Return(ctx, where, addressLimit()))
}

func (f *Factors) record(ctx context.Context, name, outcome, userID string, detail map[string]string) error {
	return f.Audit.Record(ctx, store.AuditEvent{Name: name, Outcome: outcome, UserID: userID, Detail: detail})
}

func errorOr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sealedFor is the purpose of what is sealed for one person and kind, so that a record copied to
// somebody else's in the database opens for nobody.
func sealedFor(kind store.FactorKind, userID string) string {
	return fmt.Sprintf("mfa %s of %s", kind, userID)
}

// Renew returns a factor's secret as it is sealed now; nil if there is nothing to do. The error is that of
// [keyring.Ring.Renew].
func Renew(ring *keyring.Ring, kind store.FactorKind, userID string, sealed []byte) ([]byte, error) {
	return ring.Renew(sealedFor(kind, userID), sealed)
}
