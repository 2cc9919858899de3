package loopback

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const secretPage = "https://signin.example/federation?SigninToken=nobody-may-see"

// fetch asks for a page as a browser does, without going where it leads.
func fetch(t *testing.T, method, page, host string) (status int, location string) {
	t.Helper()
	r, err := http.NewRequest(method, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	b, err := io.ReadAll(resp.Body)
	if err != nil || bytes.Contains(b, []byte("nobody-may-see")) {
		t.Errorf("%v, %s", err, b)
	}
	if resp.StatusCode == http.StatusSeeOther && (resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Referrer-Policy") != "no-referrer") {
		t.Errorf("%v", resp.Header)
	}
	return resp.StatusCode, resp.Header.Get("Location")
}

func TestHandoff(t *testing.T) {
	var seen string
	err := Handoff(t.Context(), secretPage, rand.Reader, func(_ context.Context, page string) error {
		seen = page
		u, err := url.Parse(page)
		if err != nil || u.Hostname() != "127.0.0.1" || len(u.Path) != 33 || strings.Contains(page, "nobody-may-see") {
			t.Errorf("opens %s, %v", page, err)
		}
		// What is no browser that was sent here does not use it up.
		for _, c := range []struct {
			method, page, host string
			status             int
		}{
			{"GET", "http://" + u.Host + "/", "", 404},
			{"GET", page[:len(page)-1], "", 404},
			{"GET", page + "0", "", 404},
			{"GET", page, "localhost:" + u.Port(), 421},
			{"HEAD", page, "", 405},
			{"POST", page, "", 405},
		} {
			if status, location := fetch(t, c.method, c.page, c.host); status != c.status || location != "" {
				t.Errorf("%s %s (%s): %d %s", c.method, c.page, c.host, status, location)
			}
		}
		if status, location := fetch(t, "GET", page, ""); status != 303 || location != secretPage {
			t.Errorf("%d %s", status, location)
		}
		if status, location := fetch(t, "GET", page, ""); status != 410 || location != "" {
			t.Errorf("a second time: %d %s", status, location)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if resp, err := (&http.Transport{}).RoundTrip(request(t, seen)); err == nil {
		_ = resp.Body.Close()
		t.Error("it still listens")
	}
}

func request(t *testing.T, page string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHandoffTold: a program that ends right after has told the browser.
func TestHandoffTold(t *testing.T) {
	for range 20 {
		location := make(chan string, 1)
		err := Handoff(t.Context(), secretPage, rand.Reader, func(_ context.Context, page string) error {
			go func() {
				_, l := fetch(t, "GET", page, "")
				location <- l
			}()
			return nil
		})
		if l := <-location; err != nil || l != secretPage {
			t.Fatalf("%v, %q", err, l)
		}
	}
}

func TestHandoffThatFails(t *testing.T) {
	none := errors.New("no browser")
	if err := Handoff(t.Context(), secretPage, rand.Reader, func(context.Context, string) error { return none }); !errors.Is(err, none) {
		t.Errorf("%v", err)
	}
	if err := Handoff(t.Context(), secretPage, iotest.ErrReader(none), func(context.Context, string) error { return nil }); !errors.Is(err, none) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	began := time.Now()
	err := Handoff(ctx, secretPage, rand.Reader, func(context.Context, string) error { cancel(stop); return nil })
	if !errors.Is(err, stop) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
