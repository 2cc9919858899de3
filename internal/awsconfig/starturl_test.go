package awsconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAWSOwnedHosts(t *testing.T) {
	for _, host := range []string{
		"ssoins-abc123.portal.us-west-2.app.aws", "ssoins-abc123.portal.us-east-1.app.aws", "SSOINS-ABC123.PORTAL.US-WEST-2.APP.AWS",
		"app.aws", "ssoins-abc123.us-west-2.portal.amazonaws.com", "d-abc123.awsapps.com", "myalias.awsapps.com", "awsapps.com",
		"identitycenter.amazonaws.com", "identitycenter.amazonaws.com.", "d-abc123.awsapps.cn", "awsapps.cn",
		"ssoins-abc123.cn-north-1.portal.amazonaws.com.cn", "identitycenter.amazonaws.com.cn",
		"ssoins-abc123.portal.cn-north-1.app.amazonwebservices.com.cn", "identitycenter.amazonaws.eu",
		"ssoins-abc123.eusc-de-east-1.portal.amazonaws.eu", "ssoins-abc123.portal.eusc-de-east-1.api.amazonwebservices.eu",
		"identitycenter.us-gov.amazonaws.com",
	} {
		u, err := ParseStartURL("https://" + host + "/start")
		if err != nil || !u.AWSOwned() || u.Loopback() {
			t.Errorf("%s: owned %v, loopback %v, error %v", host, u.AWSOwned(), u.Loopback(), err)
		}
	}
	for _, host := range []string{
		"aws.mycompany.com", "awsapps.com.evil.net", "evil-awsapps.com", "x.app.aws.example.com", "amazonaws.com.example.net",
		"portal.amazonaws.com.evil.net", "notidentitycenter.amazonaws.com", "x.identitycenter.amazonaws.com", "example.com",
		"awsapps.cn.evil.net", "evil-awsapps.cn", "portal.amazonaws.com.cn.evil.net", "awsapps.com..", "myapp.aws",
		"x.awsapps.com@evil.net", "evil.net:443", "evil.net#.awsapps.com", "evil.net?x.awsapps.com", "evil.net/.awsapps.com",
	} {
		u, err := ParseStartURL("https://" + host + "/start")
		if err != nil || u.AWSOwned() {
			t.Errorf("%s: owned %v, error %v", host, u.AWSOwned(), err)
		}
	}
	if isAWSOwned("") {
		t.Error("no host is owned")
	}
}

func TestParseStartURL(t *testing.T) {
	insecure := func(u string) error { return &InsecureStartURLError{u} }
	invalid := func(u string) error { return &InvalidStartURLError{u} }
	for _, tc := range []struct {
		raw      string
		err      error
		loopback bool
	}{
		{"https://d-1.awsapps.com/start#/?tab=x", nil, false},
		{"HTTPS://d-1.awsapps.com/start", nil, false},
		{"https://127.0.0.1/start", nil, true},
		{"http://127.0.0.1:8080/start", nil, true},
		{"http://127.8.9.10/", nil, true},
		{"http://[::1]:8080/start", nil, true},
		{"http://LOCALHOST:8080/start", nil, true},
		{"http://d-1.awsapps.com/start", insecure("http://d-1.awsapps.com/start"), false},
		{"http://localhost.evil.net/", insecure("http://localhost.evil.net/"), false},
		{"http://127.0.0.1.evil.net/", insecure("http://127.0.0.1.evil.net/"), false},
		{"http://127.0.0.1@evil.net/", insecure("http://127.0.0.1@evil.net/"), false},
		{"http://[::ffff:127.0.0.1]/", insecure("http://[::ffff:127.0.0.1]/"), false},
		{"http://[::1%25eth0]/", insecure("http://[::1%25eth0]/"), false},
		{"http://0.0.0.0/", insecure("http://0.0.0.0/"), false},
		{"http://2130706433/", insecure("http://2130706433/"), false},
		{"http://", insecure("http://"), false},
		{"ftp://127.0.0.1/", insecure("ftp://127.0.0.1/"), false},
		{"//127.0.0.1/", insecure("//127.0.0.1/"), false},
		{"http://a b/", insecure("http://a b/"), false},
		{"d-abc123", insecure("d-abc123"), false},
		{"foo bar", insecure("foo bar"), false},
		{":", insecure(":"), false},
		{"", insecure(""), false},
		{"https://", invalid("https://"), false},
		{"https:d-1.awsapps.com", invalid("https:d-1.awsapps.com"), false},
		{"https:///start", invalid("https:///start"), false},
		{"https://a b.awsapps.com/", invalid("https://a b.awsapps.com/"), false},
		{"https://evil.net\\@x.awsapps.com/", invalid("https://evil.net\\@x.awsapps.com/"), false},
		{"https://x.awsapps.com/\x1b[2J", invalid("https://x.awsapps.com/\x1b[2J"), false},
	} {
		u, err := ParseStartURL(tc.raw)
		if diff := cmp.Diff(tc.err, err); diff != "" {
			t.Errorf("%q: error (-want +got):\n%s", tc.raw, diff)
		}
		if u.Loopback() != tc.loopback || err == nil && u.String() != tc.raw {
			t.Errorf("%q: loopback %v, String %q", tc.raw, u.Loopback(), u.String())
		}
	}
}

