package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/metrics"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func wants(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	text := scrape(m)
	for _, l := range lines {
		if !strings.Contains(text, "\n"+l+"\n") {
			t.Errorf("no line %s in\n%s", l, text)
		}
	}
}

func TestAuditEventsAreCounted(t *testing.T) {
	m := metrics.New("v1")
	for _, e := range []store.AuditEvent{
		{Name: "SignIn", Outcome: "success", UserID: "9067a1c2"},
		{Name: "SignIn", Outcome: "wrong password", UserID: "9067a1c2"},
		{Name: "SignIn", Outcome: "unknown user"},
		{Name: "GetRoleCredentials", Outcome: "success"},
		{Name: "AssumeRole", Outcome: "refused because of 9067a1c2"},
	} {
		m.Audited(e)
	}
	wants(t, m,
		`keyfob_center_sign_ins_total{outcome="success"} 1`,
		`keyfob_center_sign_ins_total{outcome="failure"} 2`,
		`keyfob_center_role_credentials_total{operation="GetRoleCredentials",outcome="success"} 1`,
		`keyfob_center_role_credentials_total{operation="AssumeRole",outcome="failure"} 1`,
		`keyfob_center_audit_events_total{event="SignIn",outcome="failure"} 2`,
	)
	if strings.Contains(scrape(m), "9067a1c2") {
		t.Error("a label tells who")
	}
}

func TestLabelsAreBounded(t *testing.T) {
	m := metrics.New("v1")
	for i := range 1000 {
		m.Audited(store.AuditEvent{Name: fmt.Sprintf("Event%d", i), Outcome: fmt.Sprintf("outcome %d", i)})
	}
	if n := strings.Count(scrape(m), "keyfob_center_audit_events_total{"); n > 101 {
		t.Errorf("%d series", n)
	}
	wants(t, m, `keyfob_center_audit_events_total{event="other",outcome="failure"} 900`)
}

type answers struct{ err error }

func (a *answers) Exchange(context.Context, wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	return wire.CreateTokenResponse{}, a.err
}

func (a *answers) StartDevice(context.Context, wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error) {
	return wire.StartDeviceAuthorizationResponse{}, nil
}

func TestTokensAreCounted(t *testing.T) {
	m, a := metrics.New("v1"), &answers{}
	g := m.Grants(a)
	exchange := func(grantType string, err error) {
		t.Helper()
		a.err = err
		if _, got := g.Exchange(t.Context(), wire.CreateTokenRequest{GrantType: grantType}); !errors.Is(got, err) {
			t.Errorf("%v, want %v", got, err)
		}
	}
	exchange(wire.GrantRefreshToken, nil)
	exchange(wire.GrantDeviceCode, &wire.ServiceError{Code: wire.CodeAuthorizationPending})
	exchange(strings.Repeat("evil", 100), &wire.ServiceError{Code: wire.CodeUnsupportedGrantType})
	exchange(wire.GrantAuthorizationCode, errors.New("disk full"))
	wants(t, m,
		`keyfob_center_tokens_total{grant="refresh_token",outcome="success"} 1`,
		`keyfob_center_tokens_total{grant="device_code",outcome="AuthorizationPendingException"} 1`,
		`keyfob_center_tokens_total{grant="other",outcome="UnsupportedGrantTypeException"} 1`,
		`keyfob_center_tokens_total{grant="authorization_code",outcome="InternalServerException"} 1`,
	)
}

// TestStoreIsStillAStore: nothing that is timed is changed on the way.
func TestStoreIsStillAStore(t *testing.T) {
	m := metrics.New("v1")
	storetest.Run(t, func(t *testing.T) store.Store {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() }) //nolint:errcheck // a test
		return m.Store(db, clock.System{})
	})
	text := scrape(m)
	for _, call := range []string{"Rotate", "RedeemCode", "Access", "PollDevice", "AppendAudit", "Assigned"} {
		if !strings.Contains(text, `keyfob_center_store_duration_seconds_count{call="`+call+`",outcome="success"}`) {
			t.Errorf("%s is not timed", call)
		}
	}
	if !strings.Contains(text, `outcome="refused"`) {
		t.Error("what is not there is no error of the database's")
	}
}

func TestThrottledIsCounted(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	m, c := metrics.New("v1"), clock.NewFake(storetest.Epoch())
	s := m.Store(db, c)
	if _, err := s.UpdateThrottle(t.Context(), "signin-ip:203.0.113.9", func(th *store.Throttle) { th.BlockedUntil = c.Now().Add(time.Minute) }); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Throttle(t.Context(), "signin-ip:203.0.113.9"); err != nil {
			t.Fatal(err)
		}
		c.Advance(25 * time.Second)
	}
	wants(t, m, `keyfob_center_throttled_total{limit="signin-ip"} 3`)
	if _, err := s.Throttle(t.Context(), "signin-ip:203.0.113.9"); err != nil {
		t.Fatal(err)
	}
	wants(t, m, `keyfob_center_throttled_total{limit="signin-ip"} 3`)
	if strings.Contains(scrape(m), "203.0.113") {
		t.Error("a label tells where from")
	}
}

func TestNilCountsNothing(t *testing.T) {
	var m *metrics.Metrics
	m.Begin()()
	m.Request("web", "/", 200, time.Second)
	m.Audited(store.AuditEvent{Name: "SignIn"})
	a := &answers{}
	if m.Grants(a) != metrics.Grants(a) || m.Store(nil, nil) != nil {
		t.Error("what is not counted is not wrapped")
	}
}
