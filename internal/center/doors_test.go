package center_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyfob/internal/center"
	"keyfob/internal/center/metrics"
	"keyfob/internal/wire"
)

// calls is one of each call that a program may make, and pages.
func calls() [][3]string {
	return [][3]string{ // method, path, body
		{"POST", wire.PathRegisterClient, `{"clientName":"a","clientType":"public"}`},
		{"POST", wire.PathRegisterClient, `{`},
		{"POST", wire.PathStartDeviceAuthorization, `{}`},
		{"POST", wire.PathCreateToken, `{"clientId":"a","clientSecret":"b","grantType":"refresh_token","refreshToken":"c"}`},
		{"GET", wire.PathListAccounts, ""},
		{"GET", wire.PathListAccountRoles + "?account_id=111111111111", ""},
		{"GET", wire.PathGetRoleCredentials + "?account_id=111111111111&role_name=Admin", ""},
		{"POST", wire.PathLogout, ""},
		{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15"},
		{"GET", "/?Action=GetCallerIdentity", ""},
		{"GET", "/federation?Action=getSigninToken&Session=x", ""},
		{"GET", wire.PathAuthorize, ""},
		{"GET", "/start", ""},
		{"GET", "/nothing", ""},
		{"GET", "/readyz", ""},
	}
}

func TestSecurity62and64EveryDoor(t *testing.T) {
	g := newRig(t, nil)
	ask := func(method, path, body string) *http.Response {
		return g.do(method, path, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			if strings.HasPrefix(body, "Action=") {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Access-Control-Request-Method", method)
			r.Header.Set("Access-Control-Request-Headers", "content-type, x-amz-sso_bearer_token")
		})
	}
	for _, c := range calls() {
		for _, method := range []string{c[0], http.MethodOptions} {
			r := ask(method, c[1], c[2])
			for name := range r.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("64 %s %s: %s is %q", method, c[1], name, r.Header[name])
				}
			}
			if method == http.MethodOptions {
				continue
			}
			if got := r.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("62 %s %s: %d, Cache-Control is %q", method, c[1], r.StatusCode, got)
			}
		}
	}
}

// What strangers send is no label, so that neither they nor their number show, and nobody fills the memory.
func TestSecurity82MetricsTellNothing(t *testing.T) {
	m := metrics.New("v1")
	g := newRig(t, func(c *center.Config) { c.Metrics = m })
	scrape := func() string {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	flood := func(n int) {
		for i := range n {
			secret := fmt.Sprintf("kfat_%dsecret", i)
			for _, c := range calls() {
				g.do(c[0], c[1], func(r *http.Request) {
					r.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(c[2], `"c"`, `"`+secret+`"`)))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set(wire.HeaderBearerToken, secret)
				})
			}
			for _, path := range []string{"/" + secret, "/admin/users/" + secret, "/assets/" + secret, "/start/" + secret + "?x=" + secret, "/federation?Action=" + secret} {
				g.do(http.MethodGet, path, nil)
				g.do("X"+fmt.Sprint(i), path, nil)
			}
			g.do(http.MethodGet, "/", func(r *http.Request) { r.Host = secret })
			g.do(http.MethodPost, "/?Action="+secret, nil)
		}
	}
	flood(2)
	before := strings.Count(scrape(), "\n")
	flood(20)
	after := scrape()
	if n := strings.Count(after, "\n"); n > before {
		t.Errorf("%d lines became %d", before, n)
	}
	if before < 100 || !strings.Contains(after, `door="portal"`) {
		t.Fatalf("nothing was counted: %d lines", before)
	}
	if strings.Contains(after, "secret") || strings.Contains(after, "evil") || strings.Contains(after, "192.0.2.1") {
		t.Errorf("what was sent is in the metrics:\n%s", after)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars"} {
		if r := g.do(http.MethodGet, path, nil); r.StatusCode != http.StatusNotFound {
			t.Errorf("the public listener answers %s with %s", path, r.Status)
		}
	}
}

// A center passes nothing on: neither a tunnel nor a request for another server.
func TestSecurity77IsNoProxy(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") }))
	defer other.Close()
	elsewhere := strings.TrimPrefix(other.URL, "http://")
	s := httptest.NewUnstartedServer(nil)
	own := s.Listener.Addr().String()
	g := newRig(t, func(c *center.Config) { c.Hosts = []string{own} })
	s.Config.Handler = g.center
	s.Start()
	defer s.Close()
	for request, want := range map[string]string{
		"GET /healthz HTTP/1.1\r\nHost: " + own:                                   "200",
		"GET http://" + own + "/healthz HTTP/1.1\r\nHost: " + own:                 "200", // as clients of a proxy write it
		"GET http://" + elsewhere + "/ HTTP/1.1\r\nHost: " + elsewhere:            "421",
		"GET http://" + elsewhere + "/healthz HTTP/1.1\r\nHost: " + own:           "421",
		"CONNECT " + elsewhere + " HTTP/1.1\r\nHost: " + elsewhere:                "421",
		"CONNECT " + elsewhere + " HTTP/1.1\r\nHost: " + own:                      "421",
		"CONNECT sso.us-east-1.amazonaws.com:443 HTTP/1.1\r\nHost: " + own:        "421",
		"CONNECT " + own + " HTTP/1.1\r\nHost: " + own:                            "405",
		"GET /healthz HTTP/1.1\r\nHost: " + own + "\r\nX-Forwarded-Host: a.other": "200",
	} {
		c, err := net.Dial("tcp", own)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(c, request+"\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(io.LimitReader(c, 20))
		if err := errors.Join(err, c.Close()); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+want) {
			t.Errorf("%q: %q, want %s, %v", request, answer, want, err)
		}
	}
}
