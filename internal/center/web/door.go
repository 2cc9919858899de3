package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Directory is what the pages need of [directory.Directory].
type Directory interface {
	SignIn(ctx context.Context, a directory.Attempt) (directory.SignedIn, error)
	Person(ctx context.Context, cookie wire.Secret) (directory.Person, error)
	SignOut(ctx context.Context, s store.Session) error
}

// Grants is what the pages need of grant.Grants.
type Grants interface {
	CheckAuthorize(ctx context.Context, query url.Values) (grant.Authorization, error)
	AllowAuthorize(ctx context.Context, a grant.Authorization, p grant.Person) (location string, err error)
	DenyAuthorize(a grant.Authorization) (location string)
	PendingDevice(ctx context.Context, userCode string, p grant.Person) (grant.PendingDevice, error)
	DecideDevice(ctx context.Context, userCode string, approve bool, p grant.Person) error
}

// Assignments is what the pages need of assignment.Assignments.
type Assignments interface {
	Accounts(ctx context.Context, userID, pageToken string, limit int) (accounts []store.Account, next string, err error)
	Roles(ctx context.Context, userID, accountID, pageToken string, limit int) (roles []store.PermissionSet, next string, err error)
}

// Instances says which instance the pages are of.
type Instances interface {
	Instance(ctx context.Context) (store.Instance, error)
}

// Config is what a [Door] is made of.
type Config struct {
	BaseURL        *url.URL // where browsers reach the center: scheme and host; https makes cookies Secure
	Directory      Directory
	Grants         Grants
	Assignments    Assignments
	Instances      Instances
	Federation     Federation
	Administration Administration // nil is none
	Keys           *keyring.Ring
	Clock          clock.Clock
	Random         io.Reader // cryptographic
	Logger         *slog.Logger
	Banner         string // shown on top of every page; for a center that is not to be trusted, such as one under test
}

// Door serves the pages. It is safe for concurrent use.
type Door struct {
	Config
	flow   flow.Flow
	pages  pages
	assets assets
	cross  *http.CrossOriginProtection
}

// New parses the pages; it fails only if they do not parse.
func New(c Config) (*Door, error) {
	d := &Door{Config: c, flow: flow.Flow{Keys: c.Keys, Clock: c.Clock}, cross: http.NewCrossOriginProtection()}
	var err error
	if d.assets, err = newAssets(); err != nil {
		return nil, err
	}
	d.pages, err = newPages()
	return d, err
}

// route is an address with what answers it.
type route struct {
	path      string
	get, post handler
}

// Routes adds the pages to mux. A path that is asked for with another method is answered by a page
// of its own (405).
func (d *Door) Routes(mux *http.ServeMux) {
	for _, r := range append(d.adminRoutes(), []route{
		{"/start", d.start, nil},
		{"/sign-in", d.start, d.signIn},
		{"/sign-out", nil, d.signOut},
		{"/signed-out", d.signedOut, nil},
		{"/continue", d.resume, nil},
		{wire.PathAuthorize, d.authorize, nil},
		{"/authorize/decision", nil, d.authorizeDecision},
		{"/device", d.device, d.deviceCheck},
		{"/device/decision", nil, d.deviceDecision},
		{"/federation", d.federate, d.federate},
	}...) {
		allow := ""
		if r.get != nil {
			mux.Handle("GET "+r.path, d.page(r.get))
			allow = "GET, HEAD"
		}
		if r.post != nil {
			mux.Handle("POST "+r.path, d.page(r.post))
			if allow != "" {
				allow += ", "
			}
			allow += "POST"
		}
		mux.Handle(r.path, d.page(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Allow", allow)
			return errMethod
		}))
	}
	mux.Handle("GET /{$}", d.page(func(w http.ResponseWriter, _ *http.Request) error {
		seeOther(w, "/start")
		return nil
	}))
	mux.Handle("HEAD /start", d.page(d.vanity))
	mux.Handle("GET /assets/{name}", http.HandlerFunc(d.asset))
}

// NotFound is the page for a path that is nobody's.
func (d *Door) NotFound() http.Handler {
	return d.page(func(http.ResponseWriter, *http.Request) error { return errNotFound })
}
