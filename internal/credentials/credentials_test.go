package credentials_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"keyfob/internal/cache"
	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

func start() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func role() credentials.Role {
	return credentials.Role{
		Target:    session.Target{Profile: "dev", Session: "corp", StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1"},
		AccountID: "012345678901", RoleName: "ReadOnly",
	}
}

func cached(left time.Duration) *credentials.Credentials {
	return &credentials.Credentials{AccessKeyID: "old", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: start().Add(left), AccountID: "012345678901"}
}

// memory is a [credentials.Store] that a test can spoil.
type memory struct {
	mu               sync.Mutex
	kept             *credentials.Credentials
	saveErr, lockErr error
	locked           chan struct{} // holds one item while locked
	onLock           func()
}

func newMemory(c *credentials.Credentials) *memory {
	return &memory{kept: c, locked: make(chan struct{}, 1)}
}

func (m *memory) LoadRole(credentials.Role) (credentials.Credentials, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		return credentials.Credentials{}, false
	}
	return *m.kept, true
}

func (m *memory) SaveRole(_ credentials.Role, c credentials.Credentials) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr == nil {
		m.kept = &c
	}
	return m.saveErr
}

func (m *memory) LockRole(ctx context.Context, _ credentials.Role) (func(), error) {
	if m.lockErr != nil {
		return nil, m.lockErr
	}
	select {
	case m.locked <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if m.onLock != nil {
		m.onLock()
	}
	return func() { <-m.locked }, nil
}

type tokens struct{ err, cachedErr error }

func (t tokens) Token(context.Context, session.Target) (session.Token, error) {
	return session.Token{AccessToken: "access"}, t.err
}

func (t tokens) Cached(session.Target) (session.Token, error) {
	return session.Token{AccessToken: "access"}, t.cachedErr
}

type call struct {
	region, account, role string
	token                 wire.Secret
}

type portal struct {
	mu     sync.Mutex
	calls  []call
	answer func(ctx context.Context) (wire.RoleCredentials, error)
}

func (p *portal) RoleCredentials(ctx context.Context, region string, token wire.Secret, account, role string) (wire.RoleCredentials, error) {
	p.mu.Lock()
	p.calls = append(p.calls, call{region, account, role, token})
	p.mu.Unlock()
	return p.answer(ctx)
}

func answering(rc wire.RoleCredentials, err error) *portal {
	return &portal{answer: func(context.Context) (wire.RoleCredentials, error) { return rc, err }}
}

func renewed() wire.RoleCredentials {
	return wire.RoleCredentials{AccessKeyID: "new", SecretAccessKey: "ns", SessionToken: "nt", Expiration: start().Add(time.Hour).UnixMilli() + 999}
}

func source(m credentials.Store, tk credentials.Tokens, p credentials.Portal) *credentials.Source {
	return &credentials.Source{Store: m, Tokens: tk, Portal: p, Clock: clock.NewFake(start()), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func failing(code wire.Code, status int) error {
	return &wire.ServiceError{Operation: "GetRoleCredentials", Code: code, Status: status, Message: "No access", Attempts: 1}
}

func signIn(r session.Reason, cause error) error {
	return &session.SignInRequiredError{Target: role().Target, Reason: r, Cause: cause}
}

func TestDecisions(t *testing.T) {
	network := errors.New("could not connect")
	forbidden, missing := failing(wire.CodeForbidden, 403), failing(wire.CodeResourceNotFound, 404)
	busy, unauthorized := failing(wire.CodeTooManyRequests, 429), failing(wire.CodeUnauthorized, 401)
	expired := signIn(session.TokenExpired, nil)
	refreshForbidden := signIn(session.RefreshRefused, failing(wire.CodeAccessDenied, 403))
	elsewhere := signIn(session.OtherStartURL, nil)
	for name, c := range map[string]struct {
		kept   *credentials.Credentials
		tokens tokens
		reply  error
		calls  int
		want   string // access key, or
		err    error
	}{
		"cold":                          {nil, tokens{}, nil, 1, "new", nil},
		"an hour left":                  {cached(time.Hour), tokens{}, nil, 0, "old", nil},
		"an hour left, signed out":      {cached(time.Hour), tokens{signIn(session.NeverSignedIn, nil), signIn(session.NeverSignedIn, nil)}, nil, 0, "old", nil},
		"exactly the window left":       {cached(15 * time.Minute), tokens{}, nil, 0, "old", nil},
		"a second less":                 {cached(15*time.Minute - time.Second), tokens{}, nil, 1, "new", nil},
		"expired":                       {cached(0), tokens{}, nil, 1, "new", nil},
		"offline, some left":            {cached(time.Second), tokens{}, network, 1, "old", nil},
		"offline, none left":            {cached(0), tokens{}, network, 1, "", network},
		"offline, cold":                 {nil, tokens{}, network, 1, "", network},
		"busy, some left":               {cached(time.Minute), tokens{}, busy, 1, "old", nil},
		"busy, none left":               {cached(0), tokens{}, busy, 1, "", busy},
		"forbidden, some left":          {cached(time.Minute), tokens{}, forbidden, 1, "", forbidden},
		"forbidden, cold":               {nil, tokens{}, forbidden, 1, "", forbidden},
		"role gone, some left":          {cached(time.Minute), tokens{}, missing, 1, "", missing},
		"token refused, some left":      {cached(time.Minute), tokens{}, unauthorized, 1, "old", nil},
		"sign-in expired, some left":    {cached(time.Minute), tokens{err: expired}, nil, 0, "old", nil},
		"sign-in expired, none left":    {cached(0), tokens{err: expired}, nil, 0, "", expired},
		"refresh refused, some left":    {cached(time.Minute), tokens{err: refreshForbidden}, nil, 0, "old", nil},
		"another organisation's":        {cached(time.Hour), tokens{elsewhere, elsewhere}, nil, 0, "", elsewhere},
		"another's, signed in again":    {cached(time.Hour), tokens{nil, elsewhere}, nil, 1, "new", nil},
		"another's is no fallback":      {cached(time.Minute), tokens{nil, elsewhere}, network, 1, "", network},
		"cached time unknown to be old": {&credentials.Credentials{AccessKeyID: "old"}, tokens{}, network, 1, "", network},
	} {
		t.Run(name, func(t *testing.T) {
			m, p := newMemory(c.kept), answering(renewed(), c.reply)
			got, err := source(m, c.tokens, p).Get(t.Context(), role())
			if len(p.calls) != c.calls {
				t.Errorf("%d calls, want %d", len(p.calls), c.calls)
			}
			if got.AccessKeyID != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got %q, %v; want %q, %v", got.AccessKeyID, err, c.want, c.err)
			}
			if c.want == "new" {
				want := credentials.Credentials{AccessKeyID: "new", SecretAccessKey: "ns", SessionToken: "nt", ExpiresAt: start().Add(time.Hour), AccountID: "012345678901"}
				if got != want || *m.kept != want {
					t.Errorf("got %+v, kept %+v", got, m.kept)
				}
				if p.calls[0] != (call{"us-east-1", "012345678901", "ReadOnly", "access"}) {
					t.Errorf("asked %+v", p.calls[0])
				}
			} else if m.kept != c.kept {
				t.Errorf("the cache has changed: %+v", m.kept)
			}
		})
	}
}

func TestTokenRefused(t *testing.T) {
	refusal := failing(wire.CodeUnauthorized, 401)
	_, err := source(newMemory(nil), tokens{}, answering(wire.RoleCredentials{}, refusal)).Get(t.Context(), role())
	var e *session.SignInRequiredError
	if !errors.As(err, &e) || e.Reason != session.TokenRefused || e.Target != role().Target || !errors.Is(err, refusal) {
		t.Fatalf("got %#v", err)
	}
	if want := "The SSO session associated with this profile has expired or is otherwise invalid."; err.Error() != want {
		t.Errorf("says %q", err)
	}
}

func TestUnusableAnswers(t *testing.T) {
	arrivedExpired, empty, impossible := renewed(), renewed(), renewed()
	impossible.Expiration = math.MaxInt64
	arrivedExpired.Expiration = start().UnixMilli()
	empty.SecretAccessKey = ""
	for _, c := range []struct {
		answer wire.RoleCredentials
		text   string
	}{
		{arrivedExpired, "Credentials were refreshed, but the refreshed credentials are still expired."},
		{empty, `the portal's answer for role "ReadOnly" in account 012345678901 holds no credentials`},
		{impossible, `the portal's answer for role "ReadOnly" in account 012345678901 says an impossible expiry`},
		{wire.RoleCredentials{}, `the portal's answer for role "ReadOnly" in account 012345678901 holds no credentials`},
	} {
		m := newMemory(nil)
		if _, err := source(m, tokens{}, answering(c.answer, nil)).Get(t.Context(), role()); err == nil || err.Error() != c.text || m.kept != nil {
			t.Errorf("got %v, kept %v; want %s", err, m.kept, c.text)
		}
		if got, err := source(newMemory(cached(time.Minute)), tokens{}, answering(c.answer, nil)).Get(t.Context(), role()); err != nil || got != *cached(time.Minute) {
			t.Errorf("with some left: got %v, %v", got, err)
		}
	}
}

// Neither a cache that cannot be written nor one that cannot be locked keeps anybody from working.
func TestCacheOutOfOrder(t *testing.T) {
	m := newMemory(nil)
	m.saveErr, m.lockErr = errors.New("no space left on device"), errors.New("read-only file system")
	var log strings.Builder
	s := source(m, tokens{}, answering(renewed(), nil))
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if got, err := s.Get(t.Context(), role()); err != nil || got.AccessKeyID != "new" {
		t.Errorf("got %v, %v", got, err)
	}
	if l := log.String(); !strings.Contains(l, "level=WARN") || !strings.Contains(l, "no space left") {
		t.Errorf("logged %s", l)
	}
}

func TestReadAgainUnderTheLock(t *testing.T) {
	others := func(left time.Duration) *credentials.Credentials {
		c := cached(left)
		c.AccessKeyID = "others"
		return c
	}
	for name, c := range map[string]struct {
		before, during *credentials.Credentials
		calls          int
		want           string
	}{
		"fetched by another":              {nil, others(time.Hour), 0, "others"},
		"fetched by another, short lives": {cached(time.Minute), others(10 * time.Minute), 0, "others"},
		"expired again":                   {cached(0), others(0), 1, "new"},
		"as before":                       {cached(time.Minute), cached(time.Minute), 1, "new"},
	} {
		t.Run(name, func(t *testing.T) {
			m, p := newMemory(c.before), answering(renewed(), nil)
			m.onLock = func() { m.kept = c.during }
			got, err := source(m, tokens{}, p).Get(t.Context(), role())
			if err != nil || got.AccessKeyID != c.want || len(p.calls) != c.calls {
				t.Errorf("got %v, %v after %d calls", got, err, len(p.calls))
			}
		})
	}
}

// Another process that hangs costs a bounded wait; then the credentials are fetched without it.
func TestLockWaitIsBounded(t *testing.T) {
	for set, bound := range map[time.Duration]time.Duration{0: session.DefaultLockWait, time.Second: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(nil)
			m.locked <- struct{}{}
			s := source(m, tokens{}, answering(renewed(), nil))
			s.LockWait = set
			began := time.Now()
			got, err := s.Get(t.Context(), role())
			if err != nil || got.AccessKeyID != "new" || time.Since(began) != bound {
				t.Errorf("got %v, %v after %v", got, err, time.Since(began))
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	interrupted := errors.New("interrupted")
	t.Run("while waiting for the lock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, p := newMemory(cached(time.Minute)), answering(renewed(), nil)
			m.locked <- struct{}{}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(interrupted) })
			if got, err := source(m, tokens{}, p).Get(ctx, role()); !errors.Is(err, interrupted) || len(p.calls) != 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	})
	t.Run("while fetching", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		p := &portal{answer: func(ctx context.Context) (wire.RoleCredentials, error) {
			cancel(interrupted)
			return wire.RoleCredentials{}, ctx.Err()
		}}
		if got, err := source(newMemory(cached(time.Minute)), tokens{}, p).Get(ctx, role()); !errors.Is(err, interrupted) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestOneFetchOfMany(t *testing.T) {
	home := t.TempDir()
	var calls atomic.Int32
	p := &portal{answer: func(context.Context) (wire.RoleCredentials, error) {
		calls.Add(1)
		time.Sleep(30 * time.Millisecond)
		return renewed(), nil
	}}
	var wg sync.WaitGroup
	for range 32 {
		s := source(cache.New(home), tokens{}, p)
		wg.Go(func() {
			if got, err := s.Get(context.Background(), role()); err != nil || got.AccessKeyID != "new" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls to the portal", n)
	}
}
