package signin_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

// What the scripted randomness comes to: eight bytes over and over, modulo 64 into A-Za-z0-9-_.
const (
	verifier = "AB-_A_AHAB-_A_AHAB-_A_AHAB-_A_AHAB-_A_AHAB-_A_AHAB-_A_AHAB-_A_AH"
	state    = "00013e3f-40ff-4007-8001-3e3f40ff8007"
)

func TestCodeFlow(t *testing.T) {
	s := newStage(t)
	if err := s.flow().SignIn(t.Context(), corp()); err != nil {
		t.Fatal(err)
	}
	s.wantLog(
		`RegisterClient {"clientName":"botocore-client-corp","clientType":"public","scopes":["sso:account:access"],"redirectUris":["http://127.0.0.1/oauth/callback"],"grantTypes":["authorization_code","refresh_token"],"issuerUrl":"https://d-abc.awsapps.com/start"}`,
		`listen on /oauth/callback for `+state,
		`open the URL`,
		`CreateToken {"clientId":"client-1","clientSecret":"secret-1","grantType":"authorization_code","code":"the-code","redirectUri":"http://127.0.0.1:4711/oauth/callback","codeVerifier":"`+verifier+`"}`,
		`save corp`,
		`finish ""`,
	)
	sum := sha256.Sum256([]byte(verifier))
	want := "https://oidc.us-east-1.amazonaws.com/authorize?response_type=code&client_id=client-1" +
		"&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Foauth%2Fcallback&state=" + state +
		"&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&code_challenge=" + base64.RawURLEncoding.EncodeToString(sum[:])
	if s.url != want {
		t.Errorf("opened %s\n  want %s", s.url, want)
	}
	end := start().Add(90 * 24 * time.Hour)
	if got, want := s.saved["corp"], (session.Token{
		StartURL: "https://sso.corp.example/", Region: "us-east-1", AccessToken: "access", ExpiresAt: start().Add(time.Hour),
		ClientID: "client-1", ClientSecret: "secret-1", RegistrationExpiresAt: end, RefreshToken: "refresh",
	}); got != want {
		t.Errorf("saved %+v\nwant %+v", got, want)
	}
	reg, ok := s.cached[`us-east-1 [] corp https://sso.corp.example/`]
	if !ok || len(s.cached) != 1 || reg.ClientID != "client-1" || reg.ClientSecret != "secret-1" || !reg.ExpiresAt.Equal(end) ||
		strings.Join(reg.Scopes, ",") != "sso:account:access" || strings.Join(reg.GrantTypes, ",") != "authorization_code,refresh_token" {
		t.Errorf("cached %+v", s.cached)
	}
	if s.closed != 1 {
		t.Errorf("the listener was closed %d times", s.closed)
	}
}

// RFC 7636 and the UUID's form, with randomness that is random.
func TestCodeSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		s := newStage(t)
		f := s.flow()
		f.Random = rand.Reader
		if err := f.SignIn(t.Context(), corp()); err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		v := regexp.MustCompile(`"codeVerifier":"([A-Za-z0-9._~-]{64})"`).FindStringSubmatch(strings.Join(s.log, "\n"))
		st := u.Query().Get("state")
		if v == nil || !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(st) {
			t.Fatalf("verifier %q, state %q", v, st)
		}
		sum := sha256.Sum256([]byte(v[1]))
		if got := u.Query().Get("code_challenge"); got != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("challenge %q of %q", got, v[1])
		}
		if seen[st] || seen[v[1]] {
			t.Error("the same secret twice")
		}
		seen[st], seen[v[1]] = true, true
	}
}

func TestNoRandomness(t *testing.T) {
	s := newStage(t)
	f := s.flow()
	f.Random = iotest.ErrReader(errors.New("no entropy"))
	if err := f.SignIn(t.Context(), corp()); err == nil || s.count("listen") != 0 || len(s.saved) != 0 {
		t.Errorf("got %v after %q", err, s.log)
	}
}

func TestScopes(t *testing.T) {
	r := scoped(corp(), "sso:account:access", "code whisperer:é+&")
	s := newStage(t)
	if err := s.flow().SignIn(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.log[0], `"scopes":["sso:account:access","code whisperer:é+\u0026"]`) {
		t.Errorf("registered %s", s.log[0])
	}
	if !strings.Contains(s.url, "&scopes=sso%3Aaccount%3Aaccess%20code%20whisperer%3A%C3%A9%2B%26&") {
		t.Errorf("opened %s", s.url)
	}
	if _, ok := s.cached[`us-east-1 ["sso:account:access" "code whisperer:é+&"] corp https://sso.corp.example/`]; !ok {
		t.Errorf("cached under %v", s.cached)
	}
}

