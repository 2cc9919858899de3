package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/netutil"

	"keyfob/internal/wire"
)

// checkExposure refuses to be reachable in a way that gives secrets away, before anything is opened
// (item 73).
func (o serveOptions) checkExposure() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	secure := o.secure()
	switch {
	case o.TLS != "" && o.TLS != tlsLab:
		return usageError{errors.New("--tls is lab; for a certificate of your own give --tls-cert and --tls-key")}
	case o.TLS != "" && o.TLSCert != "":
		return usageError{errors.New("--tls lab and --tls-cert exclude each other")}
	case (o.TLSCert == "") != (o.TLSKey == ""):
		return usageError{errors.New("--tls-cert and --tls-key go together")}
	case secure && o.InsecureHTTP:
		return usageError{errors.New("--insecure-http makes no sense with TLS")}
	case !loopback(host) && !secure && !o.InsecureHTTP:
		return configError{hinted{
			fmt.Errorf("refusing to listen on %s without TLS: passwords and tokens could be read on the way", o.Listen),
			"give --tls-cert and --tls-key, or --tls lab, or listen on 127.0.0.1",
		}}
	case unspecified(host) && o.PublicURL == "":
		return usageError{fmt.Errorf("--listen %s is every address of this machine: say with --public-url which one clients use", o.Listen)}
	}
	if o.MaxConnections < 0 { // 0 is the default
		return usageError{errors.New("--max-connections is 1 or more")}
	}
	if o.Control != "" {
		if host, _, err := net.SplitHostPort(o.Control); err != nil || !loopback(host) {
			return usageError{errors.New("--control takes an address of this machine only, like 127.0.0.1:0")}
		}
	}
	if o.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return usageError{errors.New("--public-url looks like https://center.example.com, without a path: AWS clients drop paths")}
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && !o.InsecureHTTP {
		return configError{hinted{
			fmt.Errorf("refusing the public URL %s: without TLS passwords and tokens could be read on the way", o.PublicURL),
			"use https://, with --tls-cert and --tls-key or behind a proxy on this machine that has them",
		}}
	}
	return nil
}

// proxies reads --trusted-proxy.
func (o serveOptions) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, given := range o.TrustedProxies {
		network, err := netip.ParsePrefix(given)
		if a, bad := netip.ParseAddr(given); bad == nil && a.Zone() == "" {
			a = a.Unmap()
			network, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || network.Bits() == 0 {
			return nil, usageError{fmt.Errorf("--trusted-proxy %q is neither an address nor a network like 10.0.0.0/24", given)}
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func unspecified(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

// defaultConnections is many clients, and less than half of the memory that a small machine has.
const defaultConnections = 4096

// listen opens the listener and says under which URL clients reach it.
func (o serveOptions) listen(ctx context.Context, logger *slog.Logger) (net.Listener, *url.URL, error) {
	scheme := "http"
	config, err := o.tlsConfig(logger)
	if err != nil {
		return nil, nil, err
	}
	if config != nil {
		scheme = "https"
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, nil, configError{hinted{fmt.Errorf("--listen: %w", err), "choose another port with --listen; port 0 takes a free one"}}
	}
	most := o.MaxConnections
	if most == 0 {
		most = defaultConnections
	}
	l = netutil.LimitListener(l, most)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	base := &url.URL{Scheme: scheme, Host: l.Addr().String()}
	if o.PublicURL != "" {
		if base, err = url.Parse(o.PublicURL); err != nil {
			return nil, nil, usageError{err}
		}
		base.Path, base.Host = "", strings.ToLower(base.Host)
		// Clients leave the scheme's own port out of the Host header.
		if p := base.Port(); p == "443" && base.Scheme == "https" || p == "80" && base.Scheme == "http" {
			base.Host = strings.TrimSuffix(base.Host, ":"+p)
		}
	}
	if err := o.certified(base.Hostname(), config, logger); err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return l, base, nil
}

// ready is what the ready file says.
type ready struct {
	URL          string      `json:"url"`
	StartURL     string      `json:"startUrl"`
	ControlURL   string      `json:"controlUrl,omitempty"`
	ControlToken wire.Secret `json:"controlToken,omitempty"`
	MetricsURL   string      `json:"metricsUrl,omitempty"`
}

// announce says that the center is ready, in the ready file first: whoever waits for the line may read
// the file.
func (o serveOptions) announce(r ready) error {
	if o.ReadyFile != "" {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := replace(o.ReadyFile, append(b, '\n')); err != nil {
			return fmt.Errorf("--ready-file: %w", err)
		}
	}
	if r.ControlURL != "" {
		if _, err := fmt.Fprintf(o.Out, "TEST POWERS ARE ON: control API at %s, token %s\n", r.ControlURL, r.ControlToken.Reveal()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(o.Out, "keyfob-center is ready at %s, start URL %s\n", r.URL, r.StartURL)
	return err
}

// replace writes a file as a whole (mode 0600), so that nobody reads half of it.
func replace(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ready-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone once renamed
	_, err = tmp.Write(content)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
