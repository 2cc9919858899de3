//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// service answers the two calls that credentials take, the same each time.
type service struct {
	plain, secure string // URLs
	bundle        string // the system's trusted certificates, and the one that issued the service's
	close         func()
}

// newService listens on 127.0.0.1, with and without TLS, and puts its bundle into dir.
func newService(dir string) (service, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /federation/credentials", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-amz-sso_bearer_token") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":%q,"secretAccessKey":"secret","sessionToken":"session","expiration":%d}}`,
			accessKeyID, time.Now().Add(time.Hour).UnixMilli())
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"accessToken":"refreshed","refreshToken":"another","tokenType":"Bearer","expiresIn":3600}`)
	})
	certificate, authority, err := issue()
	if err != nil {
		return service{}, err
	}
	s := service{bundle: filepath.Join(dir, "bundle.pem")}
	if err := os.WriteFile(s.bundle, append(systemCertificates(), authority...), 0o600); err != nil {
		return service{}, err
	}
	quiet := log.New(io.Discard, "", 0) // a client that is done does not wait for the end of TLS
	plain, secure := &http.Server{Handler: mux, ErrorLog: quiet}, &http.Server{Handler: mux, ErrorLog: quiet}
	a, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return service{}, err
	}
	b, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return service{}, errors.Join(err, a.Close())
	}
	go plain.Serve(a)  //nolint:errcheck // it ends when it is closed
	go secure.Serve(b) //nolint:errcheck // it ends when it is closed
	s.plain = "http://" + a.Addr().String()
	s.secure = fmt.Sprintf("https://localhost:%d", b.Addr().(*net.TCPAddr).Port)
	s.close = func() { _, _ = plain.Close(), secure.Close() }
	return s, nil
}

// systemCertificates are what a client has to look through; none where the system has no such file.
func systemCertificates() []byte {
	for _, f := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"} {
		if b, err := os.ReadFile(f); err == nil {
			return b
		}
	}
	return nil
}

// issue makes a certificate for localhost and, as PEM, the authority that issued it.
func issue() (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "keyfob bench"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: from, NotAfter: to,
		DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), nil
}
