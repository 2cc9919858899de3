package ssoapi

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/wire"
)

func newTLSServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// bundleOf writes a server's certificate as a CA bundle.
func bundleOf(t *testing.T, s *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCertificates(t *testing.T) {
	s := newTLSServer(t, answer(200, goodAccounts))
	t.Run("untrusted", func(t *testing.T) {
		var asked atomic.Int32
		s := newTLSServer(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
		r := newRig(t)
		_, err := accounts(r, t.Context(), s.URL)
		if !errors.As(err, new(*TLSError)) || !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), s.URL) {
			t.Errorf("%v", err)
		}
		if len(r.clock.Sleeps()) != 0 || asked.Load() != 0 {
			t.Errorf("tried again after %v, asked %d times", r.clock.Sleeps(), asked.Load())
		}
		r.withoutSecrets(t, err)
	})
	t.Run("trusted by a bundle", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.CABundle = bundleOf(t, s) })
		if _, err := accounts(r, t.Context(), s.URL); err != nil {
			t.Error(err)
		}
	})
	t.Run("trusted for another name only", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.CABundle = bundleOf(t, s) })
		_, err := accounts(r, t.Context(), strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
		if !errors.As(err, new(*TLSError)) {
			t.Errorf("%v", err)
		}
	})
	t.Run("not verified", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.NoVerifySSL, c.CABundle = true, "/nowhere" })
		if _, err := accounts(r, t.Context(), s.URL); err != nil {
			t.Error(err)
		}
	})
	t.Run("HTTP where HTTPS is meant", func(t *testing.T) {
		plain := newScript(t, answer(200, goodAccounts))
		_, err := accounts(newRig(t), t.Context(), strings.Replace(plain.URL, "http:", "https:", 1))
		if !errors.As(err, new(*TLSError)) {
			t.Errorf("%v", err)
		}
	})
}

func TestBundleThatCannotBeUsed(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, filepath.Join(t.TempDir(), "missing.pem"), t.TempDir()} {
		// Making a client succeeds: a sign-out has to get as far as removing what is on this machine.
		r, s := newRig(t, func(c *Config) { c.CABundle = path }), newScript(t, answer(200, goodAccounts))
		for range 2 {
			_, err := accounts(r, t.Context(), s.URL)
			var bundle *BundleError
			if !errors.As(err, &bundle) || bundle.Path != path || strings.Count(err.Error(), path) != 1 {
				t.Errorf("%s: %v", path, err)
			}
		}
		if s.count() != 0 || len(r.clock.Sleeps()) != 0 {
			t.Errorf("%s: asked %d times, waited %v", path, s.count(), r.clock.Sleeps())
		}
	}
}

// proxy is a proxy that leads every tunnel to one server, and remembers what it was asked.
type proxy struct {
	*httptest.Server
	tunnels, plain []string
	authorization  []string
}

func newProxy(t *testing.T, to *httptest.Server, status int) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.authorization = append(p.authorization, r.Header.Get("Proxy-Authorization"))
		if r.Method != http.MethodConnect {
			p.plain = append(p.plain, r.URL.String())
			_, _ = io.WriteString(w, goodAccounts)
			return
		}
		p.tunnels = append(p.tunnels, r.Host)
		if status != 200 {
			w.WriteHeader(status)
			return
		}
		there, err := net.Dial("tcp", to.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, buffered); _ = there.Close() }()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}))
	t.Cleanup(p.Close)
	return p
}

func environment(vars ...string) func(*Config) {
	return func(c *Config) {
		c.LookupEnv = func(key string) (string, bool) {
			for i := 0; i < len(vars); i += 2 {
				if vars[i] == key {
					return vars[i+1], true
				}
			}
			return "", false
		}
	}
}

