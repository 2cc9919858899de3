package ssoapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Secrets that a test sends, none of which may turn up in an error or a log.
const (
	secretToken  = "token-that-nobody-may-see"
	secretClient = "client-secret-that-nobody-may-see"
	secretCode   = "code-that-nobody-may-see"
	secretKey    = "secret-key-that-nobody-may-see"
)

// rig is a client with a clock that the test moves, and what it logged.
type rig struct {
	*Client
	clock *clock.Fake
	log   *bytes.Buffer
}

func newRig(t *testing.T, change ...func(*Config)) rig {
	t.Helper()
	r := rig{clock: clock.NewFake(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)), log: &bytes.Buffer{}}
	c := Config{
		ConnectTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		LookupEnv: func(string) (string, bool) { return "", false },
		Clock:     r.clock, Random: rand.Reader, UserAgent: "keyfob/test",
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&c)
	}
	r.Client = New(c)
	t.Cleanup(func() {
		if transport, err := r.http.get(); err == nil {
			transport.CloseIdleConnections()
		}
	})
	return r
}

// withoutSecrets fails the test if a secret is in what a person or a log gets to see.
func (r rig) withoutSecrets(t *testing.T, err error) {
	t.Helper()
	shown := r.log.String()
	if err != nil {
		shown += fmt.Sprintf("%v %+v", err, err)
	}
	if strings.Contains(shown, "nobody-may-see") {
		t.Errorf("a secret got out:\n%s", shown)
	}
}

// script is a server that gives one answer after the other, the last one for ever, and keeps what it
// was asked.
type script struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []*http.Request
	bodies  []string
	answers []http.HandlerFunc
}

