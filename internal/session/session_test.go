package session_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

func TestRefresh(t *testing.T) {
	t.Run("request and result", func(t *testing.T) {
		m, svc := newMemory(), answering(renewed(), nil)
		before := tokenFor(time.Minute)
		before.StartURL, before.Region = "https://d-abc.awsapps.com/start/", "eu-west-1"
		m.put("corp", before)
		got, err := source(m, svc).Token(t.Context(), corp())
		want := session.Token{
			StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1",
			AccessToken: "new-access", ExpiresAt: start().Add(time.Hour),
			ClientID: "client", ClientSecret: "client-secret", RegistrationExpiresAt: start().Add(time.Hour),
			RefreshToken: "new-refresh",
		}
		if err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
		if saved, _ := m.LoadToken("corp"); saved != want {
			t.Errorf("saved %+v", saved)
		}
		request := wire.CreateTokenRequest{ClientID: "client", ClientSecret: "client-secret", GrantType: "refresh_token", RefreshToken: "old-refresh"}
		if len(svc.requests) != 1 || !equal(svc.requests[0], request) || svc.regions[0] != "us-east-1" {
			t.Errorf("asked %+v in %v", svc.requests, svc.regions)
		}
	})
	t.Run("a reply without a refresh token keeps the old one", func(t *testing.T) {
		m := newMemory()
		m.put("corp", tokenFor(0))
		reply := renewed()
		reply.RefreshToken = ""
		got, err := source(m, answering(reply, nil)).Token(t.Context(), corp())
		saved, _ := m.LoadToken("corp")
		if err != nil || got.RefreshToken != "old-refresh" || saved != got {
			t.Errorf("got %+v, %v; saved %+v", got, err, saved)
		}
	})
	t.Run("a reply without an access token is a failure", func(t *testing.T) {
		for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
			m := newMemory()
			m.put("corp", tokenFor(left))
			got, err := source(m, answering(wire.CreateTokenResponse{ExpiresIn: 3600}, nil)).Token(t.Context(), corp())
			if got.AccessToken != want || (err == nil) != (want != "") {
				t.Errorf("%v left: got %+v, %v", left, got, err)
			}
			if saved, _ := m.LoadToken("corp"); saved != tokenFor(left) {
				t.Errorf("saved %+v", saved)
			}
		}
	})
	t.Run("a token that cannot be saved is good all the same, and said", func(t *testing.T) {
		m := newMemory()
		m.put("corp", tokenFor(0))
		m.saveErr = errors.New("no space left on device")
		var log strings.Builder
		s := source(m, answering(renewed(), nil))
		s.Log = slog.New(slog.NewTextHandler(&log, nil))
		if got, err := s.Token(t.Context(), corp()); err != nil || got.AccessToken != fresh {
			t.Errorf("got %+v, %v", got, err)
		}
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "no space left on device") {
			t.Errorf("logged %q", log.String())
		}
	})
	t.Run("nothing secret is logged", func(t *testing.T) {
		var log strings.Builder
		for _, failure := range []error{nil, refused(wire.CodeInvalidGrant, 400)} {
			m := newMemory()
			m.put("corp", tokenFor(time.Minute))
			s := source(m, answering(renewed(), failure))
			s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if _, err := s.Token(t.Context(), corp()); err != nil {
				t.Error(err)
			}
		}
		for _, secret := range []string{"old-access", "new-access", "old-refresh", "new-refresh", "client-secret"} {
			if log.Len() == 0 || strings.Contains(log.String(), secret) {
				t.Errorf("%q in the log %q", secret, log.String())
			}
		}
	})
}

func equal(a, b wire.CreateTokenRequest) bool {
	return a.ClientID == b.ClientID && a.ClientSecret == b.ClientSecret && a.GrantType == b.GrantType && a.RefreshToken == b.RefreshToken &&
		a.DeviceCode == "" && a.Code == "" && a.Scope == nil && a.RedirectURI == "" && a.CodeVerifier == ""
}

