// Package doctor looks at a center as its clients do, from where they are: can it be reached, is it
// trusted, is it the one that it says it is, and do the files and variables on this machine lead there.
//
// The command keyfob-center client doctor prints what it finds. It changes nothing and sends no secret.
package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"keyfob/internal/clock"
)

// Finding is the result of one check: what was looked at, and either that it is well or what to do.
type Finding struct {
	OK     bool
	Check  string
	Text   string
	Remedy string // for what is not well
}

// Patient is a center and the machine it is looked at from.
type Patient struct {
	URL     string
	CA      []byte // PEM; nil for the CAs of the system
	CAFrom  string // what says that those are to be trusted: "--ca", "AWS_CA_BUNDLE"
	Clock   clock.Clock
	Config  []byte // ~/.aws/config, nil for none
	Profile string // that must lead to the center; "" for any
	Getenv  func(string) string
	// ReadFile reads what the config names.
	ReadFile func(string) ([]byte, error)
	Timeout  time.Duration // of one request
}

// metadata is the part of center.Metadata that is looked at.
type metadata struct {
	Issuer       string   `json:"issuer"`
	Auth         string   `json:"authorization_endpoint"`
	Token        string   `json:"token_endpoint"`
	Registration string   `json:"registration_endpoint"`
	Device       string   `json:"device_authorization_endpoint"`
	StartURLs    []string `json:"sso_start_urls"`
	Region       string   `json:"sso_region"`
}

// Examine makes all checks that make sense. Findings come in the order in which to mend things.
func (p Patient) Examine(ctx context.Context) []Finding {
	e := &examination{Patient: p, base: strings.TrimRight(p.URL, "/")}
	if !e.url() {
		return e.found
	}
	e.client = e.httpClient()
	defer e.client.CloseIdleConnections()
	if e.reach(ctx) {
		e.ready(ctx)
		if e.discover(ctx) {
			e.head(ctx)
		}
	}
	e.config()
	e.environment()
	return e.found
}

type examination struct {
	Patient
	base   string
	parsed *url.URL
	client *http.Client
	found  []Finding
	meta   metadata
}

func (e *examination) well(check, text string, args ...any) bool {
	e.found = append(e.found, Finding{OK: true, Check: check, Text: fmt.Sprintf(text, args...)})
	return true
}

func (e *examination) ill(check, remedy, text string, args ...any) bool {
	e.found = append(e.found, Finding{Check: check, Text: fmt.Sprintf(text, args...), Remedy: remedy})
	return false
}

func (e *examination) url() bool {
	u, err := url.Parse(e.base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil:
		return e.ill("url", "give the URL that keyfob-center serve prints, like https://center.example.com", "%q is not the URL of a center", e.base)
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return e.ill("url", "leave away what follows the host: AWS clients drop paths", "%s has a path", e.base)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		e.ill("url", "serve with --tls lab or a certificate", "%s is not encrypted: passwords and tokens can be read on the way", e.base)
	}
	e.parsed = u
	return true
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (e *examination) httpClient() *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if e.CA != nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(e.CA)
	}
	return &http.Client{
		Timeout:       e.Timeout,
		Transport:     &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxBody is more than any answer that is looked at.
const maxBody = 64 << 10

const pathDiscovery = "/.well-known/oauth-authorization-server" // RFC 8414

func (e *examination) get(ctx context.Context, method, path string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, e.base+path, nil)
	if err != nil {
		return nil, nil, err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return resp, b, err
}

// maxSkew is what signatures of AWS requests tolerate.
const maxSkew = 5 * time.Minute

// reach also compares clocks: it is the first answer there is.
func (e *examination) reach(ctx context.Context) bool {
	resp, body, err := e.get(ctx, http.MethodGet, "/healthz")
	if err != nil {
		return e.unreachable(err)
	}
	var health struct {
		Status     string
		TestPowers bool
	}
	switch {
	case resp.StatusCode == http.StatusMisdirectedRequest:
		return e.ill("reachable", "start keyfob-center serve with --public-url "+e.base, "the center does not answer to the name %s", e.parsed.Host)
	case resp.StatusCode != http.StatusOK || json.Unmarshal(body, &health) != nil || health.Status == "":
		return e.ill("reachable", "check the URL: a proxy, or another server, has the address", "what answers at %s is no center (%d)", e.base, resp.StatusCode)
	}
	e.well("reachable", "%s answers", e.base)
	if resp.TLS != nil {
		leaf := resp.TLS.PeerCertificates[0]
		e.well("tls", "%s, certificate trusted, good until %s", tls.VersionName(resp.TLS.Version), leaf.NotAfter.Format(time.DateTime))
	}
	if health.TestPowers {
		e.ill("test powers", "start keyfob-center serve without --control where sign-ins matter", "whoever has the control token can sign in as anybody")
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if skew := e.Clock.Now().Sub(date); err == nil && skew.Abs() > maxSkew {
		return e.ill("clock", "set the clock of this machine, or the center's; both should use NTP", "this machine's clock is %s off the center's: signatures are refused", skew.Round(time.Second).Abs())
	}
	return e.well("clock", "agrees with the center's")
}

// unreachable tells the ways apart in which a connection fails.
func (e *examination) unreachable(err error) bool {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &authority):
		remedy := "keyfob-center ca trust tells how clients come to trust the lab CA; give its file as --ca here"
		if e.CAFrom != "" {
			remedy = e.CAFrom + " names the wrong CA, or an old one: copy ca.pem from the center again"
		}
		return e.ill("tls", remedy, "the center's certificate is signed by a CA that is not trusted here")
	case errors.As(err, &host):
		return e.ill("tls", "use a name that the certificate is for, or get one for this name", "the certificate is not for %s", e.parsed.Hostname())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return e.ill("tls", "renew the certificate, or set this machine's clock", "the certificate has expired, or is not good yet, by this machine's clock")
	case errors.As(err, &invalid):
		return e.ill("tls", "make the certificate anew: keyfob-center ca", "the certificate is not acceptable: %v", invalid)
	case errors.As(err, &record):
		return e.ill("tls", "use http:// for a center without TLS", "%s does not speak TLS", e.parsed.Host)
	case errors.As(err, &dns):
		return e.ill("reachable", "check the name, and this machine's DNS", "the name %s is not known", e.parsed.Hostname())
	case errors.Is(err, syscall.ECONNREFUSED):
		return e.ill("reachable", "start keyfob-center serve there, or correct the port", "nothing listens at %s", e.parsed.Host)
	case errors.As(err, &timeout) && timeout.Timeout():
		return e.ill("reachable", "check firewalls and the address", "%s does not answer within %s", e.parsed.Host, e.Timeout)
	}
	var wrapped *url.Error // its text repeats the URL
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return e.ill("reachable", "check the address, proxies and firewalls", "%s cannot be reached: %v", e.base, err)
}

