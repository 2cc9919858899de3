package directory_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
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
	return "plain:" + p.Reveal(), nil
}

func (h *plainHasher) Verify(_ context.Context, p wire.Secret, phc string) (bool, bool, error) {
	h.verified++
	return "plain:"+p.Reveal() == phc, h.weak, nil
}

type recorder struct{ events []store.AuditEvent }

func (r *recorder) Record(_ context.Context, e store.AuditEvent) error {
	r.events = append(r.events, e)
	return nil
}

func (r *recorder) last() store.AuditEvent { return r.events[len(r.events)-1] }

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

func TestSecurity47PlaceAndAccountBackOff(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	var last time.Duration
	for i := range 12 {
		var throttled *directory.ThrottledError
		before := w.hasher.verified
		if err := w.try("192.0.2.1", "ada", right); !errors.As(err, &throttled) {
			t.Fatalf("round %d: the right password while blocked gives %v", i, err)
		}
		if w.hasher.verified != before {
			t.Fatal("a blocked attempt was looked at")
		}
		wait := throttled.Until.Sub(w.clock.Now())
		if wait < last || wait <= 0 || wait > 15*time.Minute {
			t.Fatalf("round %d: blocked for %v after %v", i, wait, last)
		}
		last = wait
		w.clock.Advance(wait)
		if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("round %d: after waiting: %v", i, err)
		}
	}
	if last != 15*time.Minute {
		t.Errorf("the block grew to %v only", last)
	}
	// Somebody elsewhere is not held up by it, and the person here gets in once the block is over.
	if err := w.try("198.51.100.7", "ada", right); err != nil {
		t.Errorf("from another place: %v", err)
	}
	w.clock.Advance(last)
	if err := w.try("192.0.2.1", "ada", right); err != nil {
		t.Errorf("after the longest block: %v", err)
	}
	// And a success wipes the slate.
	if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
		t.Error(err)
	}
	if err := w.try("192.0.2.1", "ada", right); err != nil {
		t.Error(err)
	}
}

// An unknown name is throttled like a known one, or the throttle would tell who exists.
func TestSecurity46ThrottleTellsNothing(t *testing.T) {
	w := newWorld(t)
	answers := map[string]string{}
	for _, login := range []string{"ada", "mallory", "bob", "eve"} {
		for range 7 {
			answers[login] += fmt.Sprintf("%v\n", w.try("192.0.2.1", login, "wrong"))
		}
	}
	if len(answers) != 4 || !strings.Contains(answers["ada"], "too many") {
		t.Fatalf("answers are %q", answers)
	}
	for login, a := range answers {
		if a != answers["ada"] {
			t.Errorf("%s is answered\n%sand ada\n%s", login, a, answers["ada"])
		}
	}
}

func TestSecurity47OnePlaceManyAccounts(t *testing.T) {
	w := newWorld(t)
	var throttled *directory.ThrottledError
	for i := range 30 {
		if err := w.try("192.0.2.1", fmt.Sprint("user", i), "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if err := w.try("192.0.2.1", "ada", right); !errors.As(err, &throttled) {
		t.Fatalf("spraying is answered %v", err)
	}
	if err := w.try("::ffff:192.0.2.1", "ada", right); !errors.As(err, &throttled) {
		t.Errorf("the same address in IPv6 clothes is answered %v", err)
	}
	if err := w.try("192.0.2.2", "ada", right); err != nil {
		t.Errorf("from next door: %v", err)
	}
	for i := range 5 {
		_ = w.try(fmt.Sprintf("2001:db8::%x", i+1), "ada", "wrong")
	}
	if err := w.try("2001:db8::ffff", "ada", right); !errors.As(err, &throttled) {
		t.Errorf("another address of the same /64 is answered %v", err)
	}
}

// A hundred people behind one address who all know their passwords are no attack.
func TestSecurity47SuccessesAreNotCounted(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		if err := w.try("192.0.2.1", "ada", right); err != nil {
			t.Fatalf("sign-in %d: %v", i, err)
		}
	}
}

