package loopback_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/loopback"
)

func epoch() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func serve(t *testing.T, log io.Writer, get func(ctx context.Context, profile string) (credentials.Credentials, error)) *loopback.CredentialServer {
	t.Helper()
	s, err := loopback.ServeCredentials(t.Context(), loopback.CredentialConfig{
		Address: "127.0.0.1:0", Clients: []loopback.Client{{"one", "token-1"}, {"two", "token-2"}},
		Serves: func(profile string) bool { return profile != "unlisted" }, Credentials: get,
		Refuse: func(err error) loopback.Refusal {
			return loopback.Refusal{Status: 403, Code: "No", Message: err.Error()}
		},
		Clock: clock.NewFake(epoch()), Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ask(t *testing.T, method, url, host, token string) (status int, body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestServedCredentials(t *testing.T) {
	var log strings.Builder
	var asked []string
	s := serve(t, &log, func(_ context.Context, profile string) (credentials.Credentials, error) {
		asked = append(asked, profile)
		switch profile {
		case "fails":
			return credentials.Credentials{}, errors.New("sign in first")
		case "keys":
			return credentials.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s-e-c-r-e-t"}, nil
		}
		return credentials.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s-e-c-r-e-t", SessionToken: "s-e-s-s", ExpiresAt: epoch().Add(time.Minute), AccountID: "111122223333"}, nil
	})
	dev := s.URL("dev")
	port := s.Address()[strings.LastIndexByte(s.Address(), ':'):]
	const got = `{"AccessKeyId":"ASIA","SecretAccessKey":"s-e-c-r-e-t","Token":"s-e-s-s","Expiration":"2026-11-23T10:01:00Z","AccountId":"111122223333"}`
	for name, c := range map[string]struct {
		method, url, host, token string
		status                   int
		body                     string
	}{
		"good":                  {"GET", dev, "", "token-1", 200, got},
		"another client":        {"GET", dev, "", "token-2", 200, got},
		"by the name":           {"GET", dev, "localhost" + port, "token-1", 200, got},
		"through ssh -R":        {"GET", dev, "127.0.0.1:9911", "token-1", 200, got},
		"odd name":              {"GET", s.URL("a/b %é"), "", "token-1", 200, got},
		"keys":                  {"GET", s.URL("keys"), "", "token-1", 200, `{"AccessKeyId":"AKIA","SecretAccessKey":"s-e-c-r-e-t","Token":"","Expiration":"2026-11-23T11:00:00Z"}`},
		"fails":                 {"GET", s.URL("fails"), "", "token-1", 403, `{"code":"No","message":"sign in first"}`},
		"no token":              {"GET", dev, "", "", 401, `"code":"Unauthorized"`},
		"wrong token":           {"GET", dev, "", "token-3", 403, `"code":"AccessDenied"`},
		"half a token":          {"GET", dev, "", "token-", 403, `"code":"AccessDenied"`},
		"scheme":                {"GET", dev, "", "Bearer token-1", 403, `"code":"AccessDenied"`},
		"rebinding":             {"GET", dev, "evil.example" + port, "token-1", 421, `"code":"WrongHost"`},
		"rebinding, look-alike": {"GET", dev, "127.0.0.1.evil.example", "token-1", 421, `"code":"WrongHost"`},
		"another machine":       {"GET", dev, "192.0.2.1" + port, "token-1", 421, `"code":"WrongHost"`},
		"method":                {"POST", dev, "", "token-1", 405, `"code":"MethodNotAllowed"`},
		"preflight":             {"OPTIONS", dev, "", "", 401, `"code":"Unauthorized"`},
		"unlisted":              {"GET", s.URL("unlisted"), "", "token-1", 404, `"code":"NotFound"`},
		"elsewhere":             {"GET", "http://" + s.Address() + "/", "", "token-1", 404, `"code":"NotFound"`},
		"elsewhere, no token":   {"GET", "http://" + s.Address() + "/", "", "", 401, `"code":"Unauthorized"`},
	} {
		t.Run(name, func(t *testing.T) {
			asked = nil
			status, body, header := ask(t, c.method, c.url, c.host, c.token)
			if status != c.status || !strings.Contains(body, c.body) || !json.Valid([]byte(body)) {
				t.Errorf("got %d %s; want %d %s", status, body, c.status, c.body)
			}
			if header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "no-store" || header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", header)
			}
			if wanted := status == 200 || name == "fails"; (len(asked) == 1) != wanted {
				t.Errorf("asked for %q", asked)
			}
			if name == "odd name" && asked[0] != "a/b %é" {
				t.Errorf("asked for %q", asked)
			}
		})
	}
	if l := log.String(); strings.Contains(l, "token-") || strings.Contains(l, "s-e-") || !strings.Contains(l, "client=two") {
		t.Errorf("logged %s", l)
	}
}

// Many ask at once: one fetch for each profile, and one that hangs up takes nothing from the others.
func TestServedOnce(t *testing.T) {
	var calls atomic.Int32
	begun, release := make(chan struct{}, 8), make(chan struct{})
	s := serve(t, io.Discard, func(ctx context.Context, profile string) (credentials.Credentials, error) {
		calls.Add(1)
		begun <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
			return credentials.Credentials{}, ctx.Err()
		}
		return credentials.Credentials{AccessKeyID: profile}, nil
	})
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL("a"), nil)
		if err == nil {
			req.Header.Set("Authorization", "token-1")
			_, err = (&http.Transport{}).RoundTrip(req) //nolint:bodyclose // there is none
		}
		first <- err
	}()
	<-begun
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			profile := "ab"[i%2 : i%2+1]
			if status, body, _ := ask(t, "GET", s.URL(profile), "", "token-1"); status != 200 || !strings.Contains(body, `"AccessKeyId":"`+profile+`"`) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
	<-begun
	hangUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	time.Sleep(300 * time.Millisecond) // for the rest to arrive
	close(release)
	wg.Wait()
	if n := calls.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
	if status, _, _ := ask(t, "GET", s.URL("a"), "", "token-1"); status != 200 || calls.Load() != 3 {
		t.Errorf("later: %d after %d fetches: an old answer is not kept", status, calls.Load())
	}
}

