package center_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center"
	"keyfob/internal/center/control"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// breakable is a store whose Instance may fail or panic.
type breakable struct {
	store.Store
	broken func()
	behind bool
}

func (b *breakable) Instance(ctx context.Context) (store.Instance, error) {
	if b.broken != nil {
		b.broken()
		return store.Instance{}, errors.New("disk on fire")
	}
	return b.Store.Instance(ctx)
}

type rig struct {
	testing.TB
	center *center.Center
	store  *breakable
	log    *bytes.Buffer
}

func newRig(t testing.TB, change func(*center.Config)) *rig {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // a test
	if err := db.Apply(t.Context(), storetest.Organisation()); err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{TB: t, store: &breakable{Store: db}, log: &bytes.Buffer{}}
	c := center.Config{
		Store: g.store, Keys: keys, Clock: clock.NewFake(storetest.Epoch()), Random: rand.Reader,
		Logger:  slog.New(slog.NewJSONHandler(g.log, nil)),
		BaseURL: &url.URL{Scheme: "https", Host: "center.example.com"}, Hosts: []string{"127.0.0.1:8480"},
	}
	if change != nil {
		change(&c)
	}
	if g.center, err = center.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *rig) do(method, target string, change func(*http.Request)) *http.Response {
	g.Helper()
	r := httptest.NewRequest(method, "https://center.example.com"+target, nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	g.center.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSecurity63HostAllowList(t *testing.T) {
	g := newRig(t, nil)
	for host, want := range map[string]int{
		"center.example.com":          200,
		"CENTER.example.com":          200,
		"127.0.0.1:8480":              200,
		"127.0.0.1":                   421,
		"127.0.0.1:8481":              421,
		"localhost:8480":              421,
		"evil.example":                421,
		"evil.example:8480":           421,
		"center.example.com.evil":     421,
		"center.example.com:8480":     421,
		"":                            421,
		"center.example.com@evil":     421,
		"sts.us-east-1.amazonaws.com": 421,
	} {
		for _, path := range []string{"/healthz", "/start", "/nothing"} {
			r := g.do(http.MethodGet, path, func(r *http.Request) { r.Host = host })
			if got := r.StatusCode; got != want && (want == 421 || path == "/healthz") {
				t.Errorf("Host %q, %s: %d, want %d", host, path, got, want)
			}
		}
	}
	t.Run("63 a rebound page reaches no door", func(t *testing.T) {
		r := g.do(http.MethodPost, wire.PathRegisterClient, func(r *http.Request) {
			r.Host = "evil.example"
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(strings.NewReader(`{"clientName":"x","clientType":"public"}`))
		})
		if r.StatusCode != http.StatusMisdirectedRequest || strings.Contains(body(t, r), "clientId") {
			t.Errorf("%s", r.Status)
		}
	})
}

func TestSecurity74TestPowersAreShown(t *testing.T) {
	read := func(g *rig) (v struct {
		Status     string
		TestPowers bool
	},
	) {
		if err := json.NewDecoder(g.do(http.MethodGet, "/healthz", nil).Body).Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := read(newRig(t, nil)); v.TestPowers || v.Status != "ok" {
		t.Errorf("off: %+v", v)
	}
	powers := control.NewPowers(clock.NewFake(storetest.Epoch()))
	g := newRig(t, func(c *center.Config) { c.Powers = powers })
	if v := read(g); !v.TestPowers {
		t.Errorf("on: %+v", v)
	}
	for _, path := range []string{"/clock", "/faults", "/requests", "/device?x=control"} {
		if r := g.do(http.MethodPost, path, nil); r.StatusCode < 400 {
			t.Errorf("the public listener answers %s with %s", path, r.Status)
		}
	}
	const banner = "Test powers are on"
	if b := body(t, g.do(http.MethodGet, "/start", nil)); !strings.Contains(b, banner) {
		t.Error("the pages do not show it")
	}
	if b := body(t, newRig(t, nil).do(http.MethodGet, "/start", nil)); strings.Contains(b, banner) {
		t.Error("the pages show it without a reason")
	}
	powers.Clock.Advance(time.Hour)
	if date, err := http.ParseTime(g.do(http.MethodGet, "/healthz", nil).Header.Get("Date")); err != nil || !date.Equal(storetest.Epoch().Add(time.Hour)) {
		t.Errorf("Date = %v %v", date, err)
	}
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	g := newRig(t, nil)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/start", "/healthz", "/nothing", wire.PathListAccounts, "/?Action=GetCallerIdentity"} {
		r := g.do(http.MethodGet, path, nil)
		id := r.Header.Get(wire.HeaderRequestID)
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) || seen[id] {
			t.Errorf("%s: request id %q", path, id)
		}
		seen[id] = true
		if !strings.Contains(g.log.String(), id) {
			t.Errorf("%s: the id is not in the log", path)
		}
	}
}

func TestLogHasPathsOnly(t *testing.T) {
	g := newRig(t, nil)
	g.do(http.MethodGet, "/authorize?code_challenge=SECRET&state=SECRET", nil)
	g.do(http.MethodGet, wire.PathListAccounts, func(r *http.Request) { r.Header.Set(wire.HeaderBearerToken, "SECRET") })
	g.do(http.MethodGet, "/a%0Ab"+strings.Repeat("x", 5000), nil)
	if strings.Contains(g.log.String(), "SECRET") {
		t.Errorf("log: %s", g.log)
	}
	for _, line := range strings.Split(strings.TrimSpace(g.log.String()), "\n") {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || len(line) > 2000 {
			t.Errorf("%v in %d bytes: %.200s", err, len(line), line)
		}
	}
}

func TestPanicIs500(t *testing.T) {
	g := newRig(t, nil)
	g.store.broken = func() { panic("secret state") }
	r := g.do(http.MethodGet, "/readyz", nil)
	b := body(t, r)
	id := r.Header.Get(wire.HeaderRequestID)
	if r.StatusCode != 500 || !strings.Contains(b, id) || strings.Contains(b, "secret state") || r.Header.Get(wire.HeaderErrorType) != "InternalServerException" {
		t.Errorf("%s %s", r.Status, b)
	}
	if !strings.Contains(g.log.String(), "secret state") || !strings.Contains(g.log.String(), "center_test.go") {
		t.Errorf("the log does not tell where: %s", g.log)
	}
}

func TestRootIsSharedBySTSAndPeople(t *testing.T) {
	g := newRig(t, nil)
	for target, want := range map[string]string{
		"/": "303 /start", "/?Action=GetCallerIdentity": "403 MissingAuthenticationToken", "/?Action=X": "400 InvalidAction",
		"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&Action=GetCallerIdentity": "400 IncompleteSignature",
	} {
		r := g.do(http.MethodGet, target, nil)
		if got := r.Status[:3] + " " + r.Header.Get("Location") + r.Header.Get(wire.HeaderErrorType); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestOtherServicesAreToldWhy(t *testing.T) {
	g := newRig(t, nil)
	signed := func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }
	for _, c := range []struct{ method, path string }{{"GET", "/bucket/key"}, {"PUT", "/2015-03-31/functions"}, {"POST", "/model/x/invoke"}} {
		r := g.do(c.method, c.path, signed)
		if b := body(t, r); r.StatusCode != 404 || !strings.Contains(b, "AWS_ENDPOINT_URL") {
			t.Errorf("%s %s: %s %s", c.method, c.path, r.Status, b)
		}
	}
	if r := g.do(http.MethodGet, "/bucket/key", nil); r.StatusCode != 404 || !strings.Contains(r.Header.Get("Content-Type"), "html") {
		t.Errorf("a person at an unknown page: %s", r.Status)
	}
}

func TestNewNeedsAnOrganisation(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	if _, err := center.New(t.Context(), center.Config{Store: db}); err == nil || !strings.Contains(err.Error(), "seed") {
		t.Errorf("err = %v", err)
	}
}

func TestHousekeeping(t *testing.T) {
	g := newRig(t, nil)
	now := storetest.Epoch()
	for id, expires := range map[string]time.Time{"old": now.Add(-48 * time.Hour), "new": now.Add(time.Hour)} {
		if err := g.store.AddClient(t.Context(), store.Client{ID: id, CreatedAt: now.Add(-90 * 24 * time.Hour), ExpiresAt: expires}, 10); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := g.center
	c.Clock = once{g.center.Clock, cancel}
	c.Housekeep(ctx)
	if _, err := g.store.Client(t.Context(), "old"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("old: %v", err)
	}
	if _, err := g.store.Client(t.Context(), "new"); err != nil {
		t.Errorf("new: %v", err)
	}
}

// once is a clock on which the first sleep is the last.
type once struct {
	clock.Clock
	cancel func()
}

func (o once) Sleep(ctx context.Context, _ time.Duration) error { o.cancel(); return ctx.Err() }