// A botnet can slow down guessing at an account for everybody, but the browser the person has used
// before has tries of its own, even beside the attacker's.
func TestSecurity47StrangersCannotLockAPersonOut(t *testing.T) {
	w := newWorld(t)
	home := from("192.0.2.1")
	known := w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right}).Browser
	var throttled *directory.ThrottledError
	for i := range 150 {
		_ = w.try(fmt.Sprintf("198.51.100.%d", i), "ada", "wrong")
	}
	for range 40 {
		_ = w.try("192.0.2.1", "ada", "wrong") // the attacker sits in the same office
	}
	if err := w.try("203.0.113.9", "ada", right); !errors.As(err, &throttled) {
		t.Fatalf("a botnet's 151st address is answered %v", err)
	}
	if err := w.try("203.0.113.9", "bob", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("somebody else's account is answered %v", err)
	}
	in := w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: known})
	if in.Browser == "" || in.Browser == known {
		t.Error("the proof was not renewed")
	}
	// The proof is hers alone, is limited as well, and cannot be made up.
	for range 5 {
		_, _ = w.SignIn(home, directory.Attempt{Login: "bob", Password: right, Browser: known})
	}
	if _, err := w.SignIn(home, directory.Attempt{Login: "bob", Password: right, Browser: known}); !errors.As(err, &throttled) {
		t.Errorf("the sixth guess with somebody else's proof: %v", err)
	}
	for _, forged := range []wire.Secret{"AAAA", "!", known[:len(known)-2], "A" + known[1:]} {
		if _, err := w.SignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: forged}); !errors.As(err, &throttled) {
			t.Errorf("with a forged proof: %v", err)
		}
	}
	for range 10 {
		_, _ = w.SignIn(home, directory.Attempt{Login: "ada", Password: "wrong", Browser: known})
	}
	// A renewed proof is of the same browser: it does not buy ten more tries.
	if _, err := w.SignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: in.Browser}); !errors.As(err, &throttled) {
		t.Errorf("the eleventh guess with a stolen proof: %v", err)
	}
	w.clock.Advance(6 * time.Minute)
	w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: known})
}

// A thousand guesses at once are counted before any of them is looked at.
func TestSecurity47ConcurrentGuessesAreCounted(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	slow := &slowHasher{release: release, entered: make(chan struct{}, 64)}
	w.Hasher = slow
	results := make(chan error, 20)
	for range 20 {
		go func() { results <- w.try("192.0.2.1", "ada", "wrong") }()
	}
	throttled := 0
	for range 15 { // those refused come back while the others still hash
		select {
		case err := <-results:
			if !errors.As(err, new(*directory.ThrottledError)) {
				t.Errorf("refused with %v", err)
			}
			throttled++
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d of 20 were refused", throttled)
		}
	}
	close(release)
	for range 5 {
		if err := <-results; !errors.Is(err, directory.ErrBadCredentials) {
			t.Error(err)
		}
	}
	if n := len(slow.entered); n != 5 {
		t.Errorf("%d of 20 guesses were looked at, want 5", n)
	}
}

type slowHasher struct {
	plainHasher
	release chan struct{}
	entered chan struct{}
}

func (h *slowHasher) Verify(context.Context, wire.Secret, string) (bool, bool, error) {
	h.entered <- struct{}{}
	<-h.release
	return false, false, nil
}

func TestSecurity48EverySignInIsANewSession(t *testing.T) {
	w := newWorld(t)
	a := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	b := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	if a.Cookie == b.Cookie || a.Person.Session.ID == b.Person.Session.ID {
		t.Error("two sign-ins share a session")
	}
	if len(a.Cookie) < 43 {
		t.Errorf("cookie has %d characters, too few for 256 bits", len(a.Cookie))
	}
	if strings.Contains(a.Cookie.Reveal(), a.Person.Session.ID) || a.Person.Session.CookieHash != store.HashSecret(a.Cookie) {
		t.Error("the cookie is not kept as a hash of its own")
	}
}

func TestSecurity50IdleAndAbsoluteLifetime(t *testing.T) {
	w := newWorld(t)
	in := w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	for range 9 { // 7 h 30 min, never away for long
		w.clock.Advance(50 * time.Minute)
		if _, err := w.Person(t.Context(), in.Cookie); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(30 * time.Minute)
	if _, err := w.Person(t.Context(), in.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("after 8 hours: %v", err)
	}

	in = w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	w.clock.Advance(time.Hour)
	if _, err := w.Person(t.Context(), in.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("after an idle hour: %v", err)
	}

	in = w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	if err := w.SignOut(t.Context(), in.Person.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Person(t.Context(), in.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("after signing out: %v", err)
	}

	in = w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	if err := w.db.SetDisabled(t.Context(), in.Person.User.ID, true, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Person(t.Context(), in.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("when disabled: %v", err)
	}
	for _, c := range []wire.Secret{"", "x", "' OR 1=1"} {
		if _, err := w.Person(t.Context(), c); !errors.Is(err, directory.ErrNoSession) {
			t.Errorf("cookie %q: %v", c.Reveal(), err)
		}
	}
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