// A server that ends lets go of who is asking, and is gone.
func TestServedEnds(t *testing.T) {
	begun := make(chan struct{})
	s := serve(t, io.Discard, func(ctx context.Context, _ string) (credentials.Credentials, error) {
		close(begun)
		<-ctx.Done()
		return credentials.Credentials{}, ctx.Err()
	})
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		req, _ := http.NewRequest(http.MethodGet, s.URL("a"), nil)
		req.Header.Set("Authorization", "token-1")
		if resp, err := (&http.Transport{}).RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-begun
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	<-asked
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := (&http.Transport{}).RoundTrip(mustRequest(s.URL("a"))); err == nil { //nolint:bodyclose // an error has none
		t.Error("it still answers")
	}
}

func mustRequest(url string) *http.Request {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	return req
}

func TestServedOnThisMachineAlone(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "localhost:0": "127.0.0.1:0", "[::1]:8080": "[::1]:8080", "127.8.9.1:1": "127.8.9.1:1",
		"0.0.0.0:80": "", ":80": "", "[::]:80": "", "192.0.2.1:80": "", "example.com:80": "", "127.0.0.1": "", "127.0.0.1:": "", "127.0.0.1:99999": "", "": "",
		"localhost.evil.example:80": "", "[::1%lo]:80": "", "127.0.0.1:x": "", "[::ffff:192.0.2.1]:80": "",
	} {
		_, got, err := loopback.CheckAddress(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", address, got, err, want)
		}
		if bad := new(loopback.AddressError); err != nil && !errors.As(err, &bad) {
			t.Errorf("%q: %T", address, err)
		}
	}
	for name, clients := range map[string][]loopback.Client{"none": nil, "no token": {{"one", ""}}} {
		if s, err := loopback.ServeCredentials(t.Context(), loopback.CredentialConfig{Address: "127.0.0.1:0", Clients: clients}); err == nil {
			t.Errorf("%s: serves at %s", name, s.Address())
		}
	}
}