func newScript(t *testing.T, answers ...http.HandlerFunc) *script {
	t.Helper()
	s := &script{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.asked, s.bodies = append(s.asked, r), append(s.bodies, string(body))
		answer := s.answers[min(len(s.asked), len(s.answers))-1]
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// reset breaks the connection without an answer.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, _ := http.NewResponseController(w).Hijack()
	_ = conn.Close()
}

func accounts(r rig, ctx context.Context, url string) (wire.ListAccountsResponse, error) {
	return r.ListAccounts(ctx, url, secretToken, "", 0)
}

const goodAccounts = `{"accountList":[{"accountId":"000000000042","accountName":"Sandbox"}]}`

// TestRequests holds what goes over the wire, to the byte.
func TestRequests(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name   string
		call   func(r rig, url string) error
		reply  string
		line   string
		header map[string]string
		body   string
	}{
		{
			name: "RegisterClient", line: "POST /client/register",
			call: func(r rig, url string) error {
				_, err := r.RegisterClient(ctx, url, wire.RegisterClientRequest{ClientName: "keyfob", ClientType: "public", Scopes: []string{"sso:account:access"}})
				return err
			},
			header: map[string]string{"Content-Type": "application/json"},
			body:   `{"clientName":"keyfob","clientType":"public","scopes":["sso:account:access"]}`,
		},
		{
			name: "StartDeviceAuthorization", line: "POST /device_authorization",
			call: func(r rig, url string) error {
				_, err := r.StartDeviceAuthorization(ctx, url, wire.StartDeviceAuthorizationRequest{ClientID: "c", ClientSecret: secretClient, StartURL: "https://x"})
				return err
			},
			header: map[string]string{"Content-Type": "application/json"},
			body:   `{"clientId":"c","clientSecret":"` + secretClient + `","startUrl":"https://x"}`,
			reply:  `{"deviceCode":"d","userCode":"u","verificationUri":"https://127.0.0.1/device"}`,
		},
		{
			name: "CreateToken", line: "POST /token",
			call: func(r rig, url string) error {
				_, err := r.CreateToken(ctx, url, wire.CreateTokenRequest{ClientID: "c", ClientSecret: secretClient, GrantType: "authorization_code", Code: secretCode, RedirectURI: "http://127.0.0.1:1/oauth/callback", CodeVerifier: "v"})
				return err
			},
			header: map[string]string{"Content-Type": "application/json"},
			body:   `{"clientId":"c","clientSecret":"` + secretClient + `","grantType":"authorization_code","code":"` + secretCode + `","redirectUri":"http://127.0.0.1:1/oauth/callback","codeVerifier":"v"}`,
		},
		{
			name: "ListAccounts", line: "GET /assignment/accounts",
			call:   func(r rig, url string) error { _, err := r.ListAccounts(ctx, url, secretToken, "", 0); return err },
			header: map[string]string{wire.HeaderBearerToken: secretToken},
		},
		{
			name: "ListAccounts, next page", line: "GET /assignment/accounts?max_result=7&next_token=a%2Bb%2F%3D",
			call:   func(r rig, url string) error { _, err := r.ListAccounts(ctx, url, secretToken, "a+b/=", 7); return err },
			header: map[string]string{wire.HeaderBearerToken: secretToken},
		},
		{
			name: "ListAccountRoles", line: "GET /assignment/roles?account_id=000000000042",
			call: func(r rig, url string) error {
				_, err := r.ListAccountRoles(ctx, url, secretToken, "000000000042", "", 0)
				return err
			},
			header: map[string]string{wire.HeaderBearerToken: secretToken},
		},
		{
			name: "GetRoleCredentials", line: "GET /federation/credentials?account_id=000000000042&role_name=Read%2BOnly%40x",
			call: func(r rig, url string) error {
				_, err := r.GetRoleCredentials(ctx, url, secretToken, "000000000042", "Read+Only@x")
				return err
			},
			header: map[string]string{wire.HeaderBearerToken: secretToken},
		},
		{
			name: "Logout", line: "POST /logout",
			call:   func(r rig, url string) error { return r.Logout(ctx, url, secretToken) },
			header: map[string]string{wire.HeaderBearerToken: secretToken},
		},
		{
			name: "GetCallerIdentity", line: "POST /",
			call: func(r rig, url string) error {
				_, err := r.GetCallerIdentity(ctx, url, "eu-central-1", Keys{"AKIA", secretKey, secretToken})
				return err
			},
			reply:  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::1:x</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`,
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Amz-Security-Token": secretToken, "X-Amz-Date": "20260304T050607Z"},
			body:   "Action=GetCallerIdentity&Version=2011-06-15",
		},
		{
			name: "AssumeRole", line: "POST /",
			call: func(r rig, url string) error {
				got, err := r.AssumeRole(ctx, url, "eu-central-1", Keys{"AKIA", secretKey, secretToken}, AssumeRoleRequest{
					RoleARN: "arn:aws:iam::1:role/r", RoleSessionName: "n", DurationSeconds: "900", ExternalID: "e&", SerialNumber: "s", TokenCode: "123456",
				})
				return assumedWhole(got.Credentials, err)
			},
			reply:  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` + stsCredentials + `</AssumeRoleResult></AssumeRoleResponse>`,
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Amz-Security-Token": secretToken, "X-Amz-Date": "20260304T050607Z"},
			body: "Action=AssumeRole&DurationSeconds=900&ExternalId=e%26&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=n" +
				"&SerialNumber=s&TokenCode=123456&Version=2011-06-15",
		},
		{
			name: "AssumeRoleWithWebIdentity", line: "POST /",
			call: func(r rig, url string) error {
				got, err := r.AssumeRoleWithWebIdentity(ctx, url, AssumeRoleRequest{RoleARN: "r", RoleSessionName: "n"}, secretToken)
				return assumedWhole(got.Credentials, err)
			},
			reply: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>` + stsCredentials +
				`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Accept": "application/json"},
			body:   "Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=n&Version=2011-06-15&WebIdentityToken=" + secretToken,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.reply == "" {
				c.reply = "{}"
			}
			for _, slash := range []string{"", "/", "/prefix"} {
				r, s := newRig(t), newScript(t, answer(200, c.reply))
				if err := c.call(r, s.URL+slash); err != nil {
					t.Fatal(err)
				}
				got := s.asked[0]
				method, path, _ := strings.Cut(c.line, " ")
				if slash == "/prefix" {
					path = slash + path
				}
				if line := got.Method + " " + got.RequestURI; line != method+" "+path {
					t.Errorf("sent %s, want %s %s", line, method, path)
				}
				want := map[string]string{"User-Agent": "keyfob/test", "Amz-Sdk-Request": "attempt=1; max=3"}
				if c.body != "" {
					want["Content-Length"] = got.Header.Get("Content-Length")
				}
				for name, value := range c.header {
					want[http.CanonicalHeaderKey(name)] = value
				}
				have := map[string]string{}
				for name := range got.Header {
					have[name] = got.Header.Get(name)
				}
				for _, name := range []string{"Amz-Sdk-Invocation-Id", "Accept", "Authorization", "Content-Length"} {
					delete(have, name)
					delete(want, name)
				}
				if d := cmp.Diff(want, have); d != "" {
					t.Errorf("headers (-want +got):\n%s", d)
				}
				if id := got.Header.Get("Amz-Sdk-Invocation-Id"); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
					t.Errorf("invocation id %q is no UUID", id)
				}
				signed := got.Header.Get("Authorization")
				if (signed != "") != (c.name == "GetCallerIdentity" || c.name == "AssumeRole") {
					t.Errorf("Authorization is %q", signed)
				}
				if s.bodies[0] != c.body {
					t.Errorf("body %s\nwant %s", s.bodies[0], c.body)
				}
				r.withoutSecrets(t, nil)
			}
		})
	}
}

