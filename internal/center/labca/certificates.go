package labca

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"keyfob/internal/clock"
)

// Renewing answers a listener's handshakes with a certificate of the authority, and makes a new one when a
// third of its life is left. It is safe for concurrent use.
type Renewing struct {
	Authority *Authority
	Clock     clock.Clock
	Random    io.Reader
	Logger    *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
}

// Certificate implements tls.Config's GetCertificate.
func (r *Renewing) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Clock.Now()
	if c := r.current; c != nil && now.Before(c.Leaf.NotAfter.Add(-LeafLife/3)) {
		return c, nil
	}
	c, err := r.Authority.Issue(r.Random, now, LeafLife, r.Authority.Hosts())
	switch {
	case err == nil:
		r.current = &c
		r.Logger.LogAttrs(context.Background(), slog.LevelInfo, "new certificate of the lab CA", slog.Time("until", c.Leaf.NotAfter))
	case r.current == nil || !now.Before(r.current.Leaf.NotAfter):
		return nil, err
	default:
		r.Logger.LogAttrs(context.Background(), slog.LevelError, "no new certificate of the lab CA", slog.Any("error", err))
	}
	return r.current, nil
}

// Files answers handshakes with the certificate in two files, and reads them again when they change. While
// they are being written, or are wrong, the one from before stays. It is safe for concurrent use.
type Files struct {
	CertFile, KeyFile string
	Clock             clock.Clock
	Logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	seen    stamp
	looked  time.Time
}

// stamp tells whether files have changed.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Load reads the files for the first time.
func (f *Files) Load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.stamp()
	if err != nil {
		return err
	}
	c, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
	if err != nil {
		return err
	}
	f.current, f.seen, f.looked = &c, s, f.Clock.Now()
	return nil
}

func (f *Files) stamp() (stamp, error) {
	c, err := os.Stat(f.CertFile)
	k, kerr := os.Stat(f.KeyFile)
	if err := errors.Join(err, kerr); err != nil {
		return stamp{}, err
	}
	return stamp{c.ModTime(), k.ModTime(), c.Size(), k.Size()}, nil
}

// Certificate implements tls.Config's GetCertificate.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Clock.Now()
	if d := now.Sub(f.looked); d >= 0 && d < lookEvery {
		return f.current, nil
	}
	f.looked = now
	s, err := f.stamp()
	if err == nil && s == f.seen {
		return f.current, nil
	}
	var c tls.Certificate
	if err == nil {
		f.seen = s // also when they are wrong: it is said once
		c, err = tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
	}
	if err != nil {
		f.Logger.LogAttrs(context.Background(), slog.LevelError, "the TLS certificate cannot be read again: the one from before stays", slog.Any("error", err))
		return f.current, nil
	}
	f.current = &c
	f.Logger.LogAttrs(context.Background(), slog.LevelInfo, "the TLS certificate was read again", slog.Time("until", c.Leaf.NotAfter))
	return f.current, nil
}
