// Package session is the access token of an sso-session: when it is valid, how it is refreshed, and
// who may refresh it. [Source.Token] is the only place that decides between valid, refresh and
// sign in.
//
// The credential rules and the commands call it. It knows no file, no HTTP and no prompt: those come
// in as ports, and nothing here can ask a person anything.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// RefreshWindow is how long before its end a token is refreshed. The AWS CLI uses the same.
const RefreshWindow = 15 * time.Minute

// Target names a sign-in: an sso-session, or for a legacy profile its start URL.
type Target struct {
	Profile  string // the profile that asked, for messages; may be ""
	Session  string // name of the sso-session; "" for a legacy profile
	StartURL string // as configured
	Region   string // as configured
}

// Key is what the token's cache file is named after: the session's name, or the start URL verbatim.
func (t Target) Key() string {
	if t.Session != "" {
		return t.Session
	}
	return t.StartURL
}

// Token is a sign-in's result with everything that is needed to refresh it. Fields are those of the
// AWS CLI's cache file.
type Token struct {
	StartURL              string
	Region                string
	AccessToken           wire.Secret
	ExpiresAt             time.Time
	ClientID              string
	ClientSecret          wire.Secret
	RegistrationExpiresAt time.Time
	RefreshToken          wire.Secret
}

// Refreshable reports whether the token can be refreshed at now.
func (t Token) Refreshable(now time.Time) bool {
	return t.RefreshToken != "" && t.ClientID != "" && t.ClientSecret != "" && now.Before(t.RegistrationExpiresAt)
}

// Errors of a [Store].
var (
	// ErrNoToken: nobody has signed in, or the file is damaged, which comes to the same.
	ErrNoToken = errors.New("no token")
	// ErrInvalidToken: a file is there, but it lacks an access token or says no usable expiry.
	ErrInvalidToken = errors.New("invalid token")
)

// Store keeps tokens where every AWS tool finds them.
type Store interface {
	LoadToken(key string) (Token, error)
	SaveToken(key string, t Token) error
	// LockToken waits until no other process refreshes the token of that key. It returns an error
	// when ctx is done, or when there is nowhere to put a lock.
	LockToken(ctx context.Context, key string) (unlock func(), err error)
	// MakeRoom sets aside what saving a token takes, until release. An error says that a token could
	// not be saved now.
	MakeRoom() (release func(), err error)
}

// Refresher exchanges a refresh token (CreateToken with grant type refresh_token, RFC 6749 section 6).
type Refresher interface {
	Refresh(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error)
}

// RefresherFunc is a [Refresher] that is a function.
type RefresherFunc func(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error)

// Refresh implements [Refresher].
func (f RefresherFunc) Refresh(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	return f(ctx, region, req)
}

// Reason says why a person has to sign in.
type Reason int

// Reasons to sign in.
const (
	NeverSignedIn  Reason = iota // there is no token
	TokenInvalid                 // there is one, but it is not usable
	OtherStartURL                // there is one, but for another organisation
	TokenExpired                 // it has expired and cannot be refreshed
	RefreshRefused               // it has expired and the service refused to refresh it
	TokenRefused                 // the portal no longer accepts it
)

// SignInRequiredError says that only a person can go on: `keyfob sso login`.
type SignInRequiredError struct {
	Target Target
	Reason Reason
	Cause  error // may be nil
}

// Error is the AWS CLI's text for the case.
func (e *SignInRequiredError) Error() string {
	switch e.Reason {
	case NeverSignedIn:
		return fmt.Sprintf("Error loading SSO Token: Token for %s does not exist", e.Target.Key())
	case TokenInvalid:
		return fmt.Sprintf("Error loading SSO Token: Token for %s is invalid", e.Target.StartURL)
	case OtherStartURL:
		return fmt.Sprintf("Error loading SSO Token: the cached token of %s belongs to another start URL; sign in again", e.Target.Key())
	case RefreshRefused:
		return "Error when retrieving token from sso: Token has expired and refresh failed"
	case TokenExpired:
		if e.Target.Session != "" {
			return "Error when retrieving token from sso: Token has expired and refresh failed"
		}
	}
	return "The SSO session associated with this profile has expired or is otherwise invalid."
}

