package web_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/assignment"
	"keyfob/internal/center/audit"
	"keyfob/internal/center/clients"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/federation"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/request"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/token"
	"keyfob/internal/center/web"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const password = "correct horse"

// world is a center with this door only, over http on loopback, and real rules and store behind it.
type world struct {
	*testing.T
	URL     string
	base    *url.URL
	db      *sqlite.DB
	clock   *clock.Fake
	keys    *keyring.Ring
	dir     *directory.Directory
	clients *clients.Registry
	grants  *grant.Grants
	factors *mfa.Factors
	minter  *rolecreds.Minter
	door    *web.Door
	server  *httptest.Server
	log     *strings.Builder
	spoil   func(http.Header) // changes the headers of every answer
}

// cheap stands in for argon2id, which is tested where it lives.
type cheap struct{}

func (cheap) Hash(_ context.Context, p wire.Secret) (string, error) {
	return "plain:" + p.Reveal(), nil
}

func (cheap) Verify(_ context.Context, p wire.Secret, phc string) (bool, bool, error) {
	return "plain:"+p.Reveal() == phc, false, nil
}

func user(name, display string) store.User {
	return store.User{
		ID: directory.UserID("ssoins-0123456789abcdef", name), Name: name, NameKey: name, DisplayName: display,
		Email: name + "@example.com", EmailKey: name + "@example.com", PasswordHash: "plain:" + password,
	}
}

func organisation() store.Organisation {
	ada, bob, eve := user("ada", "Ada Lovelace"), user("bob", "Bob"), user("eve", "<svg onload=alert(1)>\u202eevil")
	return store.Organisation{
		Instance: store.Instance{
			ID: "ssoins-0123456789abcdef", IdentityStoreID: "d-0123456789", Name: "Analytical Engines", Region: "eu-west-1",
			SessionLifetime: 8 * time.Hour,
		},
		Users: []store.User{ada, bob, eve},
		Accounts: []store.Account{
			{ID: "111111111111", Name: "Production", Email: "aws-production@example.com"},
			{ID: "000000000042", Name: "Sandbox", Email: "aws-sandbox@example.com"},
			{ID: "222222222222", Name: "Data platform", Email: "aws-data@example.com"},
			{ID: "666666666666", Name: "</h2><script>alert(2)</script>\u200b", Email: "x@example.com"},
		},
		PermissionSets: []store.PermissionSet{
			{ID: "ps-1", Name: "AdministratorAccess", Description: "Everything", SessionDuration: time.Hour},
			{ID: "ps-2", Name: "ReadOnly", SessionDuration: time.Hour},
			{ID: "ps-3", Name: "Billing", SessionDuration: time.Hour},
			{ID: "ps-4", Name: "PowerUserAccess", SessionDuration: time.Hour},
		},
		Assignments: []store.AccountAssignment{
			assign("111111111111", "ps-2", "ada"),
			assign("111111111111", "ps-3", "ada"),
			assign("000000000042", "ps-1", "ada"),
			assign("222222222222", "ps-2", "ada"),
			assign("222222222222", "ps-4", "ada"),
			assign("666666666666", "ps-2", "eve"),
		},
	}
}

func account(id string) store.Account { return store.Account{ID: id, Name: "Account " + id} }

func assign(accountID, permissionSetID, name string) store.AccountAssignment {
	return store.AccountAssignment{
		AccountID: accountID, PermissionSetID: permissionSetID, PrincipalKind: store.PrincipalUser,
		PrincipalID: directory.UserID("ssoins-0123456789abcdef", name),
	}
}

func newWorld(t *testing.T) *world { return newWorldAt(t, "") }

// newWorldAt is a center that believes to be reached at base; "" is where it really is, and "localhost"
// the same by its name.
func newWorldAt(t *testing.T, base string) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Apply(t.Context(), organisation()); err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, db: db, clock: clock.NewFake(time.Now().Truncate(time.Second)), log: &strings.Builder{}}
	if w.keys, err = keyring.New(rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.dir = &directory.Directory{Store: db, Clock: w.clock, Random: rand.Reader, Hasher: cheap{}, Keys: w.keys}
	mux := http.NewServeMux()
	// Package center gives every request its description; here, this does.
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		info := request.Info{ID: "req-1", RemoteIP: "127.0.0.1", UserAgent: r.UserAgent()}
		if w.spoil != nil {
			rw = &spoiled{rw, w.spoil}
		}
		mux.ServeHTTP(rw, r.WithContext(request.NewContext(r.Context(), info)))
	}))
	t.Cleanup(w.server.Close)
	w.URL = w.server.URL
	switch base {
	case "localhost":
		w.URL = strings.Replace(w.URL, "127.0.0.1", "localhost", 1)
		base = w.URL
	case "":
		base = w.URL
	}
	if w.base, err = url.Parse(base); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	log := &audit.Log{Store: db, Clock: w.clock, Logger: logger}
	w.dir.Audit = log
	w.factors = &mfa.Factors{Store: db, Keys: w.keys, Clock: w.clock, Random: rand.Reader, Audit: log}
	if w.factors.Passkeys, err = mfa.NewPasskeys(w.base, "Analytical Engines"); err != nil {
		t.Fatal(err)
	}
	w.dir.Second = w.factors
	w.clients = &clients.Registry{Store: db, Clock: w.clock, Random: rand.Reader, Audit: log, Limits: clients.DefaultLimits(), StartURLs: clients.NewStartURLs(base), BaseURL: base}
	w.grants = &grant.Grants{
		Store: db, Clients: w.clients, Clock: w.clock, Random: rand.Reader, Keys: w.keys, Audit: log, BaseURL: base,
		Tokens: &token.Tokens{Store: db, Clock: w.clock, Random: rand.Reader, Audit: log},
	}
	w.minter = &rolecreds.Minter{Ring: w.keys, Clock: w.clock, Random: rand.Reader, Instance: organisation().Instance}
	c := web.Config{
		BaseURL: w.base, Directory: w.dir, Grants: w.grants, Instances: db, Keys: w.keys, Clock: w.clock, Random: rand.Reader, Logger: logger,
		Assignments:    &assignment.Assignments{Store: db, Keys: w.keys},
		Administration: &administration.Administration{Store: db, Directory: w.dir, Clock: w.clock, Audit: log},
		Factors:        w.factors, Credentials: w.minter, Audit: log,
		Federation: &federation.Sessions{Credentials: w.minter, Keys: w.keys, Store: db, Clock: w.clock, Audit: log},
	}
	if w.door, err = web.New(c); err != nil {
		t.Fatal(err)
	}
	w.door.Routes(mux)
	mux.Handle("/", w.door.NotFound())
	return w
}

type spoiled struct {
	http.ResponseWriter
	spoil func(http.Header)
}

func (s *spoiled) Write(b []byte) (int, error) {
	s.spoil(s.Header())
	return s.ResponseWriter.Write(b)
}
