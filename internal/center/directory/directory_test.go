package directory_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// plainHasher stands in for argon2id where a test is about something else; it counts.
type plainHasher struct {
	hashed, verified int
	weak             bool
}

func (h *plainHasher) Hash(_ context.Context, p wire.Secret) (string, error) {
	h.hashed++
	if len(p) < directory.MinPassword {
		return "", directory.ErrPassword
	}
	return "plain:" + p.Reveal(), nil
}

func (h *plainHasher) Verify(_ context.Context, p wire.Secret, phc string) (bool, bool, error) {
	h.verified++
	return "plain:"+p.Reveal() == phc, h.weak, nil
}

type recorder struct {
	mu     sync.Mutex
	events []store.AuditEvent
}

func (r *recorder) Record(_ context.Context, e store.AuditEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	return nil
}

func (r *recorder) last() store.AuditEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[len(r.events)-1]
}

type world struct {
	*testing.T
	*directory.Directory
	db     *sqlite.DB
	clock  *clock.Fake
	hasher *plainHasher
	log    *recorder
}

const right = "correct horse"

func newWorld(t *testing.T) world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := world{T: t, db: db, clock: clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), hasher: &plainHasher{}, log: &recorder{}}
	w.Directory = &directory.Directory{Store: db, Clock: w.clock, Random: rand.Reader, Hasher: w.hasher, Audit: w.log, Keys: keys}
	person := func(name, hash string, disabled bool) store.User {
		return store.User{
			ID: directory.UserID("ssoins-1", name), Name: name, NameKey: strings.ToLower(name), DisplayName: name,
			Email: name + "@example.com", EmailKey: strings.ToLower(name) + "@example.com", PasswordHash: hash, Disabled: disabled,
		}
	}
	if err := db.Apply(t.Context(), store.Organisation{
		Instance: store.Instance{ID: "ssoins-1", Name: "Lab", Region: "us-east-1", SessionLifetime: 8 * time.Hour},
		Users:    []store.User{person("Ada", "plain:"+right, false), person("Bob", "", false), person("Eve", "plain:"+right, true)},
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func from(ip string) context.Context {
	return request.NewContext(context.Background(), request.Info{ID: "r1", RemoteIP: ip, UserAgent: "test"})
}

func (w world) try(ip, login, password string) error {
	_, err := w.SignIn(from(ip), directory.Attempt{Login: login, Password: wire.Secret(password)})
	return err
}

func (w world) mustSignIn(ctx context.Context, a directory.Attempt) directory.SignedIn {
	w.Helper()
	in, err := w.SignIn(ctx, a)
	if err != nil {
		w.Fatal(err)
	}
	return in
}

func TestSignInByNameOrEmail(t *testing.T) {
	for _, login := range []string{"Ada", " ada ", "ADA", "ada@EXAMPLE.com", "ａｄａ"} {
		w := newWorld(t)
		in := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: login, Password: right})
		p, err := w.Person(t.Context(), in.Cookie)
		if err != nil || p.User.Name != "Ada" {
			t.Errorf("%q: %v, %v", login, p.User.Name, err)
		}
		if got := p.Session; got.RemoteIP != "192.0.2.1" || got.UserAgent != "test" || !got.ExpiresAt.Equal(w.clock.Now().Add(8*time.Hour)) {
			t.Errorf("session is %+v", got)
		}
		if e := w.log.last(); e.Outcome != "success" || e.UserID != p.User.ID || e.SessionID != p.Session.ID {
			t.Errorf("audited %+v", e)
		}
	}
}

// Unknown person, wrong password, no password and disabled must be one answer at one price, which is
// one hash.
func TestSecurity46SameAnswerAndCostForEveryRefusal(t *testing.T) {
	cases := map[string]struct{ login, password, outcome string }{
		"unknown person":      {"mallory", right, "unknown user"},
		"wrong password":      {"ada", "wrong horse", "wrong password"},
		"no password set":     {"bob", right, "wrong password"},
		"disabled":            {"eve", right, "user disabled"},
		"disabled and wrong":  {"eve", "wrong horse", "user disabled"},
		"no name":             {"", right, "unknown user"},
		"name nobody can see": {"ada\u202e", right, "unknown user"},
		"huge name":           {strings.Repeat("x", 1<<20), right, "unknown user"},
		"not UTF-8":           {"\xff", right, "unknown user"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.try("192.0.2.1", c.login, c.password); err != directory.ErrBadCredentials { //nolint:errorlint // exactly it
				t.Fatalf("error is %v", err)
			}
			if w.hasher.verified != 1 || w.hasher.hashed != 0 {
				t.Errorf("%d verifications and %d hashes, want 1 and 0", w.hasher.verified, w.hasher.hashed)
			}
			if e := w.log.last(); e.Outcome != c.outcome || len(e.Detail) != 0 {
				t.Errorf("audited %+v, want %s", e, c.outcome)
			}
		})
	}
}

