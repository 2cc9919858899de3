package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/clock"
)

// serveIn runs a center in this process until the test ends, and returns what its ready file says.
func serveIn(t *testing.T, change func(*serveOptions)) ready {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "center.yaml"), []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	o := serveOptions{
		Clock: clock.System{}, Random: rand.Reader, Out: io.Discard, Log: io.Discard, observeOptions: observeOptions{LogFormat: "text", LogLevel: "info"},
		files: files{Config: filepath.Join(dir, "center.yaml")}, Listen: "127.0.0.1:0", ReadyFile: filepath.Join(dir, "ready.json"),
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	for range 200 {
		select {
		case err := <-ended:
			t.Fatalf("serve: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if b, err := os.ReadFile(o.ReadyFile); err == nil {
			var r ready
			if err := json.Unmarshal(b, &r); err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	t.Fatal("it does not get ready")
	return ready{}
}

// certificate writes a self-signed certificate for 127.0.0.1 and returns the files and its pool.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return cert, key, pool
}

func TestTLS(t *testing.T) {
	cert, key, pool := certificate(t)
	r := serveIn(t, func(o *serveOptions) { o.TLSCert, o.TLSKey = cert, key })
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(r.StartURL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	if !strings.HasPrefix(r.URL, "https://127.0.0.1:") || resp.StatusCode != 200 {
		t.Errorf("%s: %s", r.URL, resp.Status)
	}
	secure := 0
	for _, c := range resp.Cookies() {
		if c.Secure && strings.HasPrefix(c.Name, "__Host-") {
			secure++
		}
	}
	if secure == 0 || secure != len(resp.Cookies()) {
		t.Errorf("cookies over https: %v", resp.Cookies())
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}}
	if _, err := old.Get(r.StartURL); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestPublicURL(t *testing.T) {
	for given, want := range map[string]string{
		"https://Center.example.com":     "https://center.example.com",
		"https://center.example.com:443": "https://center.example.com",
		"https://center.example.com/":    "https://center.example.com",
		"http://localhost:8080":          "http://localhost:8080",
	} {
		if r := serveIn(t, func(o *serveOptions) { o.PublicURL = given }); r.URL != want || r.StartURL != want+"/start" {
			t.Errorf("%s: %+v, want %s", given, r, want)
		}
	}
}

func TestSlowAndHugeRequestsAreBounded(t *testing.T) {
	r := serveIn(t, nil)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	send := func(request string) string {
		t.Helper()
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // a test
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, request) // it may be cut off
		b, err := io.ReadAll(c)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("the connection stays open: %v", err)
		}
		return string(b)
	}
	if got := send("GET /healthz HTTP/1.1\r\nHost: " + u.Host + "\r\nX: " + strings.Repeat("a", 128<<10) + "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("huge header: %.60q", got)
	}
	if testing.Short() {
		t.Skip("the rest takes ten seconds")
	}
	begun := time.Now()
	if send("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "); time.Since(begun) > 15*time.Second {
		t.Errorf("unfinished headers held the connection for %s", time.Since(begun))
	}
}
