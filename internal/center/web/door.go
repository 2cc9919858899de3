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
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Directory is what the pages need of [directory.Directory].
type Directory interface {
	SignIn(ctx context.Context, a directory.Attempt) (directory.SignedIn, error)
	Half(ctx context.Context, half wire.Secret) (directory.Half, error)
	Complete(ctx context.Context, half wire.Secret, how string, current *directory.Person) (directory.SignedIn, error)
	Admit(ctx context.Context, u store.User, browser wire.Secret, how string, again *directory.Person) (directory.SignedIn, error)
	Renew(ctx context.Context, p directory.Person) (directory.SignedIn, error)
	Recently(p directory.Person) bool
	Person(ctx context.Context, cookie wire.Secret) (directory.Person, error)
	SignOut(ctx context.Context, s store.Session) error
	SetPassword(ctx context.Context, userID string, password wire.Secret, keep string) error
	Link(ctx context.Context, secret wire.Secret) (store.Link, store.User, error)
	UseLink(ctx context.Context, secret, password wire.Secret) error
	Sessions(ctx context.Context, userID string) ([]directory.OpenSession, error)
	EndSession(ctx context.Context, userID, id string) error
	EndOtherSessions(ctx context.Context, userID, keep string) error
	EndClient(ctx context.Context, userID, familyID string) error
}

// Credentials is what the pages need of rolecreds.Minter.
type Credentials interface {
	Mint(ctx context.Context, g store.Grant, accountID string, p store.PermissionSet) (wire.RoleCredentials, error)
}

// Recorder is the audit log.
type Recorder interface {
	Record(ctx context.Context, e store.AuditEvent) error
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
	Search(ctx context.Context, userID, query, pageToken string, limit int) (accounts []store.Account, next string, err error)
	Assigned(ctx context.Context, userID, accountID, roleName string) (store.PermissionSet, error)
	Roles(ctx context.Context, userID, accountID, pageToken string, limit int) (roles []store.PermissionSet, next string, err error)
}

// Instances says which instance the pages are of, and what its people and accounts are called.
type Instances interface {
	Instance(ctx context.Context) (store.Instance, error)
	User(ctx context.Context, id string) (store.User, error)
	Account(ctx context.Context, id string) (store.Account, error)
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
	Factors        *mfa.Factors
	Credentials    Credentials
	Audit          Recorder
	Keys           *keyring.Ring
	Clock          clock.Clock
	Random         io.Reader // cryptographic
	Logger         *slog.Logger
	Banner         string // shown on top of every page; for a center that is not to be trusted, such as one under test
}

// Door serves the pages. It is safe for concurrent use.
type Door struct {
	Config
	flow      flow.Flow
	languages languages
	pages     pages
	assets    assets
	cross     *http.CrossOriginProtection
}

// New parses the pages; it fails only if they do not parse.
func New(c Config) (*Door, error) {
	d := &Door{Config: c, flow: flow.Flow{Keys: c.Keys, Clock: c.Clock}, cross: http.NewCrossOriginProtection()}
	var err error
	if d.assets, err = newAssets(); err != nil {
		return nil, err
	}
	if d.languages, err = newLanguages(); err != nil {
		return nil, err
	}
	d.pages, err = newPages(d.languages)
	return d, err
}

// route is an address with what answers it.
type route struct {
	path      string
	get, post handler
}

// routes are the addresses of everybody, and those of the administration.
func (d *Door) routes() []route {
	return append(d.adminRoutes(), []route{
		{"/start", d.start, nil},
		{"/sign-in", d.start, d.signIn},
		{"/sign-in/passkey", nil, d.signInPasskey},
		{"/second-factor", nil, d.secondFactor},
		{"/second-factor/passkey", nil, d.secondFactorPasskey},
		{"/confirm", nil, d.confirm},
		{"/confirm/passkey", nil, d.confirmPasskey},
		{"/sign-out", nil, d.signOut},
		{"/signed-out", d.signedOut, nil},
		{"/continue", d.resume, nil},
		{wire.PathAuthorize, d.authorize, nil},
		{"/authorize/decision", nil, d.authorizeDecision},
		{"/device", d.device, d.deviceCheck},
		{"/device/decision", nil, d.deviceDecision},
		{"/federation", d.federate, d.federate},
		{"/keys", d.keys, d.mintKeys},
		{"/console", nil, d.console},
		{"/profile", d.want(flow.Want{Kind: flow.WantSecurity}), nil},
		{"/profile/app", d.want(flow.Want{Kind: flow.WantChange, Page: flow.PageAddApp}), d.addApp},
		{"/profile/passkey", d.want(flow.Want{Kind: flow.WantChange, Page: flow.PageAddPasskey}), d.addPasskey},
		{"/profile/device", nil, d.changeDevice},
		{"/profile/recovery-codes", nil, d.newRecoveryCodes},
		{"/profile/password", d.want(flow.Want{Kind: flow.WantChange, Page: flow.PagePassword}), d.newPassword},
		{"/profile/sessions", d.want(flow.Want{Kind: flow.WantSessions}), d.endSessions},
		{"/password", d.passwordLink, d.usePasswordLink},
	}...)
}

// Routes adds the pages to mux. A path that is asked for with another method is answered by a page
// of its own (405).
func (d *Door) Routes(mux *http.ServeMux) {
	for _, r := range d.routes() {
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

// want is the handler of an address that means one want.
func (d *Door) want(w flow.Want) handler {
	return func(rw http.ResponseWriter, r *http.Request) error { return d.dispatch(rw, r, w) }
}

// NotFound is the page for a path that is nobody's.
func (d *Door) NotFound() http.Handler {
	return d.page(func(http.ResponseWriter, *http.Request) error { return errNotFound })
}
