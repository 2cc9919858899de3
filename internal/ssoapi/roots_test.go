package ssoapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate that issues others.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (a *authority) issue(t *testing.T, template *x509.Certificate) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template.SerialNumber = serial
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func ca(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func server(names ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "server"}, DNSNames: names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func pemOf(certs ...*x509.Certificate) []byte {
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}

// The quick way accepts and refuses what package tls does with the same file.
func TestTrustIsTheSame(t *testing.T) {
	var none *authority
	root, other := none.issue(t, ca("root")), none.issue(t, ca("other"))
	sameName := none.issue(t, ca("root")) // another key under the same name
	middle := root.issue(t, ca("middle"))
	expired := &x509.Certificate{NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	old := server("good.test")
	old.NotBefore, old.NotAfter = expired.NotBefore, expired.NotAfter
	client := server("good.test")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	narrow := ca("narrow")
	narrow.PermittedDNSDomainsCritical, narrow.PermittedDNSDomains = true, []string{"elsewhere.test"}
	limited := root.issue(t, narrow)
	self := none.issue(t, server("good.test"))

	bundle := pemOf(other.cert, root.cert)
	for name, c := range map[string]struct {
		leaf   *authority
		chain  []*x509.Certificate
		bundle []byte
		want   bool
	}{
		"directly":               {root.issue(t, server("good.test")), nil, bundle, true},
		"through another":        {middle.issue(t, server("good.test")), []*x509.Certificate{middle.cert}, bundle, true},
		"the middle is trusted":  {middle.issue(t, server("good.test")), nil, pemOf(middle.cert), true},
		"the middle is missing":  {middle.issue(t, server("good.test")), nil, bundle, false},
		"itself":                 {self, nil, pemOf(self.cert), true},
		"its leaf alone":         {middle.issue(t, server("good.test")), nil, nil, true}, // filled in below
		"unknown issuer":         {sameName.issue(t, server("good.test")), nil, pemOf(other.cert), false},
		"an impostor's key":      {sameName.issue(t, server("good.test")), nil, bundle, false},
		"the right one of two":   {sameName.issue(t, server("good.test")), nil, pemOf(root.cert, sameName.cert), true},
		"another name":           {root.issue(t, server("bad.test")), nil, bundle, false},
		"a wildcard":             {root.issue(t, server("*.test")), nil, bundle, true},
		"no longer valid":        {root.issue(t, old), nil, bundle, false},
		"for clients":            {root.issue(t, client), nil, bundle, false},
		"outside its authority":  {limited.issue(t, server("good.test")), []*x509.Certificate{limited.cert}, bundle, false},
		"a bundle of other text": {root.issue(t, server("good.test")), nil, append([]byte("# hello\n\n"), bundle...), true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.bundle == nil {
				c.bundle = pemOf(c.leaf.cert)
			}
			certificate := tls.Certificate{Certificate: [][]byte{c.leaf.cert.Raw}, PrivateKey: c.leaf.key}
			for _, more := range c.chain {
				certificate.Certificate = append(certificate.Certificate, more.Raw)
			}
			plain := x509.NewCertPool()
			plain.AppendCertsFromPEM(c.bundle)
			a := parseAnchors(c.bundle)
			for way, config := range map[string]*tls.Config{
				"package tls": {RootCAs: plain},
				"quick":       trusting(func() (anchors, error) { return a, nil }, nil),
				"second":      trusting(func() (anchors, error) { return anchors{}, os.ErrNotExist }, func() (*x509.CertPool, error) { return plain, nil }),
			} {
				err := handshake(t, certificate, config, "good.test")
				if (err == nil) != c.want {
					t.Errorf("%s: %v, want trust: %v", way, err, c.want)
				}
				if err != nil && !errors.As(err, new(*tls.CertificateVerificationError)) {
					t.Errorf("%s: %T, want what package tls returns", way, err)
				}
			}
		})
	}
}

// handshake is over a real connection: on a pipe, both ends could wait to be read.
func handshake(t *testing.T, certificate tls.Certificate, config *tls.Config, name string) error {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test ends
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = c.Read(make([]byte, 1))
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test ends
	config = config.Clone()
	config.ServerName = name
	return tls.Client(c, config).HandshakeContext(t.Context())
}

// Without a name there is nothing to verify against, and so no trust.
func TestNoNameNoTrust(t *testing.T) {
	var none *authority
	self := none.issue(t, server("good.test"))
	a := parseAnchors(pemOf(self.cert))
	config := trusting(func() (anchors, error) { return a, nil }, nil)
	if err := handshake(t, tls.Certificate{Certificate: [][]byte{self.cert.Raw}, PrivateKey: self.key}, config, "127.0.0.1"); err == nil {
		t.Error("trusted")
	}
}

func TestWhoVerifies(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	var none *authority
	if err := os.WriteFile(bundle, pemOf(none.issue(t, ca("root")).cert), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]bool{
		"https://oidc.us-east-1.amazonaws.com/token": true, "https://localhost:8443/": true,
		"https://127.0.0.1:8443/": false, "https://[::1]:8443/": false, "https://[fe80::1%25eth0]/": false,
	} {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		both, err := newTransports(Config{CABundle: bundle, LookupEnv: func(string) (string, bool) { return "", false }})
		if err != nil {
			t.Fatal(err)
		}
		if quick := both.of(r) == both.quick; quick != want {
			t.Errorf("%s: quick is %v", url, quick)
		}
		proxied, err := newTransports(Config{CABundle: bundle, LookupEnv: func(k string) (string, bool) { return "https://10.0.0.1:1", k == "HTTPS_PROXY" }})
		if err != nil {
			t.Fatal(err)
		}
		if proxied.of(r) == proxied.quick && !strings.Contains(url, "localhost") {
			t.Errorf("%s: by a proxy, and quick", url)
		}
	}
}
