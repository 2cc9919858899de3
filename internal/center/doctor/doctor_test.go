package doctor_test

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/clientconfig"
	"keyfob/internal/center/doctor"
	"keyfob/internal/center/labca"
	"keyfob/internal/clock"
)

// fake is a center whose every answer can be made wrong.
type fake struct {
	*httptest.Server
	health, ready int
	body          string
	date          time.Time
	metadata      map[string]any
	location      string
}

func newFake(t *testing.T, with *tls.Config) *fake {
	t.Helper()
	f := &fake{health: 200, ready: 200, body: `{"status":"ok","testPowers":false}`, date: time.Now(), location: "https://ssoins-0123456789abcdef.portal.eu-central-1.app.aws/start"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(f.health)
		fmt.Fprint(w, f.body)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(f.ready) })
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(f.metadata) //nolint:errcheck // a test
	})
	mux.HandleFunc("HEAD /start", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", f.location)
		w.WriteHeader(302)
	})
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", f.date.UTC().Format(http.TimeFormat))
		mux.ServeHTTP(w, r)
	}))
	if with == nil {
		f.Start()
	} else {
		f.TLS = with
		f.StartTLS()
	}
	t.Cleanup(f.Close)
	f.metadata = map[string]any{
		"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize", "token_endpoint": f.URL + "/token",
		"registration_endpoint": f.URL + "/client/register", "device_authorization_endpoint": f.URL + "/device_authorization",
		"sso_region": "eu-central-1", "sso_start_urls": []string{f.URL + "/start", "https://lab.awsapps.com/start"},
	}
	return f
}

func (f *fake) patient(env map[string]string) doctor.Patient {
	config, _ := clientconfig.Merge(nil, clientconfig.Settings{
		URL: f.URL, StartURL: f.URL + "/start", Region: "eu-central-1", Profile: "dev", Session: "lab", Account: "111111111111", Role: "Admin",
	}.Sections())
	return doctor.Patient{
		URL: f.URL, Clock: clock.System{}, Config: config, Timeout: 5 * time.Second,
		Getenv:   func(name string) string { return env[name] },
		ReadFile: func(string) ([]byte, error) { return nil, errors.New("no such file") },
	}
}

// ill returns the findings that are not well, as "check: text".
func ill(t *testing.T, p doctor.Patient) []string {
	t.Helper()
	var bad []string
	found := p.Examine(t.Context())
	for _, f := range found {
		if f.OK != (f.Remedy == "") || f.Check == "" || f.Text == "" {
			t.Errorf("finding %+v", f)
		}
		if !f.OK {
			bad = append(bad, f.Check+": "+f.Text+" → "+f.Remedy)
		}
	}
	if len(found) == 0 {
		t.Error("nothing was looked at")
	}
	return bad
}

