package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center"
	"keyfob/internal/center/audit"
	"keyfob/internal/center/control"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/metrics"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// serveOptions is the command serve.
type serveOptions struct {
	Clock    clock.Clock
	Random   io.Reader
	Out, Log io.Writer

	files
	Listen    string
	PublicURL string
	tlsOptions
	InsecureHTTP   bool
	Control        string
	ReadyFile      string
	MaxConnections int // 0 is defaultConnections
	NoDevices      bool
	TrustedProxies []string
	observeOptions
}

func serveCommand(io stdio) *cobra.Command {
	o := serveOptions{Clock: clock.System{}, Random: rand.Reader, Out: io.out, Log: io.err}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the Identity Center",
		Long: `Serves the instance that center.yaml declares, until it is interrupted. When it is
ready it says where, in one line on standard output. The log goes to standard
error; it holds no secrets.

Without TLS it serves this machine only. To be reached from others it needs a
certificate, and --public-url if it listens on every address:

  keyfob-center serve --listen 0.0.0.0:443 --public-url https://center.example.com \
      --tls-cert cert.pem --tls-key key.pem

Both files are read again when they change. Without a certificate of your own,
"keyfob-center ca init HOST" makes a CA that clients have to be told to trust, and
--tls lab serves with it and renews by itself.

center.db and keys.json are kept beside center.yaml. Whoever reads keys.json can
make credentials that this center believes in; its mode is 0600, keep it so.

--control opens the test powers, on a port of its own on this machine: moving the
clock, making calls fail, approving sign-ins without a browser. Its token is in
the ready file and on standard output. Never use it where sign-ins matter.

--metrics serves Prometheus's /metrics, and /healthz and /readyz, on a listener of
its own. When it is told to stop (SIGTERM, Ctrl-C), /readyz says so, requests go on
being answered for --drain, and those under way then have ten seconds to end; a
second signal ends it at once.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.Run(cmd.Context()) },
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8480", "address to listen on; port 0 takes a free one")
	f.StringVar(&o.PublicURL, "public-url", "", "URL that clients and browsers use; default the address listened on")
	o.tlsFlags(f)
	f.BoolVar(&o.InsecureHTTP, "insecure-http", false, "UNSAFE: serve other machines without TLS; passwords and tokens can be read on the way")
	f.StringVar(&o.Control, "control", "", "UNSAFE: open the test powers on this loopback address")
	f.StringVar(&o.ReadyFile, "ready-file", "", "write {\"url\", \"startUrl\", …} as JSON to this file when ready")
	f.IntVar(&o.MaxConnections, "max-connections", defaultConnections, "connections at once; further ones wait")
	f.BoolVar(&o.NoDevices, "no-device-flow", false, "refuse sign-ins with a code (sso login --use-device-code), which can be phished")
	f.StringSliceVar(&o.TrustedProxies, "trusted-proxy", nil, "address or network of a proxy in front, whose X-Forwarded-For says where requests come from")
	o.observeFlags(f)
	return cmd
}

// shutdownTime is what requests under way have to end in.
const shutdownTime = 10 * time.Second

// Run serves until ctx is done.
func (o serveOptions) Run(ctx context.Context) error {
	log := newLines(o.Log)
	defer log.close(shutdownTime)
	logger, err := o.logger(log)
	if err != nil {
		return err
	}
	if err := o.checkExposure(); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // what is kept is little, what passes through is much
	}
	proxies, err := o.proxies()
	if err != nil {
		return err
	}
	listener, base, err := o.listen(ctx, logger)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // Shutdown closed it
	db, keys, startURLs, err := o.declared(ctx, logger)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // every write was its own transaction
	go keys.Follow(ctx, o.keys(), followKeys, func(err error) { keysChanged(ctx, logger, keys, err) })

	config := center.Config{
		Store: db, Keys: keys, Clock: o.Clock, Random: o.Random, Logger: logger, BaseURL: base,
		Hosts: hosts(listener.Addr()), StartURLs: startURLs, NoDevices: o.NoDevices, TrustedProxies: proxies,
	}
	if o.Metrics != "" {
		config.Metrics = metrics.New(programVersion())
	}
	if o.Control != "" {
		config.Powers = control.NewPowers(o.Clock)
	}
	c, err := center.New(ctx, config)
	if err != nil {
		return err
	}
	servers := []running{{newServer(c, logger), listener}}
	r := ready{URL: base.String(), StartURL: base.JoinPath("start").String()}
	if o.Control != "" {
		power, err := o.control(ctx, c, logger, &r)
		if err != nil {
			return err
		}
		servers = append(servers, power)
	}
	if o.Metrics != "" {
		observed, err := o.observe(ctx, c, logger, &r)
		if err != nil {
			return err
		}
		servers = append(servers, observed)
	}
	return o.serve(ctx, c, servers, r)
}

// declared opens the store and makes it say what the file declares.
func (o serveOptions) declared(ctx context.Context, logger *slog.Logger) (db store.Store, keys *keyring.Ring, startURLs []string, err error) {
	fail := func(err error) (store.Store, *keyring.Ring, []string, error) {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
		return nil, nil, nil, err
	}
	// A file with mistakes in it does not make a database.
	if _, err := os.Stat(o.database()); err == nil || postgres.IsURL(o.database()) {
		if db, keys, err = o.open(ctx); err != nil {
			return fail(err)
		}
		if startURLs, ok := o.unchanged(ctx, db, keys); ok {
			return db, keys, startURLs, nil
		}
	}
	s, r, err := o.read()
	if err != nil {
		return fail(err)
	}
	if db == nil {
		if db, keys, err = o.open(ctx); err != nil {
			return fail(err)
		}
	}
	log := &audit.Log{Store: db, Clock: o.Clock, Keys: keys, Logger: logger}
	if err := apply(ctx, log, db, keys, o.Config, s, r); err != nil {
		return fail(err)
	}
	debug.FreeOSMemory() // of what the file was while it was being read
	return db, keys, s.StartURLs, nil
}

type running struct {
	server   *http.Server
	listener net.Listener
}

func (o serveOptions) serve(ctx context.Context, c *center.Center, servers []running, r ready) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	kept := make(chan struct{})
	go func() { defer close(kept); c.Housekeep(ctx) }()
	err := o.announce(r)
	if err == nil {
		select {
		case <-ctx.Done():
			err = o.drain(ctx, c, servers, failed)
		case err = <-failed:
		}
	}
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	for _, s := range servers {
		if e := s.server.Shutdown(last); e != nil {
			err = errors.Join(err, s.server.Close())
		}
	}
	<-kept
	return err
}

// newServer bounds what a slow or talkative client can hold on to (item 79).
func newServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// control opens the door of the test powers and tells r where it is.
func (o serveOptions) control(ctx context.Context, c *center.Center, logger *slog.Logger, r *ready) (running, error) {
	var b [32]byte
	if _, err := io.ReadFull(o.Random, b[:]); err != nil {
		return running{}, err
	}
	token := wire.Secret("kfctl_" + hex.EncodeToString(b[:]))
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Control)
	if err != nil {
		return running{}, configError{fmt.Errorf("--control: %w", err)}
	}
	door := control.New(control.Config{Powers: c.Powers, Directory: c.Directory, Grants: c.Grants, Store: c.Store, Token: token})
	r.ControlURL, r.ControlToken = "http://"+l.Addr().String(), token
	return running{newServer(door.Handler(), logger), l}, nil
}

// hosts are the names a listener is reached under on its own machine, as Host headers spell them.
func hosts(a net.Addr) []string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return nil
	}
	var all []string
	if !tcp.IP.IsUnspecified() {
		all = append(all, tcp.String())
	}
	for _, h := range []string{"127.0.0.1", "localhost", "::1"} {
		u := url.URL{Host: net.JoinHostPort(h, fmt.Sprint(tcp.Port))}
		all = append(all, u.Host)
	}
	return all
}

// keysChanged says in the log what came of another keys.json.
func keysChanged(ctx context.Context, logger *slog.Logger, keys *keyring.Ring, err error) {
	ids, sealing, from := keys.IDs()
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelError, "keys.json has changed and cannot be read; the keys from before stay", slog.Any("error", err), slog.Any("keys", ids))
		return
	}
	attrs := []slog.Attr{slog.Any("keys", ids), slog.String("sealing", sealing)}
	if !from.IsZero() {
		attrs = append(attrs, slog.Time("from", from))
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "keys.json was read again", attrs...)
}