func TestProxy(t *testing.T) {
	s := newTLSServer(t, answer(200, goodAccounts))
	trusting := func(c *Config) { c.CABundle = bundleOf(t, s); c.MaxAttempts = 1 }
	const password = "proxy-password-that-nobody-may-see"
	withPassword := func(p *proxy) string { return strings.Replace(p.URL, "http://", "http://me:"+password+"@", 1) }

	t.Run("CONNECT", func(t *testing.T) {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			p := newProxy(t, s, 200)
			r := newRig(t, trusting, environment(name, withPassword(p)))
			if _, err := accounts(r, t.Context(), "https://example.com"); err != nil {
				t.Fatal(err)
			}
			if len(p.tunnels) != 1 || p.tunnels[0] != "example.com:443" || !strings.HasPrefix(p.authorization[0], "Basic ") {
				t.Errorf("%s: tunnels to %v with %v", name, p.tunnels, p.authorization)
			}
			r.withoutSecrets(t, nil)
		}
	})
	t.Run("the certificate behind the tunnel counts", func(t *testing.T) {
		p := newProxy(t, s, 200)
		_, err := accounts(newRig(t, trusting, environment("HTTPS_PROXY", p.URL)), t.Context(), "https://another.invalid")
		if !errors.As(err, new(*TLSError)) || len(p.tunnels) != 1 {
			t.Errorf("%v, tunnels to %v", err, p.tunnels)
		}
	})
	t.Run("http", func(t *testing.T) {
		p := newProxy(t, s, 200)
		if _, err := accounts(newRig(t, environment("HTTP_PROXY", p.URL)), t.Context(), "http://portal.invalid"); err != nil {
			t.Fatal(err)
		}
		if len(p.plain) != 1 || p.plain[0] != "http://portal.invalid/assignment/accounts" {
			t.Errorf("asked for %v", p.plain)
		}
	})
	t.Run("exceptions", func(t *testing.T) {
		p := newProxy(t, s, 200)
		for _, c := range []struct{ url, name, value string }{
			{s.URL, "NO_PROXY", ""}, // loopback always is one
			{"https://portal.invalid", "NO_PROXY", "portal.invalid"},
			{"https://portal.invalid", "no_proxy", ".invalid"},
			{"https://portal.invalid", "NO_PROXY", "*"},
		} {
			_, _ = accounts(newRig(t, trusting, environment("HTTPS_PROXY", p.URL, c.name, c.value)), t.Context(), c.url)
			if len(p.tunnels) != 0 {
				t.Errorf("%s is proxied in spite of %s=%s", c.url, c.name, c.value)
			}
		}
		_, _ = accounts(newRig(t, trusting, environment("HTTP_PROXY", p.URL, "REQUEST_METHOD", "GET")), t.Context(), "http://portal.invalid")
		if len(p.plain) != 0 {
			t.Error("HTTP_PROXY counts in a CGI program, where it is a header of the request")
		}
	})
	t.Run("one that refuses", func(t *testing.T) {
		p := newProxy(t, s, 407)
		r := newRig(t, trusting, environment("HTTPS_PROXY", withPassword(p)))
		_, err := accounts(r, t.Context(), "https://example.com")
		if !errors.As(err, new(*ConnectError)) || !strings.Contains(err.Error(), "the proxy refused: 407 Proxy Authentication Required") {
			t.Errorf("%v", err)
		}
		r.withoutSecrets(t, err)
	})
	t.Run("one that is not there", func(t *testing.T) {
		p := newProxy(t, s, 200)
		p.Close()
		r := newRig(t, trusting, environment("HTTPS_PROXY", withPassword(p)))
		_, err := accounts(r, t.Context(), "https://example.com")
		if !errors.As(err, new(*ConnectError)) || !strings.Contains(err.Error(), "proxy") {
			t.Errorf("%v", err)
		}
		r.withoutSecrets(t, err)
	})
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	r := newRig(t)
	_, err := accounts(r, t.Context(), s.URL+"?secret=nobody-may-see")
	if !errors.As(err, new(*ConnectError)) || !strings.HasPrefix(err.Error(), `Could not connect to the endpoint URL: "`+s.URL) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
	if len(r.clock.Sleeps()) != 2 {
		t.Errorf("waited %v", r.clock.Sleeps())
	}
	_, err = accounts(newRig(t), t.Context(), "https://portal.invalid")
	if !errors.As(err, new(*ConnectError)) {
		t.Errorf("%v", err)
	}
	for _, endpoint := range []string{"http://%zz", "http://a b", "\x1b"} {
		if _, err := accounts(newRig(t), t.Context(), endpoint); err == nil {
			t.Errorf("%q is an endpoint", endpoint)
		}
	}
}