func TestHealthy(t *testing.T) {
	f := newFake(t, nil)
	if bad := ill(t, f.patient(nil)); bad != nil {
		t.Errorf("%q", bad)
	}
	n := len(f.patient(nil).Examine(t.Context()))
	if n < 8 {
		t.Errorf("%d checks", n)
	}
}

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake, *doctor.Patient)
		want   string
	}{
		"path":           {func(_ *fake, p *doctor.Patient) { p.URL += "/sso" }, "url: has a path → leave away"},
		"no url":         {func(_ *fake, p *doctor.Patient) { p.URL = "center" }, "url: \"center\" is not the URL"},
		"refused":        {func(f *fake, _ *doctor.Patient) { f.Close() }, "reachable: nothing listens at 127.0.0.1"},
		"other host":     {func(f *fake, _ *doctor.Patient) { f.health = 421 }, "reachable: the center does not answer to the name → start keyfob-center serve with --public-url"},
		"other server":   {func(f *fake, _ *doctor.Patient) { f.body = "<html>" }, "reachable: what answers is no center"},
		"test powers":    {func(f *fake, _ *doctor.Patient) { f.body = `{"status":"ok","testPowers":true}` }, "test powers: whoever"},
		"clock":          {func(f *fake, _ *doctor.Patient) { f.date = f.date.Add(-10 * time.Minute) }, "clock: 10m → set the clock"},
		"not ready":      {func(f *fake, _ *doctor.Patient) { f.ready = 503 }, "ready: should not be used"},
		"no discovery":   {func(f *fake, _ *doctor.Patient) { f.metadata = nil }, "discovery: does not say"},
		"other issuer":   {func(f *fake, _ *doctor.Patient) { f.metadata["issuer"] = "https://center.example.com" }, "issuer: the center calls itself https://center.example.com → --public-url"},
		"other endpoint": {func(f *fake, _ *doctor.Patient) { f.metadata["token_endpoint"] = "https://evil.example/token" }, "discovery: an endpoint is elsewhere: https://evil.example/token"},
		"no vanity":      {func(f *fake, _ *doctor.Patient) { f.location = "/sign-in" }, "start URL: HEAD /start does not lead to an AWS-owned name → proxy"},
		"evil vanity":    {func(f *fake, _ *doctor.Patient) { f.location = "https://x.portal.eu-central-1.app.aws.evil/start" }, "start URL: HEAD /start does not lead"},
		"other region": {func(f *fake, _ *doctor.Patient) {
			f.location = strings.Replace(f.location, "eu-central-1", "us-east-1", 1)
		}, "start URL: leads to region us-east-1, the center is in eu-central-1"},
		"http only":   {func(f *fake, _ *doctor.Patient) { f.metadata["sso_start_urls"] = []string{f.URL + "/start"} }, "start URL: AWS CLI 2.35.13 and later refuse a start URL without https → --tls lab"},
		"no config":   {func(_ *fake, p *doctor.Patient) { p.Config = nil }, "config: no profile in the config file leads to → client config"},
		"no profile":  {func(_ *fake, p *doctor.Patient) { p.Profile = "prod" }, "config: there is no profile prod"},
		"no services": {func(_ *fake, p *doctor.Patient) { p.Config = replace(p.Config, "services = lab", "") }, "profile dev: no endpoint_url for sso_oidc: clients would ask AWS"},
		"other service": {func(f *fake, p *doctor.Patient) {
			p.Config = replace(p.Config, "sts =\n  endpoint_url = "+f.URL, "sts =\n  endpoint_url = http://127.0.0.1:1")
		}, "profile dev: its endpoint_url for sts is http://127.0.0.1:1"},
		"other start URL": {func(_ *fake, p *doctor.Patient) { p.Config = replace(p.Config, "/start", "/stop") }, "profile dev: sso_start_url is"},
		"no ca_bundle": {func(_ *fake, p *doctor.Patient) {
			p.Config = replace(p.Config, "services = lab", "services = lab\nca_bundle = /none")
		}, "profile dev: ca_bundle names /none, which cannot be read"},
		"keys":      {func(_ *fake, p *doctor.Patient) { p.Getenv = env("AWS_ACCESS_KEY_ID", "SECRET") }, "environment: AWS_ACCESS_KEY_ID is set → unset"},
		"ignored":   {func(_ *fake, p *doctor.Patient) { p.Getenv = env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE") }, "environment: AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true"},
		"elsewhere": {func(_ *fake, p *doctor.Patient) { p.Getenv = env("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9") }, "environment: AWS_ENDPOINT_URL_SSO leads to http://127.0.0.1:9"},
		"no bundle": {func(_ *fake, p *doctor.Patient) { p.Getenv = env("NODE_EXTRA_CA_CERTS", "/none") }, "environment: NODE_EXTRA_CA_CERTS names /none, which cannot be read"},
		"no certificate": {func(_ *fake, p *doctor.Patient) {
			p.Getenv = env("AWS_CA_BUNDLE", "/some")
			p.ReadFile = func(string) ([]byte, error) { return []byte("nothing"), nil }
		}, "environment: AWS_CA_BUNDLE names /some, which holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, nil)
			p := f.patient(nil)
			c.change(f, &p)
			bad := strings.Join(ill(t, p), "\n")
			// Every word of it, check and remedy included.
			for _, word := range strings.Fields(c.want) {
				if !strings.Contains(bad, word) {
					t.Errorf("%q does not say %q", bad, word)
				}
			}
			if strings.Contains(bad, "SECRET") {
				t.Error("it prints a secret")
			}
			if strings.Count(bad, "\n") > 0 && name != "no url" {
				t.Errorf("one thing is wrong, and it says:\n%s", bad)
			}
		})
	}
}