// What has changed while a process waited for the lock counts, not what it saw before.
func TestReadAgainUnderTheLock(t *testing.T) {
	for name, c := range map[string]struct {
		before, during session.Token
		gone           bool
		calls          int
		want           wire.Secret
		reason         session.Reason
	}{
		"refreshed":                     {tokenFor(0), with(tokenFor(time.Hour), "others"), false, 0, "others", 0},
		"refreshed, lives shortly":      {tokenFor(0), with(tokenFor(5*time.Minute), "others"), false, 0, "others", 0},
		"refreshed, but expired again":  {tokenFor(-time.Hour), with(tokenFor(0), "others"), false, 1, fresh, 0},
		"signed out":                    {tokenFor(time.Minute), session.Token{}, true, 0, "", session.NeverSignedIn},
		"signed in elsewhere":           {tokenFor(time.Minute), elsewhere(), false, 0, "", session.OtherStartURL},
		"can no longer be refreshed":    {tokenFor(0), session.Token{AccessToken: old, ExpiresAt: start()}, false, 0, "", session.TokenExpired},
		"no longer refreshed, but good": {tokenFor(time.Minute), session.Token{AccessToken: old, ExpiresAt: start().Add(time.Minute)}, false, 0, old, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, svc := newMemory(), answering(renewed(), nil)
			m.put("corp", c.before)
			m.onLock = func() {
				m.put("corp", c.during)
				if c.gone {
					delete(m.tokens, "corp")
				}
			}
			got, err := source(m, svc).Token(t.Context(), corp())
			if len(svc.requests) != c.calls || got.AccessToken != c.want {
				t.Errorf("got %q, %v after %d refreshes", got.AccessToken.Reveal(), err, len(svc.requests))
			}
			var signIn *session.SignInRequiredError
			if c.want == "" && (!errors.As(err, &signIn) || signIn.Reason != c.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func with(t session.Token, access wire.Secret) session.Token {
	t.AccessToken = access
	return t
}

func elsewhere() session.Token {
	t := tokenFor(time.Hour)
	t.StartURL = "https://d-evil.awsapps.com/start"
	return t
}

// The latest token is what is left when the refresh fails, not the one from before the wait.
func TestFallBackToTheLatest(t *testing.T) {
	m := newMemory()
	m.put("corp", tokenFor(time.Minute))
	m.onLock = func() {
		tok := tokenFor(2 * time.Minute)
		tok.RefreshToken = "others-refresh"
		m.put("corp", tok)
	}
	svc := answering(wire.CreateTokenResponse{}, errors.New("offline"))
	got, err := source(m, svc).Token(t.Context(), corp())
	if err != nil || !got.ExpiresAt.Equal(start().Add(2*time.Minute)) || svc.requests[0].RefreshToken != "others-refresh" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNoLock(t *testing.T) {
	for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
		m, svc := newMemory(), answering(renewed(), nil)
		m.put("corp", tokenFor(left))
		m.lockErr = errors.New("read-only file system")
		got, err := source(m, svc).Token(t.Context(), corp())
		if got.AccessToken != want || (want == "" && !errors.Is(err, m.lockErr)) || len(svc.requests) != 0 {
			t.Errorf("%v left: got %+v, %v, %d refreshes", left, got, err, len(svc.requests))
		}
	}
}

// A process that hangs while it holds the lock costs the others a bounded wait.
func TestLockWaitIsBounded(t *testing.T) {
	for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
		for set, bound := range map[time.Duration]time.Duration{0: session.DefaultLockWait, time.Second: time.Second} {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.put("corp", tokenFor(left))
				m.locked <- struct{}{}
				s := source(m, answering(renewed(), nil))
				s.LockWait = set
				began := time.Now()
				got, err := s.Token(t.Context(), corp())
				if took := time.Since(began); took != bound {
					t.Errorf("waited %v, want %v", took, bound)
				}
				if got.AccessToken != want || (want == "") != (err != nil) {
					t.Errorf("got %+v, %v", got, err)
				}
				if err != nil && !strings.Contains(err.Error(), "another process has been refreshing the token of corp") {
					t.Errorf("says %v", err)
				}
			})
		}
	}
}

// Ctrl-C does not throw away a refresh token that the service is just rotating.
func TestInterrupt(t *testing.T) {
	interrupted := errors.New("interrupted")
	run := func(t *testing.T, answersAfter time.Duration) (session.Token, error, *memory, time.Duration) {
		m := newMemory()
		m.put("corp", tokenFor(time.Minute))
		ctx, cancel := context.WithCancelCause(t.Context())
		svc := &service{answer: func(ctx context.Context) (wire.CreateTokenResponse, error) {
			cancel(interrupted)
			select {
			case <-time.After(answersAfter):
				return renewed(), nil
			case <-ctx.Done():
				return wire.CreateTokenResponse{}, context.Cause(ctx)
			}
		}}
		began := time.Now()
		tok, err := source(m, svc).Token(ctx, corp())
		return tok, err, m, time.Since(began)
	}
	t.Run("the answer comes in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tok, err, m, _ := run(t, 900*time.Millisecond)
			if saved, _ := m.LoadToken("corp"); err != nil || tok.AccessToken != fresh || saved != tok {
				t.Errorf("got %+v, %v; saved %+v", tok, err, saved)
			}
		})
	})
	t.Run("it does not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tok, err, m, took := run(t, time.Hour)
			if !errors.Is(err, interrupted) || tok.AccessToken != "" || took != time.Second {
				t.Errorf("got %+v, %v after %v", tok, err, took)
			}
			if saved, _ := m.LoadToken("corp"); saved != tokenFor(time.Minute) {
				t.Errorf("saved %+v", saved)
			}
		})
	})
	t.Run("while waiting for the lock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, svc := newMemory(), answering(renewed(), nil)
			m.put("corp", tokenFor(time.Minute))
			m.locked <- struct{}{}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(interrupted) })
			began := time.Now()
			_, err := source(m, svc).Token(ctx, corp())
			if !errors.Is(err, interrupted) || time.Since(began) != time.Second || len(svc.requests) != 0 {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		})
	})
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
