package center

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/assignment"
	"keyfob/internal/center/audit"
	"keyfob/internal/center/clients"
	"keyfob/internal/center/control"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/federation"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/jwksfetch"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/metrics"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/oidc"
	"keyfob/internal/center/portal"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/fresh"
	"keyfob/internal/center/sts"
	"keyfob/internal/center/throttle"
	"keyfob/internal/center/token"
	"keyfob/internal/center/trust"
	"keyfob/internal/center/web"
	"keyfob/internal/center/webidentity"
	"keyfob/internal/clock"
)

// Config is what a center is made of. All fields up to BaseURL are required.
type Config struct {
	Store   store.Store // with an organisation applied to it
	Keys    *keyring.Ring
	Clock   clock.Clock
	Random  io.Reader // a cryptographic source
	Logger  *slog.Logger
	BaseURL *url.URL // where clients and browsers reach the center: scheme and host, no path

	Hosts     []string      // further values of the Host header that are answered, "host:port"
	StartURLs []string      // further start URLs of the instance
	SigV4Skew time.Duration // 0 is 5 minutes
	NoDevices bool          // refuses device authorization

	TrustedProxies []netip.Prefix  // whose X-Forwarded-For is believed
	Powers         *control.Powers // test powers, nil for none; Clock is then Powers.Clock

	Metrics *metrics.Metrics // nil counts nothing
}

// Center is a running center but for its listener.
type Center struct {
	Config
	Directory *directory.Directory
	Grants    *grant.Grants
	handler   http.Handler
	routes    routes
	migrated  func(context.Context) error
	draining  atomic.Bool
}

// New composes a center. It fails when the store has no organisation yet.
func New(ctx context.Context, c Config) (*Center, error) {
	if c.Powers != nil {
		c.Clock = c.Powers.Clock
	}
	center := &Center{migrated: func(context.Context) error { return nil }}
	if m, ok := c.Store.(interface{ Migrated(context.Context) error }); ok {
		center.migrated = m.Migrated
	}
	c.Store = fresh.New(c.Metrics.Store(c.Store, c.Clock))
	instance, err := c.Store.Instance(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errors.New("the store holds no instance: apply a seed file first")
	} else if err != nil {
		return nil, err
	}
	base := strings.TrimRight(c.BaseURL.String(), "/")

	log := &audit.Log{Store: c.Store, Clock: c.Clock, Keys: c.Keys, Logger: c.Logger, Observe: c.Metrics.Audited}
	dir := &directory.Directory{
		Store: c.Store, Clock: c.Clock, Random: c.Random, Audit: log, Keys: c.Keys,
		Hasher: directory.NewHasher(runtime.GOMAXPROCS(0)),
	}
	passkeys, err := mfa.NewPasskeys(c.BaseURL, instance.Name)
	if err != nil {
		return nil, err
	}
	factors := &mfa.Factors{Store: c.Store, Keys: c.Keys, Clock: c.Clock, Random: c.Random, Audit: log, Passkeys: passkeys}
	dir.Second = factors
	registry := &clients.Registry{
		Store: c.Store, Clock: c.Clock, Random: c.Random, Audit: log, Limits: clients.DefaultLimits(),
		StartURLs: clients.NewStartURLs(base, c.StartURLs...), BaseURL: base,
	}
	tokens := &token.Tokens{Store: c.Store, Clock: c.Clock, Random: c.Random, Audit: log}
	grants := &grant.Grants{
		Store: c.Store, Clients: registry, Tokens: tokens, Clock: c.Clock, Random: c.Random, Keys: c.Keys, Audit: log, BaseURL: base, NoDevices: c.NoDevices,
	}
	assignments := &assignment.Assignments{Store: c.Store, Keys: c.Keys}
	minter := &rolecreds.Minter{Ring: c.Keys, Clock: c.Clock, Random: c.Random, Instance: instance}

	banner := ""
	if c.Powers != nil {
		banner = "Test powers are on: whoever has their token can sign in as anybody."
	}
	pages, err := web.New(web.Config{
		BaseURL: c.BaseURL, Directory: dir, Grants: grants, Assignments: assignments, Instances: c.Store,
		Federation: &federation.Sessions{Credentials: minter, Keys: c.Keys, Store: c.Store, Clock: c.Clock, Audit: log},
		Keys:       c.Keys, Clock: c.Clock, Random: c.Random, Logger: c.Logger,
		Banner: banner, Factors: factors, Credentials: minter, Audit: log,
		Administration: &administration.Administration{Store: c.Store, Directory: dir, Clock: c.Clock, Audit: log},
	})
	if err != nil {
		return nil, err
	}
	roles := &trust.Roles{
		Store: c.Store, Clock: c.Clock, Keys: c.Keys, Throttle: throttle.Throttle{Store: c.Store, Clock: c.Clock},
		Tokens: &webidentity.Verifier{Clock: c.Clock, Fetch: jwksfetch.New().Fetch}, Partition: rolecreds.Partition(instance.Region),
	}
	calls := sts.New(sts.Config{
		Credentials: minter, Roles: roles, Users: c.Store, Audit: log, Clock: c.Clock, Logger: c.Logger, Skew: c.SigV4Skew,
	})
	found, err := newDiscovery(base, instance.Region, c.StartURLs, c.NoDevices)
	if err != nil {
		return nil, err
	}
	center.Config, center.Directory, center.Grants = c, dir, grants

	mux := http.NewServeMux()
	for _, d := range []door{
		{"oidc", oidc.New(oidc.Config{Clients: registry, Grants: c.Metrics.Grants(grants), Logger: c.Logger})},
		{"portal", portal.New(portal.Config{Tokens: tokens, Assignments: assignments, Minter: minter, Audit: log, Logger: c.Logger})},
		{"sts", calls},
		{"web", pages},
		{"health", health{center}},
		{"discovery", found},
	} {
		d.Routes(mux)
		center.routes.add(d)
	}
	mux.Handle("/", nobodys(pages.NotFound()))
	center.handler = center.outer(shareRoot(calls, mux))
	return center, nil
}

// ServeHTTP answers every request to the center.
func (c *Center) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// shareRoot gives STS its calls with GET /, which is also the address a person may type.
func shareRoot(calls *sts.Door, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && r.Method == http.MethodGet && calls.Wants(r) {
			r.Pattern = "POST /{$}" // for the metrics: where its calls go otherwise
			calls.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// nobodys answers what no door has a path for: a person with a page, and a signed call with an error
// that tells how it came to be here.
func nobodys(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") || r.Header.Get("X-Amz-Target") != "" {
			sts.WriteError(w, r, sts.WrongService(r))
			return
		}
		page.ServeHTTP(w, r)
	})
}

// Housekeep deletes what has expired, now and then, until ctx is done.
func (c *Center) Housekeep(ctx context.Context) {
	const every, keep = 10 * time.Minute, 24 * time.Hour
	for {
		if err := c.Store.DeleteExpired(ctx, c.Clock.Now().Add(-keep)); err != nil && ctx.Err() == nil {
			c.Logger.LogAttrs(ctx, slog.LevelError, "delete expired records", slog.Any("error", err))
		}
		if c.Clock.Sleep(ctx, every) != nil {
			return
		}
	}
}
