package metadata

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/clock"
)

func client() *Client {
	return &Client{Timeout: 200 * time.Millisecond, Clock: clock.NewFake(time.Unix(0, 0)), UserAgent: "keyfob/test"}
}

// A proxy sees neither the question nor the token.
func TestNoProxy(t *testing.T) {
	var seen atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	// An address of the documentation, where nobody is: loopback is never proxied anyway.
	if got, err := client().Container(t.Context(), "http://192.0.2.1/x", "secret"); err == nil || seen.Load() != 0 {
		t.Errorf("the proxy was asked %d times: %s, %v", seen.Load(), got, err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Accept")+" "+r.Header.Get("User-Agent"))
	}))
	defer s.Close()
	if got, err := client().Container(t.Context(), s.URL+"/x?y=1", "secret"); err != nil || string(got) != "/x?y=1 secret application/json keyfob/test" {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := client().Container(t.Context(), s.URL, ""); err != nil || !strings.HasPrefix(string(got), "/  application") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestContainerFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		calls  int32
		want   string
	}{
		"refuses":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, 1, "Received non 200 response 403 from HOST"},
		"is broken":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, 3, "Received non 200 response 500 from HOST"},
		"is silent":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 3, "no answer from HOST within 200ms"},
		"redirects":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, 1, "Received non 200 response 302 from HOST"},
		"never ends": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 4*maxBody)) }, 3, "the answer of HOST is too large"},
		"stops midway": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, 3, "no answer from HOST within 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1); c.answer(w, r) }))
			defer s.Close()
			_, err := client().Container(t.Context(), s.URL, "secret")
			host := strings.TrimPrefix(s.URL, "http://")
			if err == nil || strings.ReplaceAll(err.Error(), host, "HOST") != c.want || calls.Load() != c.calls {
				t.Errorf("%v after %d calls, want %s", err, calls.Load(), c.want)
			}
		})
	}
	t.Run("is not there", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		if _, err := client().Container(t.Context(), "http://"+l.Addr().String(), ""); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("is given up", func(t *testing.T) {
		reason := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cancel(reason); <-r.Context().Done() }))
		defer s.Close()
		if _, err := client().Container(ctx, s.URL, ""); !errors.Is(err, reason) {
			t.Errorf("got %v", err)
		}
	})
}

// imds is version 2 of the service: nothing without a token, which takes a PUT.
func imds(roles string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "21600" {
			_, _ = io.WriteString(w, "token")
		}
	})
	get := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-aws-ec2-metadata-token") != "token" {
				w.WriteHeader(401)
				return
			}
			_, _ = io.WriteString(w, answer)
		}
	}
	const path = "/latest/meta-data/iam/security-credentials/"
	if roles != "none" {
		mux.HandleFunc("GET "+path+"{$}", get(roles))
	}
	mux.HandleFunc("GET "+path+"web", get("credentials"))
	return mux
}

func TestInstance(t *testing.T) {
	for roles, want := range map[string]string{"web": "", "web\nother\n": "", "": "the instance has no role", "none": "the instance has no role", "../x": "Received non 200"} {
		s := httptest.NewServer(imds(roles))
		got, err := client().Instance(t.Context(), s.URL+"/")
		if want == "" && (err != nil || string(got) != "credentials") || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: %s, %v", roles, got, err)
		}
		s.Close()
	}
	// Version 1 alone, and nobody: neither is waited for.
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(405)
		}
	}))
	defer old.Close()
	if got, err := client().Instance(t.Context(), old.URL); err == nil {
		t.Errorf("version 1: %s", got)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	began := time.Now()
	if _, err := client().Instance(t.Context(), silent.URL); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
