package labca_test

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/labca"
	"keyfob/internal/clock"
)

func now() time.Time { return time.Now().Truncate(time.Second) }

func authority(t *testing.T, hosts ...string) *labca.Authority {
	t.Helper()
	a, err := labca.New(rand.Reader, now(), "Lab", hosts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestSecurity76RootIsStrict: what RFC 5280 asks of a CA, and strict verifiers check.
func TestSecurity76RootIsStrict(t *testing.T) {
	root := authority(t, "center.example.com", "192.0.2.7").Root
	critical := map[string]bool{}
	for _, e := range root.Extensions {
		critical[e.Id.String()] = e.Critical
	}
	for oid, want := range map[string]bool{"2.5.29.19": true, "2.5.29.15": true, "2.5.29.30": true, "2.5.29.14": false, "2.5.29.35": false} {
		if got, ok := critical[oid]; !ok || got != want {
			t.Errorf("extension %s: there %v, critical %v", oid, ok, got)
		}
	}
	if !root.IsCA || root.MaxPathLen != 0 || !root.MaxPathLenZero || root.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || root.Version != 3 {
		t.Errorf("%+v", root)
	}
	if len(root.SerialNumber.Bytes()) > 20 || root.SerialNumber.Sign() <= 0 {
		t.Errorf("serial %s", root.SerialNumber)
	}
}

func TestSecurity76LeavesAreShortLived(t *testing.T) {
	a := authority(t, "center.example.com", "192.0.2.7")
	c, err := a.Issue(rand.Reader, now(), labca.LeafLife, []string{"Center.example.com", "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	l := c.Leaf
	if life := l.NotAfter.Sub(now()); life != 7*24*time.Hour || l.IsCA || !bytes.Equal(l.AuthorityKeyId, a.Root.SubjectKeyId) || len(l.SubjectKeyId) == 0 {
		t.Errorf("%s, %+v", life, l)
	}
	if l.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(l.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("usage %v %v", l.KeyUsage, l.ExtKeyUsage)
	}
	for _, h := range []string{"center.example.com", "192.0.2.7"} {
		if err := l.VerifyHostname(h); err != nil {
			t.Error(err)
		}
	}
	// Never longer than the root, and never longer than systems accept.
	if c, err = a.Issue(rand.Reader, now(), 10*labca.RootLife, []string{"192.0.2.7"}); err != nil || c.Leaf.NotAfter.Sub(now()) != labca.MaxLeafLife {
		t.Errorf("%v %v", c.Leaf.NotAfter, err)
	}
	end := a.Root.NotAfter.Add(-time.Hour)
	if c, err = a.Issue(rand.Reader, end, labca.LeafLife, []string{"192.0.2.7"}); err != nil || !c.Leaf.NotAfter.Equal(a.Root.NotAfter) {
		t.Errorf("%v %v", c.Leaf, err)
	}
	if _, err = a.Issue(rand.Reader, end.Add(2*time.Hour), labca.LeafLife, []string{"192.0.2.7"}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Error(err)
	}
}

// TestSecurity76NameConstraints: the CA's key is of use for its own hosts only, whoever has it.
func TestSecurity76NameConstraints(t *testing.T) {
	for _, c := range []struct {
		ca, good, bad []string
	}{
		{[]string{"center.example.com"}, []string{"center.example.com", "CENTER.example.com", "a.center.example.com"}, []string{"example.com", "evilcenter.example.com", "sts.amazonaws.com", "192.0.2.7", "2001:db8::1"}},
		{[]string{"192.0.2.7"}, []string{"192.0.2.7", "::ffff:192.0.2.7"}, []string{"192.0.2.8", "2001:db8::1", "sts.amazonaws.com"}},
		{[]string{"2001:db8::1", "localhost"}, []string{"2001:db8::1", "localhost"}, []string{"2001:db8::2", "192.0.2.7", "com"}},
	} {
		a := authority(t, c.ca...)
		for _, h := range c.good {
			if _, err := a.Issue(rand.Reader, now(), time.Hour, []string{h}); err != nil {
				t.Errorf("%v for %s: %v", c.ca, h, err)
			}
		}
		for _, h := range c.bad {
			var host *labca.HostError
			if _, err := a.Issue(rand.Reader, now(), time.Hour, []string{c.good[0], h}); !errors.As(err, &host) || host.Host != h {
				t.Errorf("%v for %s: %v", c.ca, h, err)
			}
		}
	}
}

func TestHostileHosts(t *testing.T) {
	for _, h := range []string{"", ".", "*", "*.example.com", "a b", "a/b", "a:443", "http://a", "-a", "a..b", "127.1", "0.0.0.0", "::", "fe80::1%eth0", "ümlaut.example", "a\x00b", "[::1]", strings.Repeat("a", 64), strings.Repeat("a.", 130)} {
		var host *labca.HostError
		if _, err := labca.New(rand.Reader, now(), "Lab", []string{h}); !errors.As(err, &host) {
			t.Errorf("%q: %v", h, err)
		}
	}
}

// TestStrictVerifier asks OpenSSL, which is what Python has.
func TestStrictVerifier(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("SKIP-TOOL: openssl: not in PATH (scripts/setup installs it)")
	}
	for _, hosts := range [][]string{{"center.example.com"}, {"127.0.0.1", "::1"}, {"localhost", "127.0.0.1"}} {
		dir := t.TempDir()
		a := authority(t, hosts...)
		if err := a.Save(dir); err != nil {
			t.Fatal(err)
		}
		c, err := a.Issue(rand.Reader, now(), labca.LeafLife, hosts)
		if err != nil {
			t.Fatal(err)
		}
		cert := filepath.Join(dir, "server.pem")
		if err := a.SaveLeaf(c, cert, filepath.Join(dir, "server-key.pem")); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", filepath.Join(dir, labca.CertName), cert).CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", hosts, err, out)
		}
	}
}

func TestFilesOfTheAuthority(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	if _, err := labca.Load(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	a := authority(t, "localhost", "127.0.0.1")
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := authority(t, "localhost").Save(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another one: %v", err)
	}
	b, err := labca.Load(dir)
	if err != nil || !b.Root.Equal(a.Root) || b.Fingerprint() != a.Fingerprint() || !slices.Equal(b.Hosts(), []string{"localhost", "127.0.0.1"}) {
		t.Fatalf("%v %v", b, err)
	}
	if _, err := b.Issue(rand.Reader, now(), time.Hour, []string{"localhost"}); err != nil {
		t.Error(err)
	}
	t.Run("76 keys are 0600 and nothing else", func(t *testing.T) {
		key := filepath.Join(dir, "ca-key.pem")
		if st, err := os.Stat(key); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", st, err)
		}
		if err := os.Chmod(key, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := labca.Load(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Error(err)
		}
	})
	block, rest := pem.Decode(read(t, filepath.Join(dir, labca.CertName)))
	var any asn1.RawValue
	if _, err := asn1.Unmarshal(block.Bytes, &any); err != nil || len(rest) != 0 || block.Type != "CERTIFICATE" {
		t.Errorf("%v %q", err, rest)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRenewing(t *testing.T) {
	c := clock.NewFake(now())
	r := &labca.Renewing{Authority: authority(t, "127.0.0.1"), Clock: c, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	get := func() *x509.Certificate {
		t.Helper()
		cert, err := r.Certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf
	}
	first := get()
	c.Advance(labca.LeafLife/2 + time.Hour)
	if !get().Equal(first) {
		t.Error("renewed too early")
	}
	c.Advance(labca.LeafLife / 4)
	second := get()
	if second.Equal(first) || !c.Now().Before(first.NotAfter) {
		t.Error("not renewed while the first was good")
	}
	c.Advance(10 * labca.LeafLife)
	if third := get(); third.Equal(second) || !c.Now().Before(third.NotAfter) {
		t.Error("not renewed after a pause")
	}
	c.Advance(labca.RootLife)
	if _, err := r.Certificate(nil); err == nil {
		t.Error("the root has expired")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { r.Certificate(nil) }) //nolint:errcheck // for the race detector
	}
	all.Wait()
}

func TestFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	a := authority(t, "127.0.0.1")
	issue := func() *x509.Certificate {
		t.Helper()
		c, err := a.Issue(rand.Reader, now(), time.Hour, []string{"127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SaveLeaf(c, cert, key); err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	var log bytes.Buffer
	c := clock.NewFake(now())
	f := &labca.Files{CertFile: cert, KeyFile: key, Clock: c, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	if err := f.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
	first := issue()
	if err := f.Load(); err != nil {
		t.Fatal(err)
	}
	served := func(want *x509.Certificate, when string) {
		t.Helper()
		c.Advance(2 * time.Second)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // a test
		go func() {
			conn, err := l.Accept()
			if err == nil {
				tls.Server(conn, &tls.Config{GetCertificate: f.Certificate}).Handshake() //nolint:errcheck // the client tells
				conn.Close()                                                             //nolint:errcheck // a test
			}
		}()
		pool := x509.NewCertPool()
		pool.AddCert(a.Root)
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool})
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		defer conn.Close() //nolint:errcheck // a test
		if !conn.ConnectionState().PeerCertificates[0].Equal(want) {
			t.Errorf("%s: another certificate", when)
		}
	}
	served(first, "at first")
	second := issue()
	served(second, "after a change")
	if err := os.WriteFile(key, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	served(second, "with a damaged key")
	served(second, "with a damaged key still")
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("said %d times:\n%s", n, &log)
	}
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	served(second, "without files")
	served(issue(), "with new files")
}