func replace(b []byte, old, by string) []byte { return []byte(strings.ReplaceAll(string(b), old, by)) }

func env(name, value string) func(string) string {
	return func(n string) string {
		if n == name {
			return value
		}
		return ""
	}
}

func TestTLSFindings(t *testing.T) {
	now := time.Now()
	ca, err := labca.New(rand.Reader, now.Add(-48*time.Hour), "Lab", []string{"127.0.0.1", "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	config := func(at time.Time, life time.Duration, host string) *tls.Config {
		c, err := ca.Issue(rand.Reader, at, life, []string{host})
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{c}}
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root.Raw})
	for name, c := range map[string]struct {
		tls  *tls.Config
		ca   []byte
		from string
		want string
	}{
		"trusted":        {config(now, time.Hour, "127.0.0.1"), root, "--ca", ""},
		"not trusted":    {config(now, time.Hour, "127.0.0.1"), nil, "", "tls: the center's certificate is signed by a CA that is not trusted here → keyfob-center ca trust"},
		"wrong CA":       {config(now, time.Hour, "127.0.0.1"), []byte("none"), "AWS_CA_BUNDLE", "tls: the center's certificate is signed by a CA that is not trusted here → AWS_CA_BUNDLE names the wrong CA"},
		"other host":     {config(now, time.Hour, "localhost"), root, "--ca", "tls: the certificate is not for 127.0.0.1"},
		"expired":        {config(now.Add(-3*time.Hour), time.Hour, "127.0.0.1"), root, "--ca", "tls: the certificate has expired"},
		"TLS 1.1 and no": {&tls.Config{Certificates: config(now, time.Hour, "127.0.0.1").Certificates, MaxVersion: tls.VersionTLS11}, root, "--ca", "reachable: "},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.tls)
			f.Config.ErrorLog = nil
			p := f.patient(nil)
			p.CA, p.CAFrom = c.ca, c.from
			bad := strings.Join(ill(t, p), "\n")
			if c.want == "" && bad != "" || !strings.HasPrefix(bad, c.want) {
				t.Errorf("%s, want %s", bad, c.want)
			}
		})
	}
	t.Run("no TLS at all", func(t *testing.T) {
		f := newFake(t, nil)
		p := f.patient(nil)
		p.URL = strings.Replace(p.URL, "http:", "https:", 1)
		p.Config = nil
		if bad := ill(t, p); len(bad) == 0 || !strings.Contains(bad[0], "does not speak TLS") && !strings.Contains(bad[0], "server gave HTTP response") {
			t.Errorf("%q", bad)
		}
	})
}

func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test
	p := newFake(t, nil).patient(nil)
	p.URL, p.Timeout = "http://"+l.Addr().String(), 100*time.Millisecond
	if bad := ill(t, p); len(bad) == 0 || !strings.Contains(bad[0], "does not answer within 100ms") {
		t.Errorf("%q", bad)
	}
}

func TestDiscover(t *testing.T) {
	f := newFake(t, nil)
	m, err := f.patient(nil).Discover(t.Context())
	if err != nil || m.Region != "eu-central-1" || m.StartURL() != "https://lab.awsapps.com/start" {
		t.Errorf("%+v %v", m, err)
	}
	f.metadata["sso_start_urls"] = []string{"https://center.example.com/start", "https://lab.awsapps.com/start"}
	if m, err := f.patient(nil).Discover(t.Context()); err != nil || m.StartURL() != "https://center.example.com/start" {
		t.Errorf("%+v %v", m, err)
	}
	f.metadata = nil
	if _, err := f.patient(nil).Discover(t.Context()); err == nil {
		t.Error("that is no center")
	}
}

func TestReady(t *testing.T) {
	f := newFake(t, nil)
	address := strings.TrimPrefix(f.URL, "http://")
	if _, err := doctor.Ready(t.Context(), address, time.Second); err != nil {
		t.Error(err)
	}
	f.ready = 503
	if _, err := doctor.Ready(t.Context(), address, time.Second); err == nil || !strings.Contains(err.Error(), "not ready") {
		t.Error(err)
	}
	f.Close()
	if _, err := doctor.Ready(t.Context(), address, time.Second); err == nil {
		t.Error("nobody is there")
	}
}
