package control_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/control"
	"keyfob/internal/clock"
)

const token = "kfctl_test"

func epoch() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// The powers over rules are tried in centertest, where there are rules; here it is the door and what it
// guards by itself.
func newDoor() (http.Handler, *control.Powers) {
	p := control.NewPowers(clock.NewFake(epoch()))
	return control.New(control.Config{Powers: p, Token: token}).Handler(), p
}

func do(t *testing.T, h http.Handler, method, path, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestSecurity74EveryCallNeedsTheToken(t *testing.T) {
	h, _ := newDoor()
	for _, path := range []string{"GET /clock", "POST /clock", "POST /device", "POST /authorize", "GET /faults", "POST /faults", "DELETE /faults", "GET /requests", "DELETE /requests", "GET /"} {
		method, path, _ := strings.Cut(path, " ")
		for name, change := range map[string]func(*http.Request){
			"none":         func(r *http.Request) { r.Header.Del("Authorization") },
			"wrong":        func(r *http.Request) { r.Header.Set("Authorization", "Bearer kfctl_tesu") },
			"empty":        func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
			"other scheme": func(r *http.Request) { r.Header.Set("Authorization", token) },
		} {
			if status, _ := do(t, h, method, path, "{}", change); status != http.StatusUnauthorized {
				t.Errorf("%s %s with %s token: %d", method, path, name, status)
			}
		}
		if status, _ := do(t, h, method, path, "{}", func(r *http.Request) { r.Host = "evil.example:1" }); status != http.StatusMisdirectedRequest {
			t.Errorf("%s %s for another host: %d", method, path, status)
		}
	}
	none := control.New(control.Config{Powers: control.NewPowers(clock.NewFake(epoch()))}).Handler()
	if status, _ := do(t, none, "GET", "/clock", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }); status != http.StatusUnauthorized {
		t.Errorf("a door without a token is open: %d", status)
	}
}

func TestClock(t *testing.T) {
	h, p := newDoor()
	for _, c := range []struct {
		body string
		now  time.Time
	}{
		{`{"advance":"59m"}`, epoch().Add(59 * time.Minute)},
		{`{"advance":"-9m"}`, epoch().Add(50 * time.Minute)},
		{`{"set":"2030-01-02T03:04:05Z"}`, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		status, body := do(t, h, "POST", "/clock", c.body, nil)
		var got struct{ Now time.Time }
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || !got.Now.Equal(c.now) || !p.Clock.Now().Equal(c.now) {
			t.Errorf("%s: %d %s %v", c.body, status, body, err)
		}
	}
	for _, bad := range []string{"", "{}", `{"advance":"soon"}`, `{"advance":"1m","set":"2030-01-02T03:04:05Z"}`, `{"avance":"1m"}`, "[]"} {
		if status, body := do(t, h, "POST", "/clock", bad, nil); status != 400 {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	if status, _ := do(t, h, "POST", "/clock", `{"advance":"1m"}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }); status != 400 {
		t.Errorf("not JSON: %d", status)
	}
}

func TestClockSleepsInRealTime(t *testing.T) {
	fake := clock.NewFake(epoch())
	c := &control.Clock{Base: fake}
	c.Advance(time.Hour)
	if err := c.Sleep(context.Background(), time.Minute); err != nil || !c.Now().Equal(epoch().Add(61*time.Minute)) {
		t.Errorf("%v %v", c.Now(), err)
	}
}

func TestFaultRulesOverHTTP(t *testing.T) {
	h, p := newDoor()
	if status, body := do(t, h, "POST", "/faults", `{"operation":"CreateToken:refresh_token","code":"SlowDownException","times":2,"delay":"3s"}`, nil); status != 204 {
		t.Fatalf("%d %s", status, body)
	}
	for _, bad := range []string{`{"operation":"Nonsense"}`, `{}`, `{"operation":"CreateToken","delay":"99h"}`} {
		if status, _ := do(t, h, "POST", "/faults", bad, nil); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	if _, body := do(t, h, "GET", "/faults", "", nil); !strings.Contains(body, `"delay":"3s"`) {
		t.Errorf("faults = %s", body)
	}
	served := p.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	}))
	call := func(grantType string) (int, string) {
		r := httptest.NewRequest("POST", "/token", strings.NewReader(`{"grantType":"`+grantType+`","refreshToken":"secret"}`))
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, body := call("authorization_code"); status != 200 || !strings.Contains(body, "secret") {
		t.Errorf("another grant type: %d %s (its body must reach the door whole)", status, body)
	}
	before := p.Clock.Now()
	for range 2 {
		status, body := call("refresh_token")
		var e struct{ Error, Message string }
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != 400 || e.Error != "slow_down" || e.Message == "" {
			t.Errorf("%d %s", status, body)
		}
	}
	if waited := p.Clock.Now().Sub(before); waited != 6*time.Second {
		t.Errorf("waited %s", waited)
	}
	if status, _ := call("refresh_token"); status != 200 {
		t.Errorf("used up: %d", status)
	}
	_, body := do(t, h, "GET", "/requests", "", nil)
	if strings.Count(body, `"CreateToken"`) != 4 || strings.Contains(body, "secret") || !strings.Contains(body, `"grantType":"refresh_token"`) {
		t.Errorf("requests = %s", body)
	}
	if status, _ := do(t, h, "DELETE", "/requests", "", nil); status != 204 || len(p.Requests()) != 0 {
		t.Errorf("%d, %v", status, p.Requests())
	}
}
