package ssoapi

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
)

// Reading all the certificates that a system trusts costs several times what the rest of a call does, and
// a connection needs one or two of them. So they are parsed only if they can have issued what the server
// shows. Whom that trusts is the same: [x509.Certificate.Verify] itself looks for issuers by name, and
// whatever it does not accept from one file is put to the whole system.

// anchors is a file of PEM certificates, hardly looked at.
type anchors struct{ der [][]byte }

func parseAnchors(text []byte) anchors {
	var a anchors
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return a
		}
		if block.Type == "CERTIFICATE" && len(block.Headers) == 0 {
			a.der = append(a.der, block.Bytes)
		}
	}
}

// issuers returns the certificates that name, as their subject or elsewhere, who issued one of the chain.
// It has every anchor that verification could use, among them the server's own certificate.
func (a anchors) issuers(chain []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range a.der {
		for _, c := range chain {
			if bytes.Contains(der, c.RawIssuer) {
				if cert, err := x509.ParseCertificate(der); err == nil {
					pool.AddCert(cert)
				}
				break
			}
		}
	}
	return pool
}

// trusting returns settings under which a server is trusted if roots or else, where it is not nil, the
// next ones lead to its certificate. They are for servers with a name: of a connection to an address
// package tls does not say whom it is to.
func trusting(roots func() (anchors, error), next func() (*x509.CertPool, error)) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // #nosec G402 -- VerifyConnection, which runs for every connection, does it
		VerifyConnection: func(cs tls.ConnectionState) error {
			a, err := roots()
			if err == nil {
				err = verify(cs, a.issuers(cs.PeerCertificates))
			}
			if err != nil && next != nil {
				var all *x509.CertPool
				if all, err = next(); err == nil {
					err = verify(cs, all)
				}
			}
			return err
		},
	}
}

// verify is what package tls does with a server's certificates.
func verify(cs tls.ConnectionState, roots *x509.CertPool) error {
	if len(cs.PeerCertificates) == 0 || cs.ServerName == "" {
		return errors.New("the server's certificate cannot be held against a name")
	}
	options := x509.VerifyOptions{Roots: roots, DNSName: cs.ServerName, Intermediates: x509.NewCertPool()}
	for _, c := range cs.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := cs.PeerCertificates[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
	}
	return nil
}

// systemAnchors reads the file that the system keeps its certificates in; it is one of the places that
// package x509 reads.
func systemAnchors(lookup func(string) (string, bool)) (anchors, error) {
	files := systemFiles()
	if own, _ := lookup("SSL_CERT_FILE"); own != "" && len(files) > 0 {
		files = []string{own}
	}
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil {
			return parseAnchors(text), nil
		}
	}
	return anchors{}, os.ErrNotExist
}