// Unwrap returns the cause.
func (e *SignInRequiredError) Unwrap() error { return e.Cause }

// Source hands out tokens. It is safe for concurrent use, within a process and between processes.
type Source struct {
	Store     Store
	Refresher Refresher
	Clock     clock.Clock
	Log       *slog.Logger // without secrets
	LockWait  time.Duration
}

// DefaultLockWait bounds the wait for another process's refresh. A refresh takes one request, so a
// longer wait means that the other process hangs.
const DefaultLockWait = 30 * time.Second

// Token returns a token that is good to use now. It refreshes one that has less than
// [RefreshWindow] left, one process at a time; if that fails for whatever reason, a token that is
// still valid is returned all the same. A *SignInRequiredError says that a person has to sign in.
func (s *Source) Token(ctx context.Context, t Target) (Token, error) {
	tok, err := s.load(t)
	if err != nil {
		return Token{}, err
	}
	now := s.Clock.Now()
	if tok.ExpiresAt.Sub(now) >= RefreshWindow {
		return tok, nil
	}
	// A legacy sign-in is never refreshed: the AWS CLI does not either, and a tool that shares the
	// file may rely on the start URL's token staying as it is.
	if t.Session == "" || !tok.Refreshable(now) {
		return s.orValid(t, tok, TokenExpired, nil)
	}
	tok, err = s.refreshOnce(ctx, t, tok)
	switch {
	case err == nil:
		return tok, nil
	case ctx.Err() != nil:
		return Token{}, context.Cause(ctx)
	case errors.As(err, new(*SignInRequiredError)):
		return Token{}, err // signed out, or in to somewhere else, while this process waited
	}
	s.Log.Debug("token refresh failed", "session", t.Session, "error", err)
	return s.orValid(t, tok, RefreshRefused, err)
}

// Cached returns the token as it is cached, whatever its expiry, without refreshing it.
func (s *Source) Cached(t Target) (Token, error) { return s.load(t) }

func (s *Source) load(t Target) (Token, error) {
	tok, err := s.Store.LoadToken(t.Key())
	switch {
	case errors.Is(err, ErrNoToken):
		return Token{}, &SignInRequiredError{Target: t, Reason: NeverSignedIn}
	case errors.Is(err, ErrInvalidToken):
		return Token{}, &SignInRequiredError{Target: t, Reason: TokenInvalid}
	case err != nil:
		return Token{}, err
	case tok.StartURL != "" && !sameStartURL(tok.StartURL, t.StartURL):
		// The file is named after the session only; another config file may give that name to
		// another organisation.
		return Token{}, &SignInRequiredError{Target: t, Reason: OtherStartURL}
	}
	return tok, nil
}

// orValid falls back to a token that has not expired.
func (s *Source) orValid(t Target, tok Token, why Reason, cause error) (Token, error) {
	if s.Clock.Now().Before(tok.ExpiresAt) {
		return tok, nil
	}
	if cause != nil && !refusal(cause) {
		// The service did not say no: it was not reached or could not answer. Signing in would not
		// help; the error itself is what the person needs to see.
		return Token{}, cause
	}
	return Token{}, &SignInRequiredError{Target: t, Reason: why, Cause: cause}
}

// Expiry is the instant that lies expiresIn seconds after now, to the whole second, as cache files
// keep it. It counts from the local clock: the service's may be wrong.
func Expiry(now time.Time, expiresIn int64) time.Time {
	const tooLong = int64(100 * 365 * 24 * time.Hour / time.Second)
	return now.UTC().Truncate(time.Second).Add(time.Duration(min(max(expiresIn, 0), tooLong)) * time.Second)
}

// sameStartURL compares start URLs as a person would: a trailing slash, a fragment ("/#/") and the
// case of the host do not make another organisation.
func sameStartURL(a, b string) bool { return canonical(a) == canonical(b) }

func canonical(u string) string {
	u, _, _ = strings.Cut(u, "#")
	u = strings.TrimRight(u, "/")
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		return u
	}
	host, path, _ := strings.Cut(rest, "/")
	return strings.ToLower(scheme) + "://" + strings.ToLower(host) + "/" + path
}
