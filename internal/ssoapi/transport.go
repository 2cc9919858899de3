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
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// newTransport honours the client's settings for every call. Certificates are loaded by the first TLS
// connection, since reading the system's costs more than everything else a call does.
func newTransport(c Config) *http.Transport {
	dialer := &net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                  proxies(c.LookupEnv),
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
	t.TLSClientConfig.InsecureSkipVerify = c.NoVerifySSL //nolint:gosec // --no-verify-ssl asks for exactly this
	return t
}

// trust returns what must have succeeded before the transport is used.
func trust(c Config, t *http.Transport) func() error {
	return sync.OnceValue(func() (err error) {
		if c.CABundle != "" && !c.NoVerifySSL {
			t.TLSClientConfig.RootCAs, err = readBundle(c.CABundle)
		}
		return err
	})
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

func readBundle(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, &BundleError{Path: path, Err: err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &BundleError{Path: path, Err: errors.New("it holds no PEM certificate")}
	}
	return pool, nil
}

// proxies reads the proxy variables of the given environment, in either case, as curl does. Loopback
// addresses are never proxied.
func proxies(lookup func(string) (string, bool)) func(*http.Request) (*url.URL, error) {
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
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := choose(r.URL)
		switch {
		case err != nil:
			return nil, err
		case proxy == nil:
			return nil, unusableProxy(config, r.URL)
		case proxy.Hostname() == "": // "me:password@…" is a URL, of the scheme "me"
			return nil, errProxy
		}
		return proxy, nil
	}
}

// errProxy does not repeat the value, which may hold a password.
var errProxy = errors.New("the proxy variable for it is not the address of a proxy")

// unusableProxy reports a proxy that is set and cannot be used, which httpproxy passes over: the request
// would go where the person did not want it to go, directly.
func unusableProxy(c *httpproxy.Config, target *url.URL) error {
	probe := *c
	probe.HTTPProxy, probe.HTTPSProxy = "http://proxy.invalid", "http://proxy.invalid"
	if meant, err := probe.ProxyFunc()(target); err != nil || meant == nil {
		return err // NO_PROXY
	}
	if target.Scheme == "https" && c.HTTPSProxy != "" || target.Scheme == "http" && c.HTTPProxy != "" {
		return errProxy
	}
	return nil
}