const stsCredentials = `<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>k</SecretAccessKey><SessionToken>t</SessionToken>` +
	`<Expiration>2026-11-23T04:07:46.5Z</Expiration></Credentials>`

func assumedWhole(got wire.STSCredentials, err error) error {
	want := wire.STSCredentials{AccessKeyID: "ASIA", SecretAccessKey: "k", SessionToken: "t", Expiration: time.Date(2026, 11, 23, 4, 7, 46, 5e8, time.UTC)}
	if err == nil && got != want {
		err = fmt.Errorf("got %+v", got)
	}
	return err
}

func TestAnswers(t *testing.T) {
	r, s := newRig(t), newScript(t, answer(200, goodAccounts+"\n", "Content-Type", "text/plain"))
	got, err := accounts(r, t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	want := wire.ListAccountsResponse{AccountList: []wire.AccountInfo{{AccountID: "000000000042", AccountName: "Sandbox"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	s = newScript(t, answer(200, ``))
	if err := r.Logout(t.Context(), s.URL, secretToken); err != nil {
		t.Errorf("an empty answer to Logout: %v", err)
	}
}

// TestNonsense is answers that say 200 and make no sense.
func TestNonsense(t *testing.T) {
	huge, _ := json.Marshal(strings.Repeat("x", maxBody))
	for name, body := range map[string]string{
		"nothing": "", "html": "<!doctype html><title>portal</title>", "an array": "[]", "cut off": `{"accountList":[{"acc`,
		"a number for an account": `{"accountList":[{"accountId":42}]}`, "huge": `{"nextToken":` + string(huge) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRig(t), newScript(t, answer(200, body))
			_, err := accounts(r, t.Context(), s.URL)
			var malformed *MalformedError
			if !errors.As(err, &malformed) {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(err.Error(), s.URL) || len(err.Error()) > 400 {
				t.Errorf("says %s", err)
			}
			if s.count() != 1 {
				t.Errorf("asked %d times", s.count())
			}
		})
	}
	for name, body := range map[string]string{"nothing": "", "json": "{}", "no ARN": `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"/>`} {
		r, s := newRig(t), newScript(t, answer(200, body))
		_, err := r.GetCallerIdentity(t.Context(), s.URL, "eu-central-1", Keys{})
		if !errors.As(err, new(*MalformedError)) {
			t.Errorf("GetCallerIdentity, %s: %v", name, err)
		}
		if _, err := r.AssumeRole(t.Context(), s.URL, "eu-central-1", Keys{}, AssumeRoleRequest{}); !errors.As(err, new(*MalformedError)) {
			t.Errorf("AssumeRole, %s: %v", name, err)
		}
	}
}

// TestNoDeviceAuthorization: without any one of these there is nothing to show and nothing to ask for.
func TestNoDeviceAuthorization(t *testing.T) {
	good := map[string]string{"deviceCode": "d", "userCode": "u", "verificationUri": "https://127.0.0.1/device"}
	for missing := range good {
		body := maps.Clone(good)
		delete(body, missing)
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r, s := newRig(t), newScript(t, answer(200, string(text)))
		_, err = r.StartDeviceAuthorization(t.Context(), s.URL, wire.StartDeviceAuthorizationRequest{})
		if !errors.As(err, new(*MalformedError)) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// TestBadEndpoint: what can never be reached is not tried, and a password in it is not repeated.
func TestBadEndpoint(t *testing.T) {
	for _, endpoint := range []string{
		"", "nonsense", "ftp://127.0.0.1", "https:///path", "http://%",
		"https://me:nobody-may-see@127.0.0.1 :1", "ftp://me:nobody-may-see@127.0.0.1",
	} {
		r := newRig(t)
		err := r.Logout(t.Context(), endpoint, secretToken)
		if !errors.As(err, new(*EndpointError)) || len(r.clock.Sleeps()) != 0 {
			t.Errorf("%q: %v, waited %v", endpoint, err, r.clock.Sleeps())
		}
		r.withoutSecrets(t, err)
	}
}

// TestPasswordInEndpoint: it is for whoever stands in front of the service.
func TestPasswordInEndpoint(t *testing.T) {
	r, s := newRig(t), newScript(t, answer(200, goodAccounts))
	_, err := accounts(r, t.Context(), strings.Replace(s.URL, "//", "//me:nobody-may-see@", 1))
	if err != nil {
		t.Fatal(err)
	}
	if user, password, ok := s.asked[0].BasicAuth(); !ok || user != "me" || password != "nobody-may-see" {
		t.Errorf("sent %q, %q, %v", user, password, ok)
	}
	r.withoutSecrets(t, nil)
}

// TestRedirectToNowhere: where it points does not have to make sense to be refused.
func TestRedirectToNowhere(t *testing.T) {
	for _, location := range []string{"", "http://[::1", "%zz"} {
		r, s := newRig(t), newScript(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(302)
		})
		_, err := r.CreateToken(t.Context(), s.URL, wire.CreateTokenRequest{Code: secretCode})
		if !errors.As(err, new(*RedirectError)) || s.count() != 1 {
			t.Errorf("%q: asked %d times: %v", location, s.count(), err)
		}
		r.withoutSecrets(t, err)
		if status, got, err := r.ResolveRedirect(t.Context(), s.URL); status != 302 || got != location || err != nil {
			t.Errorf("%q: resolves to %d %q, %v", location, status, got, err)
		}
	}
}

// TestRedirectIsNotFollowed: a token would be taken to wherever the answer points.
func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := newScript(t, answer(200, goodAccounts))
	for _, status := range []int{301, 302, 303, 307, 308} {
		r, s := newRig(t), newScript(t, answer(status, "", "Location", elsewhere.URL))
		_, err := accounts(r, t.Context(), s.URL)
		var redirect *RedirectError
		if !errors.As(err, &redirect) || redirect.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		if s.count() != 1 {
			t.Errorf("%d: asked %d times", status, s.count())
		}
	}
	if elsewhere.count() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestResolveRedirect(t *testing.T) {
	head := func(status int, location string, other http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead || other == nil {
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
				return
			}
			other(w, r)
		}
	}
	r := newRig(t)
	for _, c := range []struct {
		name     string
		h        http.HandlerFunc
		status   int
		location string
		asked    int
	}{
		{"a page", head(200, "", nil), 200, "", 1},
		{"a redirect", head(302, "https://elsewhere/", nil), 302, "https://elsewhere/", 1},
		{"HEAD is not allowed", head(405, "", answer(302, "", "Location", "https://elsewhere/")), 302, "https://elsewhere/", 2},
	} {
		s := newScript(t, c.h)
		status, location, err := r.ResolveRedirect(t.Context(), s.URL)
		if err != nil || status != c.status || location != c.location || s.count() != c.asked {
			t.Errorf("%s: %d %q %v, asked %d times", c.name, status, location, err, s.count())
		}
	}
}

func TestAuthorizeURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://oidc.eu-central-1.amazonaws.com": "https://oidc.eu-central-1.amazonaws.com/authorize",
		"http://127.0.0.1:8443/some/path?x=y":     "http://127.0.0.1:8443/authorize",
		"":                                        "", "/path": "", "http://%": "",
	} {
		got, err := AuthorizeURL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
