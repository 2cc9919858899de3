package ssoapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// lazyTransport is made by the first call. It is used without an [http.Client], which follows redirects
// unless told not to, and even then fails on one whose target makes no sense: neither a token nor a
// body is ever taken to where an answer points.
type lazyTransport struct {
	get func() (transports, error)
}

// transports are alike but for how servers are verified: in a quick way, or by package tls, which alone
// knows whom a connection to an address, or to a proxy, is to.
type transports struct {
	quick *http.Transport
	plain func() *http.Transport
}

func (t transports) of(r *http.Request) *http.Transport {
	host := r.URL.Hostname()
	if proxy, err := t.quick.Proxy(r); proxy != nil || err != nil || net.ParseIP(host) != nil || strings.ContainsRune(host, '%') {
		return t.plain()
	}
	return t.quick
}

// RoundTrip implements [http.RoundTripper].
func (l *lazyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t, err := l.get()
	if err != nil {
		return nil, err
	}
	return t.of(r).RoundTrip(r)
}

// newTransports honours the client's settings for every call. Certificates are looked at by the first TLS
// connection.
func newTransports(c Config) (transports, error) {
	proxy, err := proxies(c.LookupEnv)
	if err != nil {
		return transports{}, err
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                  proxy,
		TLSHandshakeTimeout:    c.ConnectTimeout,
		ResponseHeaderTimeout:  c.ReadTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        30 * time.Second,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil || c.ReadTimeout <= 0 {
			return conn, err
		}
		return &impatient{conn, c.ReadTimeout}, nil
	}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return errors.New("the proxy refused: " + answer.Status)
	}
	var bundle []byte
	switch {
	case c.NoVerifySSL:
		t.TLSClientConfig.InsecureSkipVerify = true //nolint:gosec // --no-verify-ssl asks for exactly this
		return transports{quick: t, plain: func() *http.Transport { return t }}, nil
	case c.CABundle != "":
		if bundle, err = readBundle(c.CABundle); err != nil {
			return transports{}, err
		}
	case len(systemFiles()) == 0:
		return transports{quick: t, plain: func() *http.Transport { return t }}, nil
	}
	plain := sync.OnceValue(func() *http.Transport {
		p := t.Clone()
		p.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if bundle != nil {
			p.TLSClientConfig.RootCAs = x509.NewCertPool()
			p.TLSClientConfig.RootCAs.AppendCertsFromPEM(bundle)
		}
		return p
	})
	if bundle != nil {
		only := sync.OnceValue(func() anchors { return parseAnchors(bundle) })
		t.TLSClientConfig = trusting(func() (anchors, error) { return only(), nil }, nil)
	} else {
		first := sync.OnceValues(func() (anchors, error) { return systemAnchors(c.LookupEnv) })
		t.TLSClientConfig = trusting(first, sync.OnceValues(x509.SystemCertPool))
	}
	return transports{quick: t, plain: plain}, nil
}

// impatient is a connection on which each read must bring something within a time, so that an answer
// that stops in the middle ends too. The time starts anew with each write: the transport reads all
// along, also while it has nothing to ask.
type impatient struct {
	net.Conn
	patience time.Duration
}

// Read implements [net.Conn].
func (c *impatient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements [net.Conn].
func (c *impatient) Write(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func readBundle(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, &BundleError{Path: path, Err: err}
	}
	for _, der := range parseAnchors(text).der {
		if _, err := x509.ParseCertificate(der); err == nil {
			return text, nil
		}
	}
	return nil, &BundleError{Path: path, Err: errors.New("it holds no PEM certificate")}
}

// proxies reads the proxy variables of the given environment, in either case, as curl does. Loopback
// addresses are never proxied. A variable that cannot be understood is an error: going past the proxy
// that somebody asked for would be worse.
func proxies(lookup func(string) (string, bool)) (func(*http.Request) (*url.URL, error), error) {
	either := func(upper, lower string) string {
		if v, ok := lookup(lower); ok && v != "" {
			return v
		}
		v, _ := lookup(upper)
		return v
	}
	_, cgi := lookup("REQUEST_METHOD") // HTTP_PROXY is then a request's header (httpoxy)
	config := &httpproxy.Config{
		HTTPProxy: either("HTTP_PROXY", "http_proxy"), HTTPSProxy: either("HTTPS_PROXY", "https_proxy"),
		NoProxy: either("NO_PROXY", "no_proxy"), CGI: cgi,
	}
	for name, v := range map[string]string{"HTTP_PROXY": config.HTTPProxy, "HTTPS_PROXY": config.HTTPSProxy} {
		if !isProxy(v) {
			return nil, &ProxyError{Variable: name}
		}
	}
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}

// isProxy reports whether httpproxy understands an address: a URL, or a host and port.
func isProxy(v string) bool {
	if v == "" {
		return true
	}
	if !strings.Contains(v, "://") {
		v = "http://" + v
	}
	u, err := url.Parse(v)
	return err == nil && u.Scheme != "" && u.Hostname() != ""
}