// Whatever goes wrong, the browser is told so, nothing is saved and the listener is closed.
func TestCodeFailures(t *testing.T) {
	denied := &signin.AuthorizeError{Code: "access_denied", Description: "The user said no."}
	grant, disk := refused(wire.CodeInvalidGrant, 400), errors.New("no space left on device")
	for name, c := range map[string]struct {
		spoil func(*stage)
		text  string
		is    error
		pages int
	}{
		"denied": {func(s *stage) {
			s.wait = func(context.Context) (signin.Callback, error) { return signin.Callback{Err: denied}, nil }
		}, "Error loading authorization code: Failed to retrieve an authorization code. access_denied: The user said no.", denied, 1},
		"code refused":    {func(s *stage) { s.tokens = []any{grant} }, grant.Error(), grant, 1},
		"code expired":    {func(s *stage) { s.tokens = []any{refused(wire.CodeExpiredToken, 400)} }, (&signin.ExpiredError{}).Error(), nil, 1},
		"not saved":       {func(s *stage) { s.saveErr = disk }, disk.Error(), disk, 1},
		"no access token": {func(s *stage) { s.tokens = []any{wire.CreateTokenResponse{ExpiresIn: 1}} }, "the service's answer to CreateToken holds no access token", nil, 1},
		"listener broken": {func(s *stage) {
			s.wait = func(context.Context) (signin.Callback, error) { return signin.Callback{}, disk }
		}, disk.Error(), disk, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			c.spoil(s)
			err := s.flow().SignIn(t.Context(), corp())
			if err == nil || err.Error() != c.text || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v\nwant %s", err, c.text)
			}
			if len(s.finished) != c.pages || c.pages == 1 && s.finished[0] != c.text {
				t.Errorf("the browser saw %q", s.finished)
			}
			if len(s.saved) != 0 || s.closed != 1 || s.registrations != 1 {
				t.Errorf("saved %v, closed %d times, %d registrations", s.saved, s.closed, s.registrations)
			}
		})
	}
	if !denied.Denied() || (&signin.AuthorizeError{Code: "server_error"}).Denied() {
		t.Error("Denied is wrong")
	}
}

func TestNoListener(t *testing.T) {
	s := newStage(t)
	s.listenErr = errors.New("permission denied")
	err := s.flow().SignIn(t.Context(), corp())
	var e *signin.ListenError
	if !errors.As(err, &e) || !errors.Is(err, s.listenErr) || err.Error() != "Unable to initialize the OAuth 2.0 authorization callback handler: permission denied" {
		t.Errorf("got %v", err)
	}
	if s.url != "" || s.closed != 0 || s.count("CreateToken") != 0 {
		t.Errorf("went on: %q", s.log)
	}
}

func TestRegistrationFails(t *testing.T) {
	for _, r := range []signin.Request{corp(), legacy()} {
		s := newStage(t)
		s.registerErr = refused(wire.CodeInvalidClientMetadata, 400)
		if err := s.flow().SignIn(t.Context(), r); !errors.Is(err, s.registerErr) || len(s.log) != 1 || len(s.cached) != 0 {
			t.Errorf("got %v after %q", err, s.log)
		}
	}
}

// Nobody comes back from the browser.
func TestCodeTimeout(t *testing.T) {
	for _, reused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t)
			if reused {
				if err := s.flow().SignIn(t.Context(), corp()); err != nil {
					t.Fatal(err)
				}
			}
			s.saved = map[string]session.Token{}
			s.wait = untilDone
			began := time.Now()
			err := s.flow().SignIn(t.Context(), corp())
			var e *signin.ExpiredError
			if !errors.As(err, &e) || time.Since(began) != 10*time.Minute || s.closed != 1 || len(s.saved) != 0 {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
			// The browser may have refused an old registration for good, which nobody tells us.
			if kept := len(s.cached) == 1; kept == reused {
				t.Errorf("reused %v, kept %v", reused, kept)
			}
		})
	}
}

func untilDone(ctx context.Context) (signin.Callback, error) {
	<-ctx.Done()
	return signin.Callback{}, context.Cause(ctx)
}

func TestCodeInterrupt(t *testing.T) {
	interrupted := errors.New("interrupted")
	s := newStage(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	s.wait = func(ctx context.Context) (signin.Callback, error) {
		cancel(interrupted)
		return untilDone(ctx)
	}
	if err := s.flow().SignIn(ctx, corp()); !errors.Is(err, interrupted) || s.closed != 1 || len(s.saved) != 0 {
		t.Errorf("got %v", err)
	}
}
