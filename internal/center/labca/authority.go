// Package labca is a certificate authority for one center: a root that can sign for the center's own hosts
// and nothing else, and the short-lived certificates it signs.
//
// The command keyfob-center makes and asks it. It owns the files of the authority and the form of its
// certificates, which the strictest verifiers accept (RFC 5280 as OpenSSL's X509_STRICT reads it, which is
// Python's default since 3.13). It knows nothing of listeners.
package labca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"time"
)

const (
	// RootLife is how long people need not trust a new root.
	RootLife = 5 * 365 * 24 * time.Hour
	// LeafLife is how long a certificate is good for when nobody says otherwise.
	LeafLife = 7 * 24 * time.Hour
	// MaxLeafLife is the longest that Apple's systems accept.
	MaxLeafLife = 397 * 24 * time.Hour
	// early is how long before now certificates begin: clocks of a lab are not all right.
	early = time.Hour
)

// Authority is a root with its key.
type Authority struct {
	Root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// HostError is a host that the root cannot sign for, or that is none.
type HostError struct {
	Host string
	Why  string
}

// Error implements error.
func (e *HostError) Error() string { return fmt.Sprintf("%q %s", e.Host, e.Why) }

// New makes a root for hosts, which are DNS names (their subdomains are then allowed as well) and IP addresses.
// Errors are *[HostError], or random's.
func New(random io.Reader, now time.Time, name string, hosts []string) (*Authority, error) {
	names, ips, err := split(hosts)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial(random)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"keyfob-center lab"}, CommonName: name},
		NotBefore: now.Add(-early), NotAfter: now.Add(RootLife),
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true, // Go marks it critical
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: names,
	}
	// A kind of name that is not constrained is allowed as a whole: so every kind must be.
	if len(names) == 0 {
		root.PermittedDNSDomains = []string{"localhost"}
	}
	for _, a := range ips {
		bits := 8 * len(a)
		root.PermittedIPRanges = append(root.PermittedIPRanges, &net.IPNet{IP: a, Mask: net.CIDRMask(bits, bits)})
	}
	if len(ips) == 0 {
		root.ExcludedIPRanges = []*net.IPNet{
			{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, err
	}
	if root.SubjectKeyId, err = keyID(&key.PublicKey); err != nil {
		return nil, err
	}
	root.AuthorityKeyId = root.SubjectKeyId
	der, err := x509.CreateCertificate(random, root, root, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return &Authority{Root: root, key: key}, nil
}

// Hosts are the names and addresses that the root was made for.
func (a *Authority) Hosts() []string {
	hosts := append([]string(nil), a.Root.PermittedDNSDomains...)
	for _, r := range a.Root.PermittedIPRanges {
		hosts = append(hosts, r.IP.String())
	}
	return hosts
}

// Fingerprint is the SHA-256 of the root as people compare it.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.Root.Raw)
	s := strings.ToUpper(hex.EncodeToString(sum[:]))
	var pairs []string
	for i := 0; i < len(s); i += 2 {
		pairs = append(pairs, s[i:i+2])
	}
	return strings.Join(pairs, ":")
}

// Issue makes a key and signs a certificate for hosts. A host that the root does not allow is a
// *[HostError]: clients would refuse the certificate.
func (a *Authority) Issue(random io.Reader, now time.Time, life time.Duration, hosts []string) (tls.Certificate, error) {
	var none tls.Certificate
	names, ips, err := split(hosts)
	if err != nil {
		return none, err
	}
	if len(hosts) == 0 {
		return none, errors.New("a certificate is for one host at least")
	}
	if !now.Before(a.Root.NotAfter) {
		return none, fmt.Errorf("the lab CA expired on %s", a.Root.NotAfter.Format(time.DateOnly))
	}
	serial, err := newSerial(random)
	if err != nil {
		return none, err
	}
	ends := now.Add(min(life, MaxLeafLife))
	if ends.After(a.Root.NotAfter) {
		ends = a.Root.NotAfter
	}
	begins := now.Add(-early)
	if begins.Before(a.Root.NotBefore) {
		begins = a.Root.NotBefore
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return none, err
	}
	leaf := &x509.Certificate{
		// No host as common name: OpenSSL holds one that looks like a DNS name against the constraints.
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"keyfob-center lab"}, CommonName: "Identity Center (lab)"},
		NotBefore: begins, NotAfter: ends, DNSNames: names, IPAddresses: ips,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if leaf.SubjectKeyId, err = keyID(&key.PublicKey); err != nil {
		return none, err
	}
	der, err := x509.CreateCertificate(random, leaf, a.Root, &key.PublicKey, a.key)
	if err != nil {
		return none, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return none, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.Root)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now}); err != nil {
		for _, h := range hosts {
			if !a.allows(h) {
				return none, &HostError{h, "is not one of the hosts that the lab CA may sign for: " + strings.Join(a.Hosts(), ", ")}
			}
		}
		return none, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func (a *Authority) allows(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		for _, r := range a.Root.PermittedIPRanges {
			if r.Contains(ip) {
				return true
			}
		}
		return false
	}
	for _, d := range a.Root.PermittedDNSDomains {
		if host = strings.ToLower(host); host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// split tells names from addresses.
func split(hosts []string) (names []string, ips []net.IP, err error) {
	for _, h := range hosts {
		if a, err := netip.ParseAddr(h); err == nil {
			if a.IsUnspecified() || a.Zone() != "" || a.IsMulticast() {
				return nil, nil, &HostError{h, "is not the address of one host"}
			}
			ips = append(ips, net.IP(a.Unmap().AsSlice()))
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(h, "."))
		if !isName(name) {
			return nil, nil, &HostError{h, "is neither a DNS name nor an IP address"}
		}
		names = append(names, name)
	}
	return names, ips, nil
}

// isName accepts DNS names as certificates have them: ASCII, no wildcards.
func isName(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return strings.Trim(s, "0123456789.") != "" // 127.1 is an address to some
}

func newSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40 // positive, and never short
	return new(big.Int).SetBytes(b), nil
}

// keyID is method 1 of RFC 7093: the first 160 bits of the SHA-256 of the key.
func keyID(key *ecdsa.PublicKey) ([]byte, error) {
	b, err := key.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return sum[:20], nil
}
