package clients

import (
	"net/url"
	"strings"
	"testing"

	"keyfob/internal/center/store"
)

func TestSecurity10to13RedirectMatch(t *testing.T) {
	r := &Registry{}
	for _, c := range []struct {
		name, registered, asked string
		want                    bool
	}{
		{"10 same", "https://app.example/cb?x=1", "https://app.example/cb?x=1", true},
		{"10 other path", "https://app.example/cb", "https://app.example/cb2", false},
		{"10 deeper path", "https://app.example/cb", "https://app.example/cb/x", false},
		{"10 trailing slash", "https://app.example/cb", "https://app.example/cb/", false},
		{"10 other query", "https://app.example/cb?x=1", "https://app.example/cb?x=2", false},
		{"10 more query", "https://app.example/cb", "https://app.example/cb?x=2", false},
		{"10 other host", "https://app.example/cb", "https://evil.example/cb", false},
		{"10 other case", "https://app.example/cb", "https://app.example/CB", false},
		{"10 other scheme", "https://app.example/cb", "http://app.example/cb", false},
		{"10 empty", "https://app.example/cb", "", false},
		{"11 port of https", "https://app.example/cb", "https://app.example:8443/cb", false},
		{"11 any port", "http://127.0.0.1/oauth/callback", "http://127.0.0.1:40545/oauth/callback", true},
		{"11 no port", "http://127.0.0.1:8080/oauth/callback", "http://127.0.0.1/oauth/callback", true},
		{"11 no path", "http://127.0.0.1", "http://127.0.0.1:40545", true},
		{"11 IPv6", "http://[::1]/cb", "http://[::1]:40545/cb", true},
		{"11 with query", "http://127.0.0.1/cb?a=b", "http://127.0.0.1:1/cb?a=b", true},
		{"11 query without path", "http://127.0.0.1?a=b", "http://127.0.0.1:1?a=b", true},
		{"11 other literal", "http://127.0.0.1/cb", "http://[::1]:40545/cb", false},
		{"11 another loopback address", "http://127.0.0.1/cb", "http://127.0.0.2:40545/cb", false},
		{"11 other path", "http://127.0.0.1/cb", "http://127.0.0.1:40545/", false},
		{"11 no path, slash", "http://127.0.0.1", "http://127.0.0.1:40545/", false},
		{"11 other query", "http://127.0.0.1/cb", "http://127.0.0.1:40545/cb?x", false},
		{"11 other scheme", "http://127.0.0.1/cb", "https://127.0.0.1:40545/cb", false},
		{"11 https loopback", "https://127.0.0.1/cb", "https://127.0.0.1:40545/cb", false},
		{"11 port 0", "http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false},
		{"11 port too high", "http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false},
		{"11 empty port", "http://127.0.0.1/cb", "http://127.0.0.1:/cb", false},
		{"11 signed port", "http://127.0.0.1/cb", "http://127.0.0.1:+80/cb", false},
		{"11 port with a zero in front", "http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false},
		{"12 localhost", "http://127.0.0.1/cb", "http://localhost:40545/cb", false},
		{"13 userinfo", "http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", false},
		{"13 port and userinfo", "http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false},
		{"13 suffix", "http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false},
		{"13 suffix, no path", "http://127.0.0.1", "http://127.0.0.1.evil.example", false},
		{"13 suffix, userinfo, no path", "http://127.0.0.1", "http://127.0.0.1@evil.example", false},
		{"13 fragment", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb#x", false},
		{"13 decimal", "http://127.0.0.1/cb", "http://2130706433/cb", false},
		{"13 blank", "http://127.0.0.1/cb", " http://127.0.0.1/cb", false},
		{"13 newline", "http://127.0.0.1/cb", "http://127.0.0.1/cb\r\nSet-Cookie: a=b", false},
		{"13 scheme in capitals", "http://127.0.0.1/cb", "HTTP://127.0.0.1/cb", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.MatchRedirect(store.Client{RedirectURIs: []string{"https://first.example/", c.registered}}, c.asked); got != c.want {
				t.Errorf("%q for %q: %v", c.asked, c.registered, got)
			}
		})
	}
	// What could not be registered does not match either, should it be in the store.
	if r.MatchRedirect(store.Client{RedirectURIs: []string{"http://localhost/cb"}}, "http://localhost/cb") {
		t.Error("an unacceptable URI matches itself")
	}
}

// hostile are URIs that must not be registered, and their reason.
func hostile() map[string]error {
	return map[string]error{
		"": errRedirectLength,
		"https://a.example/" + strings.Repeat("x", 1024): errRedirectLength,
		"http://localhost/cb":                            errRedirectScheme,
		"http://localhost:80/cb":                         errRedirectScheme,
		"https://localhost/cb":                           errRedirectHost,
		"https://a.localhost/cb":                         errRedirectHost,
		"http://app.example/cb":                          errRedirectScheme,
		"http://127.0.0.2/cb":                            errRedirectScheme,
		"http://0.0.0.0/cb":                              errRedirectScheme,
		"http://[::ffff:127.0.0.1]/cb":                   errRedirectScheme,
		"http://[0:0:0:0:0:0:0:1]/cb":                    errRedirectScheme,
		"http://127.1/cb":                                errRedirectScheme,
		"http://2130706433/cb":                           errRedirectScheme,
		"http://0177.0.0.1/cb":                           errRedirectScheme,
		"http://0x7f.0.0.1/cb":                           errRedirectScheme,
		"http://127.0.0.1.evil.example/cb":               errRedirectScheme,
		"http://127.0.0.1.:80/cb":                        errRedirectScheme,
		"http://127.0.0.1@evil.example/":                 errRedirectUserInfo,
		"http://evil@127.0.0.1/":                         errRedirectUserInfo,
		"https://a:b@app.example/":                       errRedirectUserInfo,
		"http://127.0.0.1\\@evil.example/":               errRedirectText,
		"http://127.0.0.1/cb#fragment":                   errRedirectText,
		"https://app.example/cb#":                        errRedirectText,
		"https://app.example\\evil.example":              errRedirectText,
		"https://app.example/a b":                        errRedirectText,
		"https://app.example/\t":                         errRedirectText,
		"https://äpp.example/":                           errRedirectText,
		"https://app.example/%2e%2e/x":                   errRedirectEscape,
		"https://app.example/%2E":                        errRedirectEscape,
		"https://app.example/%2fevil":                    errRedirectEscape,
		"https://app.example/%5Cevil":                    errRedirectEscape,
		"https://app.example/%252e":                      errRedirectEscape,
		"https://app.example/%0d%0a":                     errRedirectEscape,
		"https://app.example/?x=%00":                     errRedirectEscape,
		"https://app.example/?x=%zz":                     errRedirectEscape,
		"https://app.example/?x=%2":                      errRedirectEscape,
		"https://app.example/a/../b":                     errRedirectEscape,
		"https://app.example/./b":                        errRedirectEscape,
		"http://127.0.0.1/../cb":                         errRedirectEscape,
		"https://2130706433/":                            errRedirectHost,
		"https://0177.0.0.1/":                            errRedirectHost,
		"https://0x7f.1/":                                errRedirectHost,
		"https://app.0x7f/":                              errRedirectHost,
		"https://app.example./":                          errRedirectHost,
		"https://app..example/":                          errRedirectHost,
		"https://app_.example/":                          errRedirectHost,
		"https://[fe80::1%25eth0]/":                      errRedirectEscape,
		"https:///cb":                                    errRedirectHost,
		"https://app.example:0/":                         errRedirectPort,
		"https://app.example:/":                          errRedirectPort,
		"https://app.example:99999/":                     errRedirectPort,
		"https:app.example":                              errRedirectScheme,
		"HTTPS://app.example/":                           errRedirectScheme,
		"//app.example/":                                 errRedirectScheme,
		"/cb":                                            errRedirectScheme,
		"javascript:alert(1)":                            errRedirectScheme,
		"data:text/html,x":                               errRedirectScheme,
		"com.example.app:/cb":                            errRedirectScheme,
		"urn:ietf:wg:oauth:2.0:oob":                      errRedirectScheme,
		"http://%3127.0.0.1/":                            errRedirectText,
	}
}

func TestSecurity12and13RedirectRegistration(t *testing.T) {
	for uri, want := range hostile() {
		if got := checkRedirect(uri); got != want { //nolint:errorlint // returned bare
			t.Errorf("%q: %v, want %v", uri, got, want)
		}
	}
	for _, uri := range []string{
		"http://127.0.0.1/oauth/callback", "http://127.0.0.1", "http://127.0.0.1:1234", "http://[::1]:1234/cb", "https://app.example/cb?x=%20y",
		"https://app.example:8443/cb", "https://192.0.2.1/cb", "https://[2001:db8::1]:8443/", "https://xn--pp-yia.example/",
	} {
		if err := checkRedirect(uri); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// Whatever is accepted leads, by the standard library's reading too, to where it was meant to.
func FuzzMatchRedirect(f *testing.F) {
	for uri := range hostile() {
		f.Add("http://127.0.0.1/cb", uri)
		f.Add(uri, uri)
	}
	f.Add("http://127.0.0.1", "http://127.0.0.1:80")
	f.Add("http://[::1]?a", "http://[::1]:80?a")
	f.Add("https://[::1]:80", "https://[::1]:80")
	r := &Registry{}
	f.Fuzz(func(t *testing.T, registered, asked string) {
		if !r.MatchRedirect(store.Client{RedirectURIs: []string{registered}}, asked) {
			return
		}
		u, err := url.Parse(asked)
		if err != nil {
			t.Fatalf("%q matches and is no URL: %v", asked, err)
		}
		v, err := url.Parse(registered)
		if err != nil {
			t.Fatalf("%q matches %q, which is no URL: %v", asked, registered, err)
		}
		if u.User != nil || u.Fragment != "" || u.Opaque != "" {
			t.Errorf("%q matches", asked)
		}
		if u.Scheme != v.Scheme || u.Hostname() != v.Hostname() || u.EscapedPath() != v.EscapedPath() || u.RawQuery != v.RawQuery {
			t.Errorf("%q matches %q", asked, registered)
		}
		loopback := u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
		if !loopback && (u.Scheme != "https" || asked != registered) {
			t.Errorf("%q matches %q", asked, registered)
		}
	})
}

func TestStartURLs(t *testing.T) {
	s := NewStartURLs("http://127.0.0.1:8480", "https://my-lab.awsapps.com/start", "https://ssoins-0123456789abcdef.portal.us-east-1.app.aws")
	for u, want := range map[string]bool{
		"http://127.0.0.1:8480":                                          true,
		"http://127.0.0.1:8480/":                                         true,
		"http://127.0.0.1:8480/start":                                    true,
		"http://127.0.0.1:8480/start/":                                   true,
		"http://127.0.0.1:8480/start#/":                                  true,
		"http://127.0.0.1:8480/#":                                        true,
		"https://my-lab.awsapps.com/start#/?x":                           true,
		"https://My-Lab.awsapps.com":                                     true,
		"https://ssoins-0123456789abcdef.portal.us-east-1.app.aws/start": true,
		"http://my-lab.awsapps.com/start":                                false,
		"https://my-lab.awsapps.com/other":                               false,
		"https://my-lab.awsapps.com/start?x":                             false,
		"https://other.awsapps.com/start":                                false,
		"https://a@my-lab.awsapps.com/start":                             false,
		"http://127.0.0.1:8481":                                          false,
		"":                                                               false,
		"start":                                                          false,
		"://":                                                            false,
		"https://my-lab.awsapps.com/start#" + strings.Repeat("x", 1<<16): false,
	} {
		if got := s.Has(u); got != want {
			t.Errorf("%.80q: %v", u, got)
		}
	}
	if (StartURLs{}).Has("") {
		t.Error("an empty list has an empty URL")
	}
}
