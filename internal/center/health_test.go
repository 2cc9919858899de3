package center_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyfob/internal/center"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/metrics"
)

func TestReadiness(t *testing.T) {
	for _, c := range []struct {
		name   string
		broken func(*rig)
		status int
		want   string
	}{
		{"ready", func(*rig) {}, 200, `{"status":"ready","checks":{"database":"ok","keys":"ok","migrations":"ok"}}`},
		{"no database", func(g *rig) { g.store.broken = func() {} }, 503, `{"status":"unavailable","checks":{"database":"failed","keys":"ok","migrations":"ok"}}`},
		{"tables of another version", func(g *rig) { g.store.behind = true }, 503, `"migrations":"failed"`},
		{"no keys", func(g *rig) { g.center.Keys = noKeys(g.TB) }, 503, `"keys":"failed"`},
		{"draining", func(g *rig) { g.center.Drain() }, 503, `{"status":"draining"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t, nil)
			c.broken(g)
			r := g.do(http.MethodGet, "/readyz", nil)
			if b := body(t, r); r.StatusCode != c.status || !strings.Contains(b, c.want) || strings.Contains(b, "fire") {
				t.Errorf("%s %s", r.Status, b)
			}
			if r := g.do(http.MethodGet, "/healthz", nil); r.StatusCode != 200 {
				t.Errorf("healthz: %s: a restart does not help", r.Status)
			}
		})
	}
}

// noKeys is a ring that can seal nothing.
func noKeys(t testing.TB) *keyring.Ring {
	k, err := keyring.New(&oneRead{})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// oneRead is a source of randomness that dries up.
type oneRead struct{ read bool }

func (o *oneRead) Read(b []byte) (int, error) {
	if o.read {
		return 0, errors.New("no randomness")
	}
	o.read = true
	return len(b), nil
}

func (b *breakable) Migrated(context.Context) error {
	if b.behind {
		return errors.New("1 of 2")
	}
	return nil
}

func TestMetricsOfRequests(t *testing.T) {
	m := metrics.New("v1.2.3")
	g := newRig(t, func(c *center.Config) { c.Metrics = m })
	for range 3 {
		g.do(http.MethodGet, "/start", nil)
	}
	g.do(http.MethodGet, "/healthz", nil)
	g.do(http.MethodPost, "/token", func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = http.NoBody
	})
	g.do(http.MethodGet, "/?Action=GetCallerIdentity", nil)
	for _, path := range []string{"/nobody-1", "/nobody-2", "/assignment/nobody-3"} {
		g.do(http.MethodGet, path, nil)
	}
	g.do(http.MethodGet, "/start", func(r *http.Request) { r.Host = "evil.example" })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`keyfob_center_build_info{go_version="go1`,
		`keyfob_center_http_requests_total{door="web",route="GET /start",status="200"} 3`,
		`keyfob_center_http_requests_total{door="health",route="GET /healthz",status="200"} 1`,
		`keyfob_center_http_requests_total{door="oidc",route="POST /token",status="400"} 1`,
		`keyfob_center_http_requests_total{door="sts",route="POST /{$}",status="403"} 1`,
		`keyfob_center_http_requests_total{door="none",route="/",status="404"} 3`,
		`keyfob_center_http_requests_total{door="none",route="none",status="421"} 1`,
		`keyfob_center_http_request_duration_seconds_count{door="web",route="GET /start"} 3`,
		`keyfob_center_http_requests_in_flight 0`,
		`keyfob_center_store_duration_seconds_count{call="Instance",outcome="success"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{"nobody", "evil"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is a label", not)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}
