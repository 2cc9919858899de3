// Package federation turns role credentials into a visit of the console, as AWS's federation endpoint
// does for a custom identity broker: credentials buy a sign-in token, and the token, in a link that a
// browser opens, shows whose session it is. There is no console behind it here.
//
// The pages' door calls it. A sign-in token is sealed and not stored, lives for 15 minutes (AWS's own
// time, within which brokers expect a person to click) and works once. It holds no keys, so whoever
// gets hold of one cannot call anything with it. The package knows no HTTP.
package federation

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Errors of both steps. What exactly was wrong is nobody's business.
var (
	ErrCredentials = errors.New("the session is not one of good temporary role credentials")
	ErrDuration    = errors.New("SessionDuration is 900 to 43200 seconds")
	ErrToken       = errors.New("the sign-in token is unknown, too old, or was used already")
)

const (
	purpose       = "federation sign-in token"
	tokenLifetime = 15 * time.Minute
	minDuration   = 15 * time.Minute
	maxDuration   = 12 * time.Hour
	maxSession    = 16 << 10
	maxToken      = 4096
)

// Store is what this package needs of store.Store.
type Store interface {
	store.Onces
	User(ctx context.Context, id string) (store.User, error)
}

// Sessions makes and redeems sign-in tokens. It is safe for concurrent use.
type Sessions struct {
	Credentials *rolecreds.Minter
	Keys        *keyring.Ring
	Store       Store
	Clock       clock.Clock
	Audit       *audit.Log
}

// Session is a federated person's session of the console.
type Session struct {
	Account   string    `json:"a"`
	ARN       string    `json:"n"`
	PersonID  string    `json:"i,omitempty"`
	ExpiresAt time.Time `json:"e"`
}

// sealed is the content of a sign-in token.
type sealed struct {
	Session Session   `json:"s"`
	GoodTil time.Time `json:"g"`
}

// SigninToken returns a token for credentials, which come as the Session parameter has them: JSON with
// sessionId, sessionKey and sessionToken. The session lasts for duration, or if that is zero as long as
// the credentials. Errors are [ErrCredentials], [ErrDuration], or the audit log's.
func (s *Sessions) SigninToken(ctx context.Context, session wire.Secret, duration time.Duration) (wire.Secret, error) {
	var given struct {
		ID    string      `json:"sessionId"`
		Key   wire.Secret `json:"sessionKey"`
		Token wire.Secret `json:"sessionToken"`
	}
	if len(session) > maxSession || json.Unmarshal([]byte(session.Reveal()), &given) != nil {
		return "", ErrCredentials
	}
	keys, err := s.Credentials.Open(given.ID, given.Token)
	now := s.Clock.Now()
	if err != nil || subtle.ConstantTimeCompare([]byte(keys.Secret.Reveal()), []byte(given.Key.Reveal())) != 1 ||
		!now.Before(keys.ExpiresAt) || keys.Role == "" {
		return "", ErrCredentials
	}
	if duration != 0 && (duration < minDuration || duration > maxDuration) {
		return "", ErrDuration
	}
	if err := s.still(ctx, keys.PersonID, ErrCredentials); err != nil {
		return "", err
	}
	out := sealed{Session{keys.Account, keys.ARN, keys.PersonID, keys.ExpiresAt}, now.Add(tokenLifetime)}
	if duration != 0 {
		out.Session.ExpiresAt = now.Add(duration)
	}
	plain, err := json.Marshal(out)
	if err != nil {
		return "", err
	}
	b, err := s.Keys.Seal(purpose, plain)
	if err != nil {
		return "", err
	}
	return wire.Secret(base64.RawURLEncoding.EncodeToString(b)), s.record(ctx, "GetSigninToken", out.Session)
}

// Redeem returns the session of a sign-in token, once. Errors are [ErrToken], or the store's.
func (s *Sessions) Redeem(ctx context.Context, token wire.Secret) (Session, error) {
	// Line breaks are skipped by the decoder, and would make another token of the same one.
	if len(token) > maxToken || strings.ContainsAny(token.Reveal(), "\r\n") {
		return Session{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token.Reveal())
	if err != nil {
		return Session{}, ErrToken
	}
	plain, err := s.Keys.Open(purpose, b)
	if err != nil {
		return Session{}, ErrToken
	}
	var in sealed
	if now := s.Clock.Now(); json.Unmarshal(plain, &in) != nil || !now.Before(in.GoodTil) || !now.Before(in.Session.ExpiresAt) {
		return Session{}, ErrToken
	}
	if err := s.still(ctx, in.Session.PersonID, ErrToken); err != nil {
		return Session{}, err
	}
	if err := s.Store.UseOnce(ctx, store.HashSecret(token), in.GoodTil); errors.Is(err, store.ErrConflict) {
		return Session{}, ErrToken
	} else if err != nil {
		return Session{}, err
	}
	return in.Session, s.record(ctx, "ConsoleLogin", in.Session)
}

// still returns gone if the person behind credentials was removed or disabled since: those stay good until
// they expire, but buy nothing any more. Credentials of a role that a program assumed have no person.
func (s *Sessions) still(ctx context.Context, personID string, gone error) error {
	if personID == "" {
		return nil
	}
	u, err := s.Store.User(ctx, personID)
	if errors.Is(err, store.ErrNotFound) || err == nil && u.Disabled {
		return gone
	}
	return err
}

func (s *Sessions) record(ctx context.Context, name string, of Session) error {
	return s.Audit.Record(ctx, store.AuditEvent{
		Name: name, Outcome: audit.Success, UserID: of.PersonID, Detail: map[string]string{"caller": of.ARN},
	})
}
