package main

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"

	"github.com/spf13/pflag"

	"keyfob/internal/center/labca"
	"keyfob/internal/clock"
)

// tlsLab is the value of --tls that means the lab CA.
const tlsLab = "lab"

// tlsOptions is where serve's certificate comes from.
type tlsOptions struct {
	TLS     string // "" or tlsLab
	TLSCert string
	TLSKey  string
	CADir   string // beside the config file when empty
}

func (o *tlsOptions) tlsFlags(f *pflag.FlagSet) {
	f.StringVar(&o.TLSCert, "tls-cert", "", "file with the TLS certificate chain, PEM; read again when it changes")
	f.StringVar(&o.TLSKey, "tls-key", "", "file with the TLS private key, PEM")
	f.StringVar(&o.TLS, "tls", "", "lab: serve with certificates of the lab CA, see keyfob-center ca")
	f.StringVar(&o.CADir, "ca-dir", "", "folder of the lab CA; default ca beside the config file")
}

func (o tlsOptions) secure() bool { return o.TLS == tlsLab || o.TLSCert != "" && o.TLSKey != "" }

// caDir is the folder of the lab CA.
func caDir(given, config string) string {
	if given != "" {
		return given
	}
	return filepath.Join(filepath.Dir(config), "ca")
}

// tlsConfig is nil where there is no TLS.
func (o serveOptions) tlsConfig(logger *slog.Logger) (*tls.Config, error) {
	// The machine's clock: test powers move the center's, and clients would refuse the certificate.
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	switch {
	case o.TLS == tlsLab:
		a, err := loadCA(caDir(o.CADir, o.Config))
		if err != nil {
			return nil, err
		}
		renewing := &labca.Renewing{Authority: a, Clock: clock.System{}, Random: rand.Reader, Logger: logger}
		if _, err := renewing.Certificate(nil); err != nil {
			return nil, configError{hinted{err, "move the folder of the lab CA away, run keyfob-center ca init again, and let clients trust the new one"}}
		}
		config.GetCertificate = renewing.Certificate
	case o.TLSCert != "":
		files := &labca.Files{CertFile: o.TLSCert, KeyFile: o.TLSKey, Clock: clock.System{}, Logger: logger}
		if err := files.Load(); err != nil {
			return nil, configError{fmt.Errorf("TLS certificate: %w", err)}
		}
		config.GetCertificate = files.Certificate
	default:
		return nil, nil
	}
	return config, nil
}

// certified holds the certificate against the name that clients use: if it is not for that, each of them
// will refuse it. A certificate from files may be meant for a proxy in between.
func (o tlsOptions) certified(host string, config *tls.Config, logger *slog.Logger) error {
	if config == nil {
		return nil
	}
	c, err := config.GetCertificate(nil)
	if err != nil {
		return err
	}
	err = c.Leaf.VerifyHostname(host)
	switch {
	case err != nil && o.TLS == tlsLab:
		return configError{hinted{
			fmt.Errorf("the lab CA cannot sign for the host clients use: %w", err),
			"give --public-url with a host that keyfob-center ca show lists; for another one make a new CA",
		}}
	case err != nil:
		logger.Warn("the certificate is not for the host that clients use", "error", err)
	}
	return nil
}

func loadCA(dir string) (*labca.Authority, error) {
	a, err := labca.Load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, configError{hinted{fmt.Errorf("there is no lab CA in %s", dir), "make one: keyfob-center ca init HOST…"}}
	} else if err != nil {
		return nil, configError{err}
	}
	return a, nil
}
