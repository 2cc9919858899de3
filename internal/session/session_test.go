package session_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

func start() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func corp() session.Target {
	return session.Target{Profile: "dev", Session: "corp", StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1"}
}

func legacy() session.Target {
	return session.Target{Profile: "old", StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1"}
}

// tokenFor is a refreshable token with so much left.
func tokenFor(left time.Duration) session.Token {
	return session.Token{
		StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1",
		AccessToken: "old-access", ExpiresAt: start().Add(left),
		ClientID: "client", ClientSecret: "client-secret", RegistrationExpiresAt: start().Add(time.Hour),
		RefreshToken: "old-refresh",
	}
}

// memory is a [session.Store] that a test can spoil.
type memory struct {
	mu                        sync.Mutex
	tokens                    map[string]session.Token
	loadErr, saveErr, lockErr error
	locked                    chan struct{} // holds one item while locked
	locks                     int
	onLock                    func() // runs once the lock is taken
	roomErr                   error
	room                      int // places set aside and not given back
}

func newMemory() *memory {
	return &memory{tokens: map[string]session.Token{}, locked: make(chan struct{}, 1)}
}

func (m *memory) LoadToken(key string) (session.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loadErr != nil {
		return session.Token{}, m.loadErr
	}
	t, ok := m.tokens[key]
	if !ok {
		return session.Token{}, session.ErrNoToken
	}
	return t, nil
}

func (m *memory) SaveToken(key string, t session.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr == nil {
		m.tokens[key] = t
	}
	return m.saveErr
}

func (m *memory) LockToken(ctx context.Context, _ string) (func(), error) {
	if m.lockErr != nil {
		return nil, m.lockErr
	}
	select {
	case m.locked <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	m.locks++
	if m.onLock != nil {
		m.onLock()
	}
	return func() { <-m.locked }, nil
}

func (m *memory) MakeRoom() (func(), error) {
	if m.roomErr != nil {
		return nil, m.roomErr
	}
	m.room++
	return sync.OnceFunc(func() { m.room-- }), nil
}

func (m *memory) put(key string, t session.Token) {
	if err := m.SaveToken(key, t); err != nil {
		panic(err)
	}
}

// service is a scripted [session.Refresher].
type service struct {
	mu       sync.Mutex
	requests []wire.CreateTokenRequest
	regions  []string
	answer   func(ctx context.Context) (wire.CreateTokenResponse, error)
}

func (s *service) Refresh(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	s.mu.Lock()
	s.requests = append(s.requests, req)
	s.regions = append(s.regions, region)
	s.mu.Unlock()
	return s.answer(ctx)
}

func answering(r wire.CreateTokenResponse, err error) *service {
	return &service{answer: func(context.Context) (wire.CreateTokenResponse, error) { return r, err }}
}

func renewed() wire.CreateTokenResponse {
	return wire.CreateTokenResponse{AccessToken: "new-access", ExpiresIn: 3600, RefreshToken: "new-refresh", TokenType: "Bearer"}
}

func source(m session.Store, s session.Refresher) *session.Source {
	return &session.Source{Store: m, Refresher: s, Clock: clock.NewFake(start()), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func refused(code wire.Code, status int) error {
	return &wire.ServiceError{Operation: "CreateToken", Code: code, Status: status, Attempts: 1}
}

const fresh, old = wire.Secret("new-access"), wire.Secret("old-access")

func TestDecisions(t *testing.T) {
	network := errors.New("could not connect")
	without := func(left time.Duration, spoil func(*session.Token)) session.Token {
		tok := tokenFor(left)
		spoil(&tok)
		return tok
	}
	type reason = session.Reason
	why := func(r reason) *reason { return &r }
	for name, c := range map[string]struct {
		target session.Target
		token  session.Token
		reply  error
		calls  int
		want   wire.Secret // the token handed out, or
		reason *reason     // why to sign in, or
		err    error
	}{
		"an hour left":              {corp(), tokenFor(time.Hour), nil, 0, old, nil, nil},
		"exactly the window left":   {corp(), tokenFor(15 * time.Minute), nil, 0, old, nil, nil},
		"a second less":             {corp(), tokenFor(15*time.Minute - time.Second), nil, 1, fresh, nil, nil},
		"expired":                   {corp(), tokenFor(0), nil, 1, fresh, nil, nil},
		"long expired":              {corp(), tokenFor(-30 * 24 * time.Hour), nil, 1, fresh, nil, nil},
		"refused, a second left":    {corp(), tokenFor(time.Second), refused(wire.CodeInvalidGrant, 400), 1, old, nil, nil},
		"refused, none left":        {corp(), tokenFor(0), refused(wire.CodeInvalidGrant, 400), 1, "", why(session.RefreshRefused), nil},
		"client gone, none left":    {corp(), tokenFor(0), refused(wire.CodeInvalidClient, 401), 1, "", why(session.RefreshRefused), nil},
		"offline, 14 minutes left":  {corp(), tokenFor(14 * time.Minute), network, 1, old, nil, nil},
		"offline, none left":        {corp(), tokenFor(0), network, 1, "", nil, network},
		"service down, some left":   {corp(), tokenFor(time.Minute), refused(wire.CodeInternalServer, 500), 1, old, nil, nil},
		"service down, none left":   {corp(), tokenFor(0), refused(wire.CodeInternalServer, 500), 1, "", nil, refused(wire.CodeInternalServer, 500)},
		"too many requests":         {corp(), tokenFor(0), refused(wire.CodeTooManyRequests, 429), 1, "", nil, refused(wire.CodeTooManyRequests, 429)},
		"legacy, an hour left":      {legacy(), tokenFor(time.Hour), nil, 0, old, nil, nil},
		"legacy, a minute left":     {legacy(), tokenFor(time.Minute), nil, 0, old, nil, nil},
		"legacy, expired":           {legacy(), tokenFor(0), nil, 0, "", why(session.TokenExpired), nil},
		"no refresh token":          {corp(), without(time.Minute, func(t *session.Token) { t.RefreshToken = "" }), nil, 0, old, nil, nil},
		"no refresh token, expired": {corp(), without(0, func(t *session.Token) { t.RefreshToken = "" }), nil, 0, "", why(session.TokenExpired), nil},
		"no client id":              {corp(), without(0, func(t *session.Token) { t.ClientID = "" }), nil, 0, "", why(session.TokenExpired), nil},
		"no client secret":          {corp(), without(0, func(t *session.Token) { t.ClientSecret = "" }), nil, 0, "", why(session.TokenExpired), nil},
		"registration unknown":      {corp(), without(0, func(t *session.Token) { t.RegistrationExpiresAt = time.Time{} }), nil, 0, "", why(session.TokenExpired), nil},
		"registration just ended":   {corp(), without(0, func(t *session.Token) { t.RegistrationExpiresAt = start() }), nil, 0, "", why(session.TokenExpired), nil},
		"registration nearly ended": {corp(), without(0, func(t *session.Token) { t.RegistrationExpiresAt = start().Add(time.Second) }), nil, 1, fresh, nil, nil},
		"registration ended, valid": {corp(), without(time.Minute, func(t *session.Token) { t.RegistrationExpiresAt = start() }), nil, 0, old, nil, nil},
		"another organisation's":    {corp(), without(time.Hour, func(t *session.Token) { t.StartURL = "https://d-evil.awsapps.com/start" }), nil, 0, "", why(session.OtherStartURL), nil},
		"another path":              {corp(), without(time.Hour, func(t *session.Token) { t.StartURL = "https://d-abc.awsapps.com/other" }), nil, 0, "", why(session.OtherStartURL), nil},
		"start URL unknown":         {corp(), without(time.Hour, func(t *session.Token) { t.StartURL = "" }), nil, 0, old, nil, nil},
		"start URL with fragment":   {corp(), without(time.Hour, func(t *session.Token) { t.StartURL = "https://D-ABC.awsapps.com/start/#/" }), nil, 0, old, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			m.put(c.target.Key(), c.token)
			reply := renewed()
			if c.reply != nil {
				reply = wire.CreateTokenResponse{}
			}
			svc := answering(reply, c.reply)
			got, err := source(m, svc).Token(t.Context(), c.target)
			if len(svc.requests) != c.calls {
				t.Errorf("%d refreshes, want %d", len(svc.requests), c.calls)
			}
			var signIn *session.SignInRequiredError
			switch {
			case c.reason != nil:
				if !errors.As(err, &signIn) || signIn.Reason != *c.reason || signIn.Target != c.target {
					t.Errorf("got %v, %v", got, err)
				}
				if c.reply != nil && !errors.Is(err, c.reply) {
					t.Errorf("the cause is lost: %v", err)
				}
			case c.err != nil:
				if err == nil || err.Error() != c.err.Error() || errors.As(err, &signIn) {
					t.Errorf("got %v, %v, want the error itself", got, err)
				}
			case err != nil || got.AccessToken != c.want:
				t.Errorf("got %q, %v, want %q", got.AccessToken.Reveal(), err, c.want.Reveal())
			}
			if err != nil && got != (session.Token{}) {
				t.Errorf("a token with the error: %+v", got)
			}
			saved, _ := m.LoadToken(c.target.Key())
			if want := c.token; c.want != fresh && saved != want {
				t.Errorf("the saved token has changed: %+v", saved)
			}
		})
	}
}

func TestStoreErrors(t *testing.T) {
	damaged := errors.New("disk on fire")
	for _, c := range []struct {
		load error
		text string
	}{
		{session.ErrNoToken, "Error loading SSO Token: Token for corp does not exist"},
		{session.ErrInvalidToken, "Error loading SSO Token: Token for https://d-abc.awsapps.com/start is invalid"},
		{damaged, "disk on fire"},
	} {
		m := newMemory()
		m.loadErr = c.load
		s := source(m, answering(renewed(), nil))
		if _, err := s.Token(t.Context(), corp()); err == nil || err.Error() != c.text {
			t.Errorf("Token: %v, want %s", err, c.text)
		}
		if _, err := s.Cached(corp()); err == nil || err.Error() != c.text {
			t.Errorf("Cached: %v, want %s", err, c.text)
		}
	}
}

// The AWS CLI's sentences.
func TestErrorTexts(t *testing.T) {
	const (
		refresh = "Error when retrieving token from sso: Token has expired and refresh failed"
		expired = "The SSO session associated with this profile has expired or is otherwise invalid."
	)
	for _, c := range []struct {
		target session.Target
		reason session.Reason
		want   string
	}{
		{legacy(), session.NeverSignedIn, "Error loading SSO Token: Token for https://d-abc.awsapps.com/start does not exist"},
		{corp(), session.RefreshRefused, refresh},
		{corp(), session.TokenExpired, refresh},
		{legacy(), session.TokenExpired, expired},
		{corp(), session.TokenRefused, expired},
	} {
		if got := (&session.SignInRequiredError{Target: c.target, Reason: c.reason}).Error(); got != c.want {
			t.Errorf("%v: %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestExpiry(t *testing.T) {
	now := start().Add(700 * time.Millisecond).In(time.FixedZone("", 3600))
	for in, want := range map[int64]time.Time{
		3600: start().Add(time.Hour), 0: start(), -5: start(), 1 << 62: start().Add(100 * 365 * 24 * time.Hour),
	} {
		if got := session.Expiry(now, in); got != want {
			t.Errorf("%d: %v, want %v", in, got, want)
		}
	}
}
