package jwksfetch_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"keyfob/internal/center/jwksfetch"
)

func TestSecurity70FetchIsBoundedAndFollowsNothing(t *testing.T) {
	var elsewhere atomic.Int32
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer private.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, private.URL, http.StatusFound) })
	mux.HandleFunc("/permanent", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusPermanentRedirect)
	})
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(" ", 257<<10)) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{}")
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := jwksfetch.New()
	if b, err := c.Fetch(t.Context(), s.URL+"/good"); err != nil || string(b) != "{}" {
		t.Fatalf("%s %v", b, err)
	}
	for _, path := range []string{"/redirect", "/permanent", "/same", "/error", "/huge", "/cut", "/none"} {
		if b, err := c.Fetch(t.Context(), s.URL+path); err == nil {
			t.Errorf("%s: %d bytes", path, len(b))
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d calls went elsewhere", n)
	}
	for _, url := range []string{"file:///etc/passwd", "ftp://127.0.0.1/", ":"} {
		if _, err := c.Fetch(t.Context(), url); err == nil {
			t.Errorf("%s was fetched", url)
		}
	}
}