func (e *examination) ready(ctx context.Context) bool {
	resp, _, err := e.get(ctx, http.MethodGet, "/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		return e.ill("ready", "look into the center's log: it is stopping, or its database or keys fail", "the center says that it should not be used now")
	}
	return e.well("ready", "database, migrations and keys are well")
}

func (e *examination) discover(ctx context.Context) bool {
	resp, body, err := e.get(ctx, http.MethodGet, pathDiscovery)
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &e.meta) != nil || len(e.meta.StartURLs) == 0 {
		return e.ill("discovery", "let the proxy in front of the center pass /.well-known/ through", "the center does not say where its endpoints are")
	}
	if e.meta.Issuer != e.base {
		return e.ill("issuer", "use "+e.meta.Issuer+", or start keyfob-center serve with --public-url "+e.base, "the center calls itself %s, clients call it %s", e.meta.Issuer, e.base)
	}
	e.well("issuer", "%s", e.meta.Issuer)
	for _, endpoint := range []string{e.meta.Auth, e.meta.Token, e.meta.Registration, e.meta.Device} {
		if !strings.HasPrefix(endpoint, e.base+"/") {
			return e.ill("discovery", "start keyfob-center serve with --public-url "+e.base, "an endpoint is elsewhere: %s", endpoint)
		}
	}
	return e.well("discovery", "region %s, start URL %s", e.meta.Region, strings.Join(e.meta.StartURLs, " or "))
}

func (e *examination) head(ctx context.Context) bool {
	const since = "AWS CLI 2.35.13 and later"
	resp, _, err := e.get(ctx, http.MethodHead, "/start")
	if err != nil {
		return e.ill("start URL", "let the proxy in front of the center pass HEAD through", "HEAD /start is not answered: %v", err)
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	labels := []string(nil)
	if err == nil {
		labels = strings.Split(to.Hostname(), ".")
	}
	if resp.StatusCode != http.StatusFound || len(labels) != 5 || labels[1] != "portal" || labels[3] != "app" || labels[4] != "aws" {
		return e.ill("start URL", "let the proxy in front of the center pass HEAD through", "HEAD /start does not lead to an AWS-owned name (%d): %s refuse the start URL", resp.StatusCode, since)
	}
	if labels[2] != e.meta.Region {
		return e.ill("start URL", "correct the region in center.yaml", "HEAD /start leads to region %s, the center is in %s", labels[2], e.meta.Region)
	}
	shaped := slices.ContainsFunc(e.meta.StartURLs, func(u string) bool { return strings.Contains(u, ".awsapps.com/") })
	if e.parsed.Scheme != "https" && !shaped {
		return e.ill("start URL", "serve with --tls lab, or declare https://NAME.awsapps.com/start under start_urls in center.yaml", "%s refuse a start URL without https", since)
	}
	return e.well("start URL", "%s accept it", since)
}
