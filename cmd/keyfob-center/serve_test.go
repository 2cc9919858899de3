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
	"fmt"
	"io"
	"log/slog"
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

func TestSecurity79SlowAndHugeRequests(t *testing.T) {
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

// hold opens a connection to a center and says something on it.
func hold(t *testing.T, host, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // a test
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

// Every way of being slow ends: with the headers, with a body that drips, with an answer that is not read,
// with nothing at all. The times are the real server's, divided so that nobody has to wait for them.
func TestSecurity79SlowClients(t *testing.T) {
	const faster = 40
	stuck := make(chan error, 1)
	s := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/much" {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					stuck <- err
					return
				}
			}
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}), slog.New(slog.DiscardHandler))
	for name, d := range map[string]*time.Duration{"header": &s.ReadHeaderTimeout, "read": &s.ReadTimeout, "write": &s.WriteTimeout, "idle": &s.IdleTimeout} {
		if *d <= 0 || *d > 2*time.Minute {
			t.Errorf("%s: %s", name, *d)
		}
		*d /= faster
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)   //nolint:errcheck // closed below
	defer s.Close() //nolint:errcheck // a test
	host := l.Addr().String()
	drip := func(request, more string, most time.Duration) func(*testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			c, begun := hold(t, host, request), time.Now()
			ended := make(chan error, 1)
			go func() { _, err := io.Copy(io.Discard, c); ended <- err }()
			for {
				select {
				case <-ended:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if _, _ = io.WriteString(c, more); time.Since(begun) > 10*most/faster+5*time.Second {
					t.Fatal("the connection is still open")
				}
			}
		}
	}
	t.Run("all", func(t *testing.T) {
		t.Run("headers", drip("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "a", s.ReadHeaderTimeout*faster))
		t.Run("body", drip("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", "a", s.ReadTimeout*faster))
		t.Run("chunks", drip("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", s.ReadTimeout*faster))
		t.Run("nothing", drip("", "", s.ReadHeaderTimeout*faster))
		t.Run("idle", drip("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", s.IdleTimeout*faster))
		t.Run("answer", func(t *testing.T) {
			t.Parallel()
			hold(t, host, "GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
			select {
			case <-stuck:
			case <-time.After(10*s.WriteTimeout + 5*time.Second):
				t.Error("an answer that nobody reads is still being written")
			}
		})
	})
}

func TestSecurity79ConnectionsAtOnce(t *testing.T) {
	r := serveIn(t, func(o *serveOptions) { o.MaxConnections = 2 })
	host := strings.TrimPrefix(r.URL, "http://")
	request := "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	answered := func(c net.Conn, within time.Duration) bool {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	}
	http.DefaultClient.CloseIdleConnections()
	first, second := hold(t, host, request), hold(t, host, request)
	if !answered(first, 10*time.Second) || !answered(second, 10*time.Second) {
		t.Fatal("two are too many")
	}
	third := hold(t, host, request)
	if answered(third, 200*time.Millisecond) {
		t.Error("a third connection is served beside two")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if !answered(third, 10*time.Second) {
		t.Error("it is not served when there is room")
	}
}

func TestSecurity29NoDeviceFlow(t *testing.T) {
	for off, want := range map[bool]string{false: "", true: "UnauthorizedClientException"} {
		r := serveIn(t, func(o *serveOptions) { o.NoDevices = off })
		post := func(path, body string, out any) string {
			t.Helper()
			answer, err := http.Post(r.URL+path, "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close() //nolint:errcheck // a test
			if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
				t.Fatal(err)
			}
			return answer.Header.Get("X-Amzn-Errortype")
		}
		var client struct{ ClientID, ClientSecret string }
		if e := post("/client/register", `{"clientName":"a","clientType":"public"}`, &client); e != "" {
			t.Fatal(e)
		}
		var started map[string]any
		e := post("/device_authorization", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"startUrl":%q}`, client.ClientID, client.ClientSecret, r.StartURL), &started)
		if e != want || (started["userCode"] == nil) != off {
			t.Errorf("turned off %v: %q", off, e)
		}
		answer, err := http.Get(r.URL + "/.well-known/oauth-authorization-server")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() //nolint:errcheck // a test
		if b, err := io.ReadAll(answer.Body); err != nil || strings.Contains(string(b), "device") == off {
			t.Errorf("turned off %v: %s %v", off, b, err)
		}
	}
}