// The real hasher, too, computes exactly one hash of the usual price for nobody's password.
func TestSecurity46DummyHash(t *testing.T) {
	h := directory.NewHasher(1)
	ctx := t.Context()
	phc, err := h.Hash(ctx, right)
	if err != nil {
		t.Fatal(err)
	}
	cost := func(password wire.Secret, phc string) time.Duration {
		best := time.Hour
		for range 3 {
			start := time.Now()
			if ok, _, err := h.Verify(ctx, password, phc); ok || err != nil {
				t.Fatalf("verified: %v, %v", ok, err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	full := cost("wrong horse", phc)
	for name, got := range map[string]time.Duration{
		"no hash": cost(right, ""), "no PHC string": cost(right, "$1$abc"), "too long": cost(wire.Secret(strings.Repeat("x", 4096)), phc),
		"too short": cost("x", phc),
	} {
		if got < full/4 {
			t.Errorf("%s takes %v, a wrong password %v", name, got, full)
		}
	}
}

// Hashing takes a while; what happens to the person meanwhile counts.
func TestSignInSeesWhatChangedWhileItHashed(t *testing.T) {
	id := directory.UserID("ssoins-1", "Ada")
	for what, change := range map[string]func(w world) error{
		"password changed": func(w world) error { return w.db.SetPassword(t.Context(), id, "plain:new password", "", w.clock.Now()) },
		"disabled":         func(w world) error { return w.db.SetDisabled(t.Context(), id, true, w.clock.Now()) },
		"removed":          func(w world) error { return w.db.Apply(t.Context(), store.Organisation{}) },
	} {
		w := newWorld(t)
		w.Hasher = &meanwhile{&w, change}
		if err := w.try("192.0.2.1", "ada", right); !errors.Is(err, directory.ErrBadCredentials) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

type meanwhile struct {
	w      *world
	change func(world) error
}

func (m *meanwhile) Hash(ctx context.Context, p wire.Secret) (string, error) {
	return m.w.hasher.Hash(ctx, p)
}

func (m *meanwhile) Verify(ctx context.Context, p wire.Secret, phc string) (bool, bool, error) {
	ok, weak, err := m.w.hasher.Verify(ctx, p, phc)
	return ok, weak, errors.Join(err, m.change(*m.w))
}

func TestSecurity45WeakHashesAreReplacedAtSignIn(t *testing.T) {
	w := newWorld(t)
	w.Hasher = directory.NewHasher(2)
	const weak = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$"
	h, err := weakHash(right)
	if err != nil || !strings.HasPrefix(h, weak[:20]) {
		t.Fatal(h, err)
	}
	id := directory.UserID("ssoins-1", "Ada")
	if err := w.db.SetPassword(t.Context(), id, h, "", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	u, err := w.db.User(t.Context(), id)
	if err != nil || !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is now %q, %v", u.PasswordHash, err)
	}
	w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	if again, _ := w.db.User(t.Context(), id); again.PasswordHash != u.PasswordHash {
		t.Error("a good hash was replaced")
	}
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	u, err := w.AddUser(ctx, "Zoë", "zoe@example.com", "Zoë Z", "first password")
	if err != nil || u.ID != directory.UserID("ssoins-1", "zoë") {
		t.Fatal(u, err)
	}
	if _, err := w.AddUser(ctx, "ZOE\u0308", "", "", ""); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same name in another form: %v", err)
	}
	if _, err := w.AddUser(ctx, "a\u200bda", "", "", ""); !errors.Is(err, directory.ErrName) {
		t.Errorf("a zero-width name: %v", err)
	}
	in := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "zoë", Password: "first password"})
	other := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "zoë", Password: "first password"})
	if err := w.SetPassword(ctx, u.ID, "second password", in.Person.Session.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Person(ctx, in.Cookie); err != nil {
		t.Errorf("the session that was to be kept: %v", err)
	}
	if _, err := w.Person(ctx, other.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("the other session: %v", err)
	}
	if err := w.try("192.0.2.1", "zoë", "first password"); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("the old password: %v", err)
	}
}
