// Package centertest is an Identity Center inside a Go test, in one line:
//
//	center := centertest.New(t)
//
// It listens on a free port of 127.0.0.1, keeps its records in the test's temporary folder, and is gone
// when the test ends. AWS clients, SDKs and command lines find it through the files that [Center.Home]
// writes. The test is the person: it approves sign-ins ([Center.ApproveDevice], [Center.Authorize]),
// moves the clock ([Center.Advance]), makes calls fail ([Center.Fail]) and looks at what was called
// ([Center.Requests]).
package centertest

import (
	"context"
	"crypto/rand"
	_ "embed"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyfob/internal/center"
	"keyfob/internal/center/control"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

//go:embed example.yaml
var example string

// ExampleSeed is the organisation that [New] serves unless [Seed] says otherwise, as a center.yaml: the
// accounts 111111111111 (Production) and 000000000042 (Sandbox); ada, who may use AdministratorAccess
// and ReadOnlyAccess in both, and grace, who may use ReadOnlyAccess in both. Whoever has
// AdministratorAccess in 111111111111 may assume the role Deploy in 000000000042.
func ExampleSeed() string { return example }

// Password is the password of everybody in [ExampleSeed].
const Password = "correct horse battery staple"

// Center is a running Identity Center.
type Center struct {
	URL      string // scheme, host and port: the endpoint of sso-oidc, sso and sts
	StartURL string
	Region   string

	powers *control.Powers
	door   *control.Door
	apply  func(yaml string) error
}

// Request is a call that the center has seen, without its secrets.
type Request = control.Request

// Fault makes calls go wrong; see its fields.
type Fault = control.Fault

// Option changes what [New] does.
type Option func(*options)

type options struct {
	seed       string
	references map[string]string
	log        io.Writer
}

// Seed serves the organisation that a center.yaml declares.
func Seed(yaml string) Option { return func(o *options) { o.seed = yaml } }

// References is what the seed refers to: the content of the files that it names (password_file, jwks_file,
// secret_file) and of the environment variables (password_env, secret_env), by those names. There are no
// others.
func References(content map[string]string) Option { return func(o *options) { o.references = content } }

// Log writes the center's log to w, as text.
func Log(w io.Writer) Option { return func(o *options) { o.log = w } }

// New starts a center, which ends with the test.
func New(t testing.TB, opts ...Option) *Center {
	t.Helper()
	o := options{seed: example, log: io.Discard}
	for _, opt := range opts {
		opt(&o)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	keys, err := keyring.New(rand.Reader)
	check(t, err)
	apply := func(yaml string) (seed.Seed, error) {
		s, err := seed.Parse("seed", []byte(yaml), o.sources())
		if err == nil {
			err = s.Seal(func(of string, secret wire.Secret) ([]byte, error) { return rolecreds.SealSecret(keys, of, secret) })
		}
		if err == nil {
			err = db.Apply(t.Context(), s.Organisation)
		}
		return s, err
	}
	s, err := apply(o.seed)
	check(t, err)

	server := httptest.NewUnstartedServer(nil)
	base := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	powers := control.NewPowers(clock.System{})
	c, err := center.New(t.Context(), center.Config{
		Store: db, Keys: keys, Clock: powers.Clock, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(o.log, nil)),
		BaseURL: base, StartURLs: s.StartURLs, Powers: powers,
	})
	check(t, err)
	server.Config.Handler = c
	server.Start()
	t.Cleanup(server.Close)
	return &Center{
		URL: base.String(), StartURL: base.JoinPath("start").String(), Region: s.Organisation.Instance.Region,
		powers: powers,
		door:   control.New(control.Config{Powers: powers, Directory: c.Directory, Grants: c.Grants, Store: db}),
		apply:  func(yaml string) error { _, err := apply(yaml); return err },
	}
}

func (o options) sources() seed.Sources {
	return seed.Sources{
		ReadFile: func(name string) ([]byte, error) {
			if s, ok := o.references[name]; ok {
				return []byte(s), nil
			}
			return nil, os.ErrNotExist
		},
		LookupEnv: func(name string) (string, bool) { s, ok := o.references[name]; return s, ok },
	}
}

// Apply makes the organisation what another center.yaml declares, while the center runs. Its start URLs stay,
// and what it refers to are the [References] that [New] was given.
func (c *Center) Apply(yaml string) error { return c.apply(yaml) }

// ApproveDevice does what the user would do in a browser with the code that a device shows.
func (c *Center) ApproveDevice(user, userCode string) error {
	return c.door.DecideDevice(context.Background(), user, userCode, true)
}

// DenyDevice is the opposite of ApproveDevice.
func (c *Center) DenyDevice(user, userCode string) error {
	return c.door.DecideDevice(context.Background(), user, userCode, false)
}

// Authorize does what the user would do in a browser with the URL that a client opens, and returns the
// URL to which the browser would be sent: the client's, with a code. Nobody has requested it yet.
func (c *Center) Authorize(user, authorizeURL string) (location string, err error) {
	return c.door.Authorize(context.Background(), user, authorizeURL, true)
}

// DenyAuthorize is the opposite of Authorize.
func (c *Center) DenyAuthorize(user, authorizeURL string) (location string, err error) {
	return c.door.Authorize(context.Background(), user, authorizeURL, false)
}

// Now is the center's time.
func (c *Center) Now() time.Time { return c.powers.Clock.Now() }

// Advance moves the center's clock, and so the age of everything it has issued. The client's own clock
// stays; one that signs calls may have to be told by how much it is off.
func (c *Center) Advance(d time.Duration) { c.powers.Clock.Advance(d) }

// Fail adds a rule for calls to go wrong.
func (c *Center) Fail(f Fault) error { return c.powers.AddFault(f) }

// ClearFaults ends all such rules.
func (c *Center) ClearFaults() { c.powers.ClearFaults() }

// Requests returns the calls so far, oldest first. Pages are not among them.
func (c *Center) Requests() []Request { return c.powers.Requests() }

// ForgetRequests empties what Requests returns.
func (c *Center) ForgetRequests() { c.powers.ForgetRequests() }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("centertest: %v", err)
	}
}
