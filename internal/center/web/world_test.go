package web_test

import (
	"context"
	"crypto/rand"
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

	"keyfob/internal/center/directory"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/web"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const password = "correct horse"

// world is a center with this door only, over http on loopback, and real rules and store behind it.
type world struct {
	*testing.T
	URL    string
	base   *url.URL
	db     *sqlite.DB
	clock  *clock.Fake
	keys   *keyring.Ring
	dir    *directory.Directory
	door   *web.Door
	server *httptest.Server
	log    *strings.Builder
}

// cheap stands in for argon2id, which is tested where it lives.
type cheap struct{}

func (cheap) Hash(_ context.Context, p wire.Secret) (string, error) { return "plain:" + p.Reveal(), nil }

func (cheap) Verify(_ context.Context, p wire.Secret, phc string) (bool, bool, error) {
	return "plain:"+p.Reveal() == phc, false, nil
}

type nobody struct{}

func (nobody) Record(context.Context, store.AuditEvent) error { return nil }

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
			{AccountID: "111111111111", PermissionSetID: "ps-2", PrincipalKind: store.PrincipalUser, PrincipalID: ada.ID},
			{AccountID: "111111111111", PermissionSetID: "ps-3", PrincipalKind: store.PrincipalUser, PrincipalID: ada.ID},
			{AccountID: "000000000042", PermissionSetID: "ps-1", PrincipalKind: store.PrincipalUser, PrincipalID: ada.ID},
			{AccountID: "222222222222", PermissionSetID: "ps-2", PrincipalKind: store.PrincipalUser, PrincipalID: ada.ID},
			{AccountID: "222222222222", PermissionSetID: "ps-4", PrincipalKind: store.PrincipalUser, PrincipalID: ada.ID},
			{AccountID: "666666666666", PermissionSetID: "ps-2", PrincipalKind: store.PrincipalUser, PrincipalID: eve.ID},
		},
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
	w.dir = &directory.Directory{Store: db, Clock: w.clock, Random: rand.Reader, Hasher: cheap{}, Audit: nobody{}, Keys: w.keys}
	mux := http.NewServeMux()
	// Package center gives every request its description; here, this does.
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		info := request.Info{ID: "req-1", RemoteIP: "127.0.0.1", UserAgent: r.UserAgent()}
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
	c := web.Config{
		BaseURL: w.base, Directory: w.dir, Instances: db, Keys: w.keys, Clock: w.clock, Random: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	w.rules(&c)
	if w.door, err = web.New(c); err != nil {
		t.Fatal(err)
	}
	w.door.Routes(mux)
	mux.Handle("/", w.door.NotFound())
	return w
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