func TestTimeouts(t *testing.T) {
	quick := func(c *Config) {
		c.ConnectTimeout, c.ReadTimeout, c.MaxAttempts = 100*time.Millisecond, 100*time.Millisecond, 1
	}
	stalled := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, c := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"no header", func(t *testing.T) string { return newScript(t, stalled).URL }},
		{"no body", func(t *testing.T) string {
			return newScript(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(200)
				_ = http.NewResponseController(w).Flush()
				stalled(w, r)
			}).URL
		}},
		{"half a body", func(t *testing.T) string {
			return newScript(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, `{"accountList":[`)
				_ = http.NewResponseController(w).Flush()
				stalled(w, r)
			}).URL
		}},
		{"a body without an end", func(t *testing.T) string {
			return newScript(t, func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					_, _ = io.WriteString(w, " ")
					_ = http.NewResponseController(w).Flush()
					time.Sleep(20 * time.Millisecond)
				}
			}).URL
		}},
		{"no TLS handshake", func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			return "https://" + l.Addr().String() // the kernel accepts, nobody answers
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			r := newRig(t, quick)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := accounts(r, ctx, c.url(t))
			if !errors.As(err, new(*ConnectError)) || !strings.HasPrefix(err.Error(), "Read timeout on endpoint URL: ") {
				t.Errorf("%v", err)
			}
			if d := time.Since(began); d > 3*time.Second {
				t.Errorf("took %v", d)
			}
			r.withoutSecrets(t, err)
		})
	}
}

// TestSlowIsNotStalled: as long as something comes, however little, the answer is waited for.
func TestSlowIsNotStalled(t *testing.T) {
	s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, b := range []byte(goodAccounts)[:40] {
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
		_, _ = io.WriteString(w, goodAccounts[40:])
	})
	r := newRig(t, func(c *Config) { c.ReadTimeout, c.MaxAttempts = 200*time.Millisecond, 1 })
	if _, err := accounts(r, t.Context(), s.URL); err != nil {
		t.Error(err)
	}
}

// TestIdleTimeIsNoReadTimeout: what a connection waited between two calls, as in a device flow, does
// not count against the second.
func TestIdleTimeIsNoReadTimeout(t *testing.T) {
	s := newScript(t, answer(200, "{}"), func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(250 * time.Millisecond)
		answer(200, "{}")(w, r)
	})
	r := newRig(t, func(c *Config) { c.ReadTimeout, c.MaxAttempts = 400*time.Millisecond, 1 })
	for range 2 {
		if _, err := r.CreateToken(t.Context(), s.URL, wire.CreateTokenRequest{}); err != nil {
			t.Error(err)
		}
		time.Sleep(250 * time.Millisecond)
	}
	if s.count() != 2 {
		t.Errorf("asked %d times", s.count())
	}
}

// TestTruncated: a connection that ends in the middle of an answer is no answer.
func TestTruncated(t *testing.T) {
	s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, goodAccounts)
	}, answer(200, goodAccounts))
	r := newRig(t)
	if _, err := accounts(r, t.Context(), s.URL); err != nil || s.count() != 2 {
		t.Errorf("%v, asked %d times", err, s.count())
	}
}

// TestTruncatedToken: a grant works once. When the success that used it up breaks off, asking again gets
// a refusal that hides the cause, and a service that takes it for theft ends the session.
func TestTruncatedToken(t *testing.T) {
	for status, asked := range map[int]int{200: 1, 400: 2} {
		s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"accessToken":"`)
		}, answer(200, `{"accessToken":"t"}`))
		r := newRig(t)
		_, err := r.CreateToken(t.Context(), s.URL, wire.CreateTokenRequest{GrantType: wire.GrantRefreshToken})
		if s.count() != asked || (err == nil) != (asked == 2) {
			t.Errorf("%d: asked %d times: %v", status, s.count(), err)
		}
		if err != nil && !errors.As(err, new(*ConnectError)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestHugeHeader: a header that never ends is not read to its end.
func TestHugeHeader(t *testing.T) {
	s := newScript(t, answer(200, goodAccounts, "X-Huge", string(bytes.Repeat([]byte("x"), 1<<20))))
	if _, err := accounts(newRig(t), t.Context(), s.URL); !errors.As(err, new(*ConnectError)) {
		t.Errorf("%v", err)
	}
}