func TestRegionFromHost(t *testing.T) {
	for host, want := range map[string]string{
		"ssoins-abc.portal.us-west-2.app.aws":                       "us-west-2",
		"SSOINS-ABC.PORTAL.US-EAST-1.APP.AWS":                       "us-east-1",
		"ssoins-abc.portal.eu-west-1.app.aws.":                      "eu-west-1",
		"ssoins-abc.portal.cn-north-1.app.aws":                      "cn-north-1",
		"ssoins-abc.us-gov-west-1.portal.amazonaws.com":             "us-gov-west-1",
		"ssoins-abc.us-west-2.portal.amazonaws.com":                 "us-west-2",
		"ssoins-abc.cn-north-1.portal.amazonaws.com.cn":             "cn-north-1",
		"ssoins-abc.cn-northwest-1.portal.amazonaws.com.cn":         "cn-northwest-1",
		"ssoins-abc.eusc-de-east-1.portal.amazonaws.eu":             "eusc-de-east-1",
		"ssoins-abc.portal.cn-north-1.app.amazonwebservices.com.cn": "cn-north-1",
		"ssoins-abc.portal.eusc-de-east-1.api.amazonwebservices.eu": "eusc-de-east-1",
		"d-abc123.awsapps.com":                                      "",
		"d-abc123.awsapps.cn":                                       "",
		"identitycenter.amazonaws.com":                              "",
		"identitycenter.amazonaws.com.cn":                           "",
		"identitycenter.us-gov.amazonaws.com":                       "",
		"aws.mycompany.com":                                         "",
		"":                                                          "",
		".portal.us-west-2.app.aws":                                 "",
		"a.b.portal.us-west-2.app.aws":                              "",
		"a.portal.us-west-2.app.aws.evil.net":                       "",
		"a.portal.-.app.aws":                                        "",
		"a.portal.us_west.app.aws":                                  "",
		"a..portal.amazonaws.com":                                   "",
		"portal.us-west-2.app.aws":                                  "",
	} {
		if got := RegionFromHost(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

func TestVetResolved(t *testing.T) {
	const original = "https://aws.mycompany.com/portal"
	for _, tc := range []struct {
		name, original, location, configured string
		url, region                          string
		err                                  error
		text                                 string
	}{
		{name: "normalised", location: "https://ssoins-abc.portal.us-east-1.app.aws:443/", url: "https://ssoins-abc.portal.us-east-1.app.aws", region: "us-east-1"},
		{name: "path kept", location: "https://X.awsapps.com:443/start//?a=b#c", configured: "eu-west-1", url: "https://x.awsapps.com/start", region: "eu-west-1"},
		{name: "other port kept", location: "https://x.awsapps.com:8443/start", configured: "r-1", url: "https://x.awsapps.com:8443/start", region: "r-1"},
		{name: "region of the host wins", location: "https://ssoins-abc.portal.us-west-2.app.aws", configured: "eu-west-1", url: "https://ssoins-abc.portal.us-west-2.app.aws", region: "us-west-2"},
		{
			name: "443 is not the port of http", location: "http://x.awsapps.com:443",
			err:  &InsecureResolvedURLError{original, "http://x.awsapps.com:443"},
			text: "Resolved URL must use https. Got: 'http://x.awsapps.com:443'",
		},
		{name: "escapes kept", location: "https://x.awsapps.com/a%2Fb%20c", configured: "r-1", url: "https://x.awsapps.com/a%2Fb%20c", region: "r-1"},
		{
			name: "relative", location: "/start",
			err:  &NotAWSOwnedError{original, "https://aws.mycompany.com/start"},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'https://aws.mycompany.com/start'",
		},
		{
			name: "no redirect", location: original,
			err:  &NotAWSOwnedError{original, original},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'https://aws.mycompany.com/portal'",
		},
		{name: "relative to AWS", original: "https://x.awsapps.com/a", location: "//d-1.awsapps.com/b", configured: "r-1", url: "https://d-1.awsapps.com/b", region: "r-1"},
		{
			name: "lookalike", location: "https://x.awsapps.com.evil.net:80/start/",
			err:  &NotAWSOwnedError{original, "https://x.awsapps.com.evil.net:80/start"},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'https://x.awsapps.com.evil.net:80/start'",
		},
		{
			name: "userinfo", location: "https://x.awsapps.com@evil.net/",
			err:  &NotAWSOwnedError{original, "https://evil.net"},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'https://evil.net'",
		},
		{
			name: "IPv6", location: "http://[::1]:80/",
			err:  &NotAWSOwnedError{original, "http://[::1]"},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'http://[::1]'",
		},
		{
			name: "no URL", location: "https://a b/",
			err:  &NotAWSOwnedError{original, "https://a b/"},
			text: "Could not resolve start URL 'https://aws.mycompany.com/portal' to an AWS-owned endpoint. Final URL: 'https://a b/'",
		},
		{
			name: "http", location: "http://ssoins-abc.portal.us-east-1.app.aws:80/",
			err:  &InsecureResolvedURLError{original, "http://ssoins-abc.portal.us-east-1.app.aws"},
			text: "Resolved URL must use https. Got: 'http://ssoins-abc.portal.us-east-1.app.aws'",
		},
		{
			name: "no region", location: "https://d-abc123.awsapps.com/start",
			err:  &UnknownRegionError{original},
			text: "Cannot determine region from start URL 'https://aws.mycompany.com/portal'. Please provide sso_region in your configuration.",
		},
		{name: "no location", err: &MissingLocationError{original}, text: "Redirect response missing Location header."},
		{name: "original is no URL", original: "https://a b", location: "/", err: &InvalidStartURLError{"https://a b"}, text: "Invalid sso_start_url: 'https://a b'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.original == "" {
				tc.original = original
			}
			u, region, err := VetResolved(tc.original, tc.location, tc.configured)
			if u != tc.url || region != tc.region {
				t.Errorf("%q, %q, want %q, %q", u, region, tc.url, tc.region)
			}
			if diff := cmp.Diff(tc.err, err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if text(err) != tc.text {
				t.Errorf("text %q, want %q", text(err), tc.text)
			}
		})
	}
	for want, err := range map[string]error{
		"Failed to resolve start URL: HTTP 500":        &ResolveError{StartURL: original, Status: 500},
		"Failed to resolve start URL: Name not known!": &ResolveError{StartURL: original, Err: errText("Name not known!")},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }
