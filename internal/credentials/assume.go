package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// AssumedRole names what STS is asked for. All fields but Origin are what the AWS CLI names the cache
// file after; empty ones are not sent.
type AssumedRole struct {
	ARN         string
	SessionName string // "" for one that is made up by each call
	ExternalID  string
	MFASerial   string
	Duration    string // whole seconds in decimal digits

	// Origin stands for whoever assumes the role. The AWS CLI's file name does not say it, so it stands
	// in the file: credentials that somebody else's keys were good for are not handed out.
	Origin string
}

// RootSSO is the root of everything that a sign-in gives.
const RootSSO = "sso"

// Origin is the [AssumedRole.Origin] of a source: what kind of thing a chain of roles begins with, which
// is a word in plain, and a digest of what tells this source from others. None of it may be a secret.
func Origin(root string, words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return root + ":" + hex.EncodeToString(sum[:16])
}

// RootOf is the root of an origin.
func RootOf(origin string) string {
	root, _, _ := strings.Cut(origin, ":")
	return root
}

// Assumed is an answer of STS as it is kept.
type Assumed struct {
	Credentials
	User wire.AssumedRoleUser
}

// AssumedStore keeps the credentials of assumed roles where the AWS CLI finds them.
type AssumedStore interface {
	// LoadAssumed returns ok = false when there are none, when the file is damaged, and when it is of
	// another Origin. One that says no origin was written by the AWS CLI, and counts.
	LoadAssumed(r AssumedRole) (c Credentials, ok bool)
	SaveAssumed(r AssumedRole, a Assumed) error
	// LockAssumed waits until no other process assumes the same role.
	LockAssumed(ctx context.Context, r AssumedRole) (unlock func(), err error)
}

// Get is any source of credentials.
type Get func(ctx context.Context) (Credentials, error)

// Assume hands out the credentials of a role that is assumed with other credentials (sts AssumeRole).
// It is safe for concurrent use, within a process and between processes.
type Assume struct {
	Role AssumedRole
	From Get
	Call func(ctx context.Context, from Credentials, r AssumedRole, code string) (wire.AssumeRoleResult, error)
	// Code asks a person for the code of an MFA device. It fails with a *CodeNeededError where nobody
	// can be asked.
	Code func(ctx context.Context, serial string) (string, error)
	// Foreign reports that what is cached is another organisation's; see [Source.OtherOrganisation].
	// It may be nil.
	Foreign  func() bool
	Store    AssumedStore
	Clock    clock.Clock
	Log      *slog.Logger
	LockWait time.Duration // 0 means session.DefaultLockWait
}

// Get returns the credentials, by the rules of [Source.Get].
func (a *Assume) Get(ctx context.Context) (Credentials, error) {
	k := assumedKept(a.Role, a.Store, a.Clock, a.Log, a.LockWait)
	load := k.load
	k.load = func() (Credentials, bool) {
		c, ok := load()
		return c, ok && (a.Foreign == nil || !a.Foreign())
	}
	k.asks = a.Role.MFASerial != ""
	k.prepare = func(ctx context.Context, _ bool) (func(context.Context) (Credentials, error), error) {
		from, err := a.From(ctx)
		return func(ctx context.Context) (Credentials, error) { return a.fetch(ctx, from) }, err
	}
	return k.get(ctx)
}

func (a *Assume) fetch(ctx context.Context, from Credentials) (Credentials, error) {
	code := ""
	if a.Role.MFASerial != "" {
		var err error
		if code, err = a.Code(ctx, a.Role.MFASerial); err != nil {
			return Credentials{}, err
		}
	}
	answer, err := a.Call(ctx, from, named(a.Role, a.Clock), code)
	if err != nil {
		return Credentials{}, err
	}
	return keepAssumed(a.Store, a.Clock, a.Log, a.Role, answer.Credentials, answer.AssumedRoleUser)
}

// WebIdentity hands out the credentials of a role that is assumed with somebody else's token (sts
// AssumeRoleWithWebIdentity). It is safe for concurrent use, within a process and between processes.
type WebIdentity struct {
	Role     AssumedRole
	Token    func() (wire.Secret, error) // read anew for each call: others renew it
	Call     func(ctx context.Context, r AssumedRole, token wire.Secret) (wire.AssumeRoleWithWebIdentityResult, error)
	Store    AssumedStore
	Clock    clock.Clock
	Log      *slog.Logger
	LockWait time.Duration // 0 means session.DefaultLockWait
}

// Get returns the credentials, by the rules of [Source.Get].
func (w *WebIdentity) Get(ctx context.Context) (Credentials, error) {
	k := assumedKept(w.Role, w.Store, w.Clock, w.Log, w.LockWait)
	k.prepare = func(context.Context, bool) (func(context.Context) (Credentials, error), error) { return w.fetch, nil }
	return k.get(ctx)
}

func (w *WebIdentity) fetch(ctx context.Context) (Credentials, error) {
	token, err := w.Token()
	if err != nil {
		return Credentials{}, err
	}
	answer, err := w.Call(ctx, named(w.Role, w.Clock), token)
	if err != nil {
		return Credentials{}, err
	}
	return keepAssumed(w.Store, w.Clock, w.Log, w.Role, answer.Credentials, answer.AssumedRoleUser)
}

func assumedKept(r AssumedRole, store AssumedStore, c clock.Clock, log *slog.Logger, lockWait time.Duration) kept {
	return kept{
		clock: c, log: log, lockWait: lockWait,
		load: func() (Credentials, bool) { return store.LoadAssumed(r) },
		lock: func(ctx context.Context) (func(), error) { return store.LockAssumed(ctx, r) },
	}
}

// named gives a session that has no name the one that the AWS CLI would.
func named(r AssumedRole, c clock.Clock) AssumedRole {
	if r.SessionName == "" {
		r.SessionName = fmt.Sprintf("botocore-session-%d", c.Now().Unix())
	}
	return r
}

func keepAssumed(store AssumedStore, c clock.Clock, log *slog.Logger, r AssumedRole, answer wire.STSCredentials, user wire.AssumedRoleUser) (Credentials, error) {
	got := Assumed{User: user, Credentials: Credentials{
		AccessKeyID: answer.AccessKeyID, SecretAccessKey: answer.SecretAccessKey, SessionToken: answer.SessionToken,
		ExpiresAt: answer.Expiration.UTC().Truncate(time.Second), AccountID: AccountOf(user.ARN),
	}}
	if got.AccessKeyID == "" || got.SecretAccessKey == "" || got.SessionToken == "" {
		return Credentials{}, fmt.Errorf("the answer of STS for role %q holds no credentials", r.ARN)
	}
	if got.ExpiresAt.Year() > 9999 {
		return Credentials{}, fmt.Errorf("the answer of STS for role %q says an impossible expiry", r.ARN)
	}
	if !c.Now().Before(got.ExpiresAt) {
		return Credentials{}, ErrExpiredOnArrival
	}
	if err := store.SaveAssumed(r, got); err != nil {
		// They are good all the same; only the next process has to ask again.
		log.Warn("credentials of an assumed role could not be cached", "error", err)
	}
	return got.Credentials, nil
}

// AccountOf is the account in an ARN, "" when it says none.
func AccountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return ""
}

// CodeNeededError is a role that wants the code of an MFA device where nobody can be asked for it.
type CodeNeededError struct {
	Serial  string
	Profile string // that credentials are wanted for
}

// Error says what is missing.
func (e *CodeNeededError) Error() string {
	return "the role needs a code of the MFA device " + e.Serial + ", and there is no terminal to ask for it at"
}

// CodeError is a person who did not answer with a code.
type CodeError struct{ Err error }

// Error is the reason's.
func (e *CodeError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *CodeError) Unwrap() error { return e.Err }

// errNotCode is the flaw of an answer that cannot be a code.
var errNotCode = errors.New("a code is six digits")

// CheckCode returns the digits of an MFA code, which devices show in groups.
func CheckCode(answer string) (string, error) {
	code := strings.ReplaceAll(answer, " ", "")
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", errNotCode
	}
	return code, nil
}
