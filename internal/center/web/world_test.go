package web_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"keyfob/internal/center/assignment"
	"keyfob/internal/center/audit"
	"keyfob/internal/center/clients"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
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

// newWorldAt is a center that believes to be reached at base; "" is where it really is.
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
	if base == "" {
		base = w.URL
	}
	if w.base, err = url.Parse(base); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	log := &audit.Log{Store: db, Clock: w.clock, Logger: logger}
	w.dir.Audit = log
	w.clients = &clients.Registry{Store: db, Clock: w.clock, Random: rand.Reader, Audit: log, Limits: clients.DefaultLimits(), StartURLs: clients.NewStartURLs(base), BaseURL: base}
	w.grants = &grant.Grants{
		Store: db, Clients: w.clients, Clock: w.clock, Random: rand.Reader, Keys: w.keys, Audit: log, BaseURL: base,
		Tokens: &token.Tokens{Store: db, Clock: w.clock, Random: rand.Reader, Audit: log},
	}
	c := web.Config{
		BaseURL: w.base, Directory: w.dir, Grants: w.grants, Instances: db, Keys: w.keys, Clock: w.clock, Random: rand.Reader, Logger: logger,
		Assignments: &assignment.Assignments{Store: db, Keys: w.keys},
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

// visitor is a browser without eyes: cookies, forms, and no redirect followed that it is not told to.
type visitor struct {
	*testing.T
	w      *world
	client *http.Client
	header http.Header
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &visitor{T: w.T, w: w, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// program is a command line that wants in.
type program struct {
	w            *world
	id           string
	secret       wire.Secret
	verifier     wire.Secret
	redirectURI  string
	deviceCode   wire.Secret
	UserCode     string
	CompleteLink string
}

// program registers a client that is redirected to a loopback address.
func (w *world) program(name, redirectURI string) *program {
	w.Helper()
	reg, err := w.clients.Register(w.Context(), wire.RegisterClientRequest{
		ClientName: name, ClientType: wire.ClientTypePublic, Scopes: []string{wire.ScopeAccountAccess}, RedirectURIs: []string{redirectURI},
		GrantTypes: []string{wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken}, IssuerURL: w.base.String() + "/start",
	})
	if err != nil {
		w.Fatal(err)
	}
	return &program{w: w, id: reg.ClientID, secret: reg.ClientSecret, redirectURI: redirectURI, verifier: wire.Secret(rand.Text() + rand.Text())}
}

// rename gives the program a name that registration refuses, as an older center or another store may hold.
func (p *program) rename(name string) *program {
	p.w.Helper()
	ctx := p.w.Context()
	c, err := p.w.db.Client(ctx, p.id)
	if err != nil {
		p.w.Fatal(err)
	}
	c.Name = name
	if err := errors.Join(p.w.db.RemoveClient(ctx, p.id), p.w.db.AddClient(ctx, c, 100)); err != nil {
		p.w.Fatal(err)
	}
	return p
}

// authorizeLink is what the program opens in the browser, waiting on the given redirect URI.
func (p *program) authorizeLink(redirectURI string) string {
	sum := sha256.Sum256([]byte(p.verifier.Reveal()))
	return "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {redirectURI}, "state": {"st&te=é"}, "scopes": {wire.ScopeAccountAccess},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode()
}

// startDevice asks for a device authorization from another computer.
func (p *program) startDevice() {
	p.w.Helper()
	from := request.NewContext(p.w.Context(), request.Info{RemoteIP: "203.0.113.77", UserAgent: "aws-cli/2.23.6 ua/2.0 os/linux#6.1"})
	d, err := p.w.grants.StartDevice(from, wire.StartDeviceAuthorizationRequest{ClientID: p.id, ClientSecret: p.secret, StartURL: p.w.base.String() + "/start"})
	if err != nil {
		p.w.Fatal(err)
	}
	p.deviceCode, p.UserCode = d.DeviceCode, d.UserCode
	p.CompleteLink = strings.TrimPrefix(d.VerificationURIComplete, p.w.base.String())
}

// poll asks for the device's token.
func (p *program) poll() (wire.CreateTokenResponse, error) {
	return p.w.grants.Exchange(p.w.Context(), wire.CreateTokenRequest{
		ClientID: p.id, ClientSecret: p.secret, GrantType: wire.GrantDeviceCode, DeviceCode: p.deviceCode,
	})
}

// redeem asks for the token of an authorization code.
func (p *program) redeem(code, redirectURI string) (wire.CreateTokenResponse, error) {
	return p.w.grants.Exchange(p.w.Context(), wire.CreateTokenRequest{
		ClientID: p.id, ClientSecret: p.secret, GrantType: wire.GrantAuthorizationCode, Code: wire.Secret(code), RedirectURI: redirectURI,
		CodeVerifier: p.verifier,
	})
}

// cookie is what the browser holds under a name.
func (v *visitor) cookie(name string) string {
	v.Helper()
	for _, c := range v.client.Jar.Cookies(v.w.base) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// answer is a response with its page read.
type answer struct {
	*http.Response
	Text string
	Form map[string]form // by action
}

type form struct {
	Action string
	Values url.Values
}

func (v *visitor) do(method, path string, body url.Values) *answer {
	v.Helper()
	if !strings.HasPrefix(path, "http") {
		path = v.w.URL + path
	}
	var in io.Reader
	if body != nil {
		in = strings.NewReader(body.Encode())
	}
	r, err := http.NewRequestWithContext(v.Context(), method, path, in)
	if err != nil {
		v.Fatal(err)
	}
	for k, vs := range v.header {
		r.Header[k] = vs
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatal(err)
	}
	return &answer{Response: res, Text: string(b), Form: forms(v.T, string(b))}
}

func (v *visitor) get(path string) *answer { v.Helper(); return v.do(http.MethodGet, path, nil) }

// follow gets pages until one is no redirect within the center.
func (v *visitor) follow(a *answer) *answer {
	v.Helper()
	for a.StatusCode == http.StatusSeeOther && strings.HasPrefix(a.Header.Get("Location"), "/") {
		a = v.get(a.Header.Get("Location"))
	}
	return a
}

// submit posts the page's form for an action, with some fields filled in.
func (v *visitor) submit(a *answer, action string, fields ...string) *answer {
	v.Helper()
	f, ok := a.Form[action]
	if !ok {
		v.Fatalf("no form for %s on this page (%d):\n%s", action, a.StatusCode, a.Text)
	}
	for i := 0; i < len(fields); i += 2 {
		f.Values.Set(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, action, f.Values)
}

// signIn signs in on the page and returns where that leads.
func (v *visitor) signIn(a *answer, name string) *answer {
	v.Helper()
	a = v.submit(a, "/sign-in", "username", name, "password", password)
	if a.StatusCode != http.StatusSeeOther {
		v.Fatalf("signing in is answered %d:\n%s", a.StatusCode, a.Text)
	}
	return v.follow(a)
}

func (a *answer) heading() string {
	m := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`).FindStringSubmatch(a.Text)
	if m == nil {
		return ""
	}
	return strings.Join(strings.Fields(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], ""))), " ")
}

// forms reads the forms of a page as a browser does.
func forms(t *testing.T, page string) map[string]form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]form{}
	attr := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		f := form{Action: attr(n, "action"), Values: url.Values{}}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" {
				f.Values.Set(attr(in, "name"), attr(in, "value"))
			}
		}
		all[f.Action] = f
	}
	return all
}
