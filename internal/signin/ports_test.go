package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

func start() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func corp() signin.Request {
	return signin.Request{
		Target:    session.Target{Profile: "dev", Session: "corp", StartURL: "https://sso.corp.example/", Region: "us-east-1"},
		IssuerURL: "https://d-abc.awsapps.com/start",
	}
}

func legacy() signin.Request {
	const url = "https://d-abc.awsapps.com/start#/"
	return signin.Request{Target: session.Target{Profile: "old", StartURL: url, Region: "us-east-1"}, IssuerURL: url}
}

func device(r signin.Request) signin.Request {
	r.UseDevice = true
	return r
}

func scoped(r signin.Request, scopes ...string) signin.Request {
	r.Scopes = scopes
	return r
}

// stage is every port of a [signin.Flow], scripted, and a record of what went through them in order.
type stage struct {
	t     *testing.T
	clock *clock.Fake
	log   []string

	// answers to CreateToken and StartDeviceAuthorization, taken from the front; the last one stays.
	// An error stands for itself, anything else is the answer.
	tokens, devices []any
	registerErr     error
	registrations   int // given out so far
	lifetime        time.Duration
	cached          map[string]signin.Registration
	saveErr         error
	saved           map[string]session.Token
	listenErr       error
	wait            func(ctx context.Context) (signin.Callback, error)
	finished        []string
	closed          int // how often the latest listener was
	url             string
	onCode          func()
}

func newStage(t *testing.T) *stage {
	s := &stage{
		t: t, clock: clock.NewFake(start()), lifetime: 90 * 24 * time.Hour,
		cached: map[string]signin.Registration{}, saved: map[string]session.Token{},
		tokens:  []any{approved()},
		devices: []any{wire.StartDeviceAuthorizationResponse{DeviceCode: "device-code", UserCode: "ABCD-EFGH", ExpiresIn: 600, Interval: 1}},
	}
	s.wait = func(context.Context) (signin.Callback, error) { return signin.Callback{Code: "the-code"}, nil }
	return s
}

func approved() wire.CreateTokenResponse {
	return wire.CreateTokenResponse{AccessToken: "access", ExpiresIn: 3600, RefreshToken: "refresh", TokenType: "Bearer"}
}

func refused(code wire.Code, status int) error {
	return &wire.ServiceError{Operation: "CreateToken", Code: code, Status: status, Attempts: 1}
}

func pending() error { return refused(wire.CodeAuthorizationPending, 400) }

func (s *stage) flow() *signin.Flow {
	return &signin.Flow{
		OIDC: s, Registrations: registrations{s}, Presenter: s, Clock: s.clock,
		Random: bytes.NewReader(bytes.Repeat([]byte{0, 1, 62, 63, 64, 255, 128, 7}, 40)),
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Listen: func(_ context.Context, path, state string) (signin.Listener, error) {
			s.note("listen on %s for %s", path, state)
			if s.listenErr != nil {
				return nil, s.listenErr
			}
			s.closed = 0
			return s, nil
		},
		Save: func(_ context.Context, key string, t session.Token) error {
			s.note("save %s", key)
			if s.saveErr == nil {
				s.saved[key] = t
			}
			return s.saveErr
		},
	}
}

func (s *stage) note(format string, args ...any) { s.log = append(s.log, fmt.Sprintf(format, args...)) }

func (s *stage) call(name string, req any) {
	b, err := json.Marshal(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.note("%s %s", name, b)
}

// next takes the next scripted answer.
func next[T any](script *[]any) (out T, err error) {
	a := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	if err, ok := a.(error); ok {
		return out, err
	}
	return a.(T), nil
}

func (s *stage) RegisterClient(_ context.Context, req wire.RegisterClientRequest) (wire.RegisterClientResponse, error) {
	s.call("RegisterClient", req)
	if s.registerErr != nil {
		return wire.RegisterClientResponse{}, s.registerErr
	}
	s.registrations++
	return wire.RegisterClientResponse{
		ClientID: fmt.Sprintf("client-%d", s.registrations), ClientSecret: wire.Secret(fmt.Sprintf("secret-%d", s.registrations)),
		ClientSecretExpiresAt: s.clock.Now().Add(s.lifetime).Unix(),
	}, nil
}

func (s *stage) StartDeviceAuthorization(_ context.Context, req wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error) {
	s.call("StartDeviceAuthorization", req)
	return next[wire.StartDeviceAuthorizationResponse](&s.devices)
}

func (s *stage) CreateToken(ctx context.Context, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	s.call("CreateToken", req)
	if err := ctx.Err(); err != nil {
		return wire.CreateTokenResponse{}, err
	}
	return next[wire.CreateTokenResponse](&s.tokens)
}

func (s *stage) AuthorizeURL() (string, error) {
	return "https://oidc.us-east-1.amazonaws.com/authorize", nil
}

func (s *stage) OpenURL(_ context.Context, url string) {
	s.url = url
	s.note("open the URL")
}

func (s *stage) EnterCode(_ context.Context, d wire.StartDeviceAuthorizationResponse) {
	s.note("enter %s", d.UserCode)
	if s.onCode != nil {
		s.onCode()
	}
}

func (s *stage) RedirectURI() string { return "http://127.0.0.1:4711/oauth/callback" }

func (s *stage) Wait(ctx context.Context) (signin.Callback, error) {
	cb, err := s.wait(ctx)
	cb.Finish = func(failure string) {
		if s.closed > 0 {
			s.t.Error("the page is finished after the listener was closed")
		}
		s.note("finish %q", failure)
		s.finished = append(s.finished, failure)
	}
	return cb, err
}

func (s *stage) Close() { s.closed++ }

type registrations struct{ s *stage }

func keyOf(k signin.RegistrationKey) string {
	return fmt.Sprintf("%s %q %s %s", k.Region, k.Scopes, k.Session, k.StartURL)
}

func (r registrations) LoadRegistration(k signin.RegistrationKey) (signin.Registration, bool) {
	reg, ok := r.s.cached[keyOf(k)]
	return reg, ok
}

func (r registrations) SaveRegistration(k signin.RegistrationKey, reg signin.Registration) error {
	r.s.cached[keyOf(k)] = reg
	return nil
}

func (r registrations) DropRegistration(k signin.RegistrationKey) error {
	delete(r.s.cached, keyOf(k))
	return nil
}

// count says how often something was done.
func (s *stage) count(prefix string) int {
	n := 0
	for _, l := range s.log {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

func (s *stage) wantLog(want ...string) {
	s.t.Helper()
	if !slices.Equal(s.log, want) {
		s.t.Errorf("went through the ports:\n%s\nwant\n%s", strings.Join(s.log, "\n"), strings.Join(want, "\n"))
	}
}
