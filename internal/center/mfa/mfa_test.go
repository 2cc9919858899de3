package mfa_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

type world struct {
	*testing.T
	*mfa.Factors
	db         *sqlite.DB
	clock      *clock.Fake
	ada, grace store.User
	events     []string
}

func (w *world) Record(_ context.Context, e store.AuditEvent) error {
	w.events = append(w.events, e.Name+" "+e.Outcome)
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o := storetest.Organisation()
	if err := db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	passkeys, err := mfa.NewPasskeys(&url.URL{Scheme: "https", Host: "center.example:8443"}, "Example")
	if err != nil || passkeys == nil {
		t.Fatal(passkeys, err)
	}
	w := &world{T: t, db: db, clock: clock.NewFake(time.Date(2026, 11, 23, 9, 0, 5, 0, time.UTC)), ada: o.Users[0], grace: o.Users[1]}
	w.Factors = &mfa.Factors{Store: db, Keys: keys, Clock: w.clock, Random: rand.Reader, Audit: w, Passkeys: passkeys}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) want(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("error is %v, want %v", err, want)
	}
}

// code is what an app shows at an offset from now.
func (w *world) code(secret wire.Secret, offset time.Duration) string {
	w.Helper()
	c, err := totp.GenerateCode(secret.Reveal(), w.clock.Now().Add(offset))
	w.must(err)
	return c
}

// app sets up an authenticator app for a person and lets its first code pass.
func (w *world) app(u store.User) wire.Secret {
	w.Helper()
	a, err := w.NewApp(w.Context(), u, "h")
	w.must(err)
	w.must(w.AddApp(w.Context(), u, "h", a.State, w.code(a.Secret, 0), "Phone"))
	w.clock.Advance(2 * time.Minute)
	return a.Secret
}

func (w *world) check(u store.User, code string) error {
	_, err := w.CheckCode(w.Context(), u.ID, code)
	return err
}

func TestSecurity51OneUsePerStepWithinOneStep(t *testing.T) {
	w := newWorld(t)
	secret := w.app(w.ada)
	for offset, want := range map[time.Duration]error{-time.Minute: mfa.ErrWrong, time.Minute: mfa.ErrWrong} {
		w.want(w.check(w.ada, w.code(secret, offset)), want)
	}
	w.must(w.check(w.ada, w.code(secret, -30*time.Second)))
	w.want(w.check(w.ada, w.code(secret, -30*time.Second)), mfa.ErrUsed)
	now := w.code(secret, 0)
	w.must(w.check(w.ada, now[:3]+" "+now[3:])) // as apps show it
	w.want(w.check(w.ada, now), mfa.ErrUsed)
	w.must(w.check(w.ada, w.code(secret, 30*time.Second)))
	w.want(w.check(w.ada, now), mfa.ErrUsed)
	w.clock.Advance(30 * time.Second)
	w.want(w.check(w.ada, w.code(secret, 0)), mfa.ErrUsed) // a clock that was half a minute ahead saw it
	w.clock.Advance(30 * time.Second)
	w.want(w.check(w.grace, w.code(secret, 0)), mfa.ErrWrong) // somebody else's
	w.must(w.check(w.ada, w.code(secret, 0)))
	w.clock.Advance(10 * time.Minute)
	for _, bad := range []string{"", "000000", "12345", "１２３４５６", strings.Repeat("1", 1000)} {
		w.want(w.check(w.ada, bad), mfa.ErrWrong)
	}
}

func TestSecurity51CodeOfEnrolmentIsUsedUp(t *testing.T) {
	w := newWorld(t)
	a, err := w.NewApp(w.Context(), w.ada, "h")
	w.must(err)
	code := w.code(a.Secret, 0)
	add := func(u store.User, holder, code string) error {
		return w.AddApp(w.Context(), u, holder, a.State, code, " My\x00 phone ")
	}
	w.want(add(w.ada, "another session", code), mfa.ErrExpired)
	w.want(add(w.ada, "h", "000000"), mfa.ErrWrong)
	same, err := w.SameApp(w.Context(), w.ada, "h", a.State)
	w.must(err)
	if same.Secret != a.Secret || !strings.Contains(a.URI.Reveal(), "otpauth://totp/Example:Ada?issuer=Example&secret="+a.Secret.Reveal()) || len(a.Secret) != 32 {
		t.Errorf("the app is %q, then %q", a.URI.Reveal(), same.URI.Reveal())
	}
	w.must(add(w.ada, "h", code))
	w.want(w.check(w.ada, code), mfa.ErrUsed)
	w.clock.Advance(time.Minute)
	w.want(add(w.ada, "h", w.code(a.Secret, 0)), mfa.ErrLimit) // the same secret once more
	w.clock.Advance(10 * time.Minute)
	w.want(add(w.ada, "h", w.code(a.Secret, 0)), mfa.ErrExpired)
}

func TestSecurity51Throttled(t *testing.T) {
	w := newWorld(t)
	secret := w.app(w.ada)
	var throttled *mfa.ThrottledError
	tries := 0
	for ; tries < 100; tries++ {
		if err := w.check(w.ada, "000000"); errors.As(err, &throttled) {
			break
		} else {
			w.want(err, mfa.ErrWrong)
		}
	}
	if tries != 10 {
		t.Errorf("%d codes could be tried", tries)
	}
	if err := w.check(w.ada, w.code(secret, 0)); !errors.As(err, &throttled) {
		t.Errorf("the right code then: %v", err)
	}
	w.must(w.db.AddFactor(w.Context(), store.Factor{ID: "x", UserID: w.grace.ID, Kind: store.FactorPasskey, Secret: []byte("x"), Credential: store.Hash{1}}, 9))
	w.want(w.check(w.grace, "000000"), mfa.ErrWrong) // others are not held up
	w.clock.Advance(time.Minute)
	w.must(w.check(w.ada, w.code(secret, 0)))
	// Right codes never add up.
	for range 30 {
		w.clock.Advance(30 * time.Second)
		w.must(w.check(w.ada, w.code(secret, 0)))
	}
	// One address that tries codes of many people is held up, too.
	at := request.NewContext(w.Context(), request.Info{RemoteIP: "203.0.113.9"})
	tries = 0
	for ; tries < 100; tries++ {
		if _, err := w.CheckCode(at, "u-"+strings.Repeat("x", tries), "000000"); errors.As(err, &throttled) {
			break
		}
	}
	if tries != 30 {
		t.Errorf("one address could try %d codes", tries)
	}
}

func TestSecurity51SecretsAreSealedForTheirPerson(t *testing.T) {
	w := newWorld(t)
	secret := w.app(w.ada)
	all, err := w.db.FactorsOf(w.Context(), w.ada.ID)
	w.must(err)
	if len(all) != 1 || bytes.Contains(all[0].Secret, []byte(secret.Reveal())) || all[0].Name != "Phone" {
		t.Fatalf("kept is %+v", all)
	}
	// Whoever writes to the database cannot give somebody else their own device.
	stolen := all[0]
	stolen.ID, stolen.UserID, stolen.Credential = "mfa-x", w.grace.ID, store.Hash{9}
	w.must(w.db.AddFactor(w.Context(), stolen, 9))
	if err := w.check(w.grace, w.code(secret, 0)); !errors.Is(err, keyring.ErrOpen) {
		t.Errorf("a copied record gives %v", err)
	}
}

func TestSecurity53RecoveryCodesWorkOnceAndAreHashed(t *testing.T) {
	w := newWorld(t)
	w.app(w.ada)
	codes, err := w.NewRecoveryCodes(w.Context(), w.ada.ID)
	w.must(err)
	seen := map[wire.Secret]bool{}
	for _, c := range codes {
		seen[c] = true
	}
	if len(seen) != 10 {
		t.Fatalf("there are %d codes", len(seen))
	}
	w.want(w.check(w.grace, codes[0].Reveal()), mfa.ErrWrong)
	w.must(w.check(w.ada, codes[0].Reveal()))
	w.want(w.check(w.ada, codes[0].Reveal()), mfa.ErrWrong)
	sloppy := strings.ToUpper(strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(codes[1].Reveal()))
	how, err := w.CheckCode(w.Context(), w.ada.ID, sloppy)
	if err != nil || how != "recovery code" {
		t.Errorf("%q is %q, %v", sloppy, how, err)
	}
	h, err := w.Of(w.Context(), w.ada.ID)
	if err != nil || h.RecoveryCodes != 8 {
		t.Errorf("%d are left, %v", h.RecoveryCodes, err)
	}
	if _, err = w.NewRecoveryCodes(w.Context(), w.ada.ID); err != nil {
		t.Fatal(err)
	}
	w.want(w.check(w.ada, codes[2].Reveal()), mfa.ErrWrong) // replaced
}

func TestNeeds(t *testing.T) {
	w := newWorld(t)
	policy := func(p store.MFAPolicy) {
		o := storetest.Organisation()
		o.Instance.MFA = p
		w.must(w.db.Apply(w.Context(), o))
	}
	w.app(w.ada)
	for p, want := range map[store.MFAPolicy][2]mfa.Need{
		"": {mfa.NeedFactor, mfa.NeedNothing}, store.MFAOptional: {mfa.NeedFactor, mfa.NeedNothing},
		store.MFARequired: {mfa.NeedFactor, mfa.NeedEnrol}, store.MFAOff: {mfa.NeedNothing, mfa.NeedNothing},
	} {
		policy(p)
		ada, err := w.Needs(w.Context(), w.ada.ID)
		w.must(err)
		grace, err := w.Needs(w.Context(), w.grace.ID)
		w.must(err)
		if got := [2]mfa.Need{ada, grace}; got != want {
			t.Errorf("%q: %v, want %v", p, got, want)
		}
	}
	policy(store.MFAOptional)
	h, err := w.Of(w.Context(), w.ada.ID)
	w.must(err)
	w.want(w.Remove(w.Context(), w.grace.ID, h.Factors[0].ID), store.ErrNotFound)
	w.must(w.Rename(w.Context(), w.ada.ID, h.Factors[0].ID, strings.Repeat("ü", 100)))
	if h, err = w.Of(w.Context(), w.ada.ID); err != nil || len(h.Factors[0].Name) != mfa.MaxName || !h.Kind(store.FactorTOTP) || h.Kind(store.FactorPasskey) {
		t.Errorf("renamed: %+v, %v", h, err)
	}
	w.must(w.Remove(w.Context(), w.ada.ID, h.Factors[0].ID))
	if n, err := w.Needs(w.Context(), w.ada.ID); err != nil || n != mfa.NeedNothing {
		t.Errorf("without a device: %v, %v", n, err)
	}
}

// device is a security key in the hand of one person.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func newDevice(u store.User) *device {
	return &device{
		virtualwebauthn.RelyingParty{Name: "Example", ID: "center.example", Origin: "https://center.example:8443"},
		virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(u.ID)}),
		newCredential(),
	}
}

// newCredential makes a P-256 key. The library leaves leading zeros of its coordinates out, as one key in
// 128 has them, and is then refused: such keys are not taken.
func newCredential() virtualwebauthn.Credential {
	const whole = 77 // bytes of a COSE key with two coordinates of 32
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == whole {
			return c
		}
	}
}

func (d *device) register(w *world, options string) string {
	w.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(`{"publicKey":` + options + `}`)
	w.must(err)
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.cred, *o)
}

func (d *device) answer(w *world, options string) string {
	w.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(`{"publicKey":` + options + `}`)
	w.must(err)
	d.cred.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.cred, *o)
}

// passkey registers a new device of the person's.
func (w *world) passkey(u store.User) *device {
	w.Helper()
	q, err := w.NewPasskey(w.Context(), u, "h")
	w.must(err)
	d := newDevice(u)
	w.must(w.AddPasskey(w.Context(), u, "h", q.State, d.register(w, q.Options), "Key"))
	d.auth.AddCredential(d.cred)
	return d
}

func TestSecurity52Passkeys(t *testing.T) {
	w := newWorld(t)
	ctx := w.Context()
	d := w.passkey(w.ada)
	ask := func(holder string) mfa.Question {
		t.Helper()
		q, err := w.AskPasskey(ctx, w.ada, holder)
		w.must(err)
		return q
	}
	check := func(q mfa.Question, answer string) error { return w.CheckPasskey(ctx, w.ada, "h", q.State, answer) }

	q := ask("h")
	answer := d.answer(w, q.Options)
	w.must(check(q, answer))
	w.want(check(q, answer), mfa.ErrExpired) // the challenge is spent
	q2 := ask("h")
	w.want(check(q2, answer), mfa.ErrWrong)                    // the answer to another
	w.want(check(q2, d.answer(w, q2.Options)), mfa.ErrExpired) // which has spent this one
	foreign := ask("another browser")
	w.want(check(foreign, d.answer(w, foreign.Options)), mfa.ErrExpired)
	old := ask("h")
	w.clock.Advance(10 * time.Minute)
	w.want(check(old, d.answer(w, old.Options)), mfa.ErrExpired)
	for _, garbage := range []string{"", "{}", "null", "[", strings.Repeat("[", 10000)} {
		w.want(check(ask("h"), garbage), mfa.ErrWrong)
	}
	w.clock.Advance(24 * time.Hour)
	w.want(w.CheckPasskey(ctx, w.ada, "h", "made up", d.answer(w, ask("h").Options)), mfa.ErrExpired)
	w.want(w.CheckPasskey(ctx, w.ada, "h", wire.Secret(base64.RawURLEncoding.EncodeToString([]byte("made up"))), "{}"), mfa.ErrExpired)

	spoil := func(what string, change func(*device)) {
		t.Helper()
		bad := *d
		change(&bad)
		q := ask("h")
		if err := check(q, bad.answer(w, q.Options)); !errors.Is(err, mfa.ErrWrong) {
			t.Errorf("%s: %v", what, err)
		}
		d.cred.Counter = max(d.cred.Counter, bad.cred.Counter)
	}
	spoil("another origin", func(d *device) { d.rp.Origin = "https://evil.example" })
	spoil("another port", func(d *device) { d.rp.Origin = "https://center.example" })
	spoil("another site", func(d *device) { d.rp.ID = "evil.example" })
	spoil("presence only", func(d *device) { d.auth.Options.UserNotVerified = true })
	spoil("another key", func(d *device) { d.cred.Key = newCredential().Key })
	w.clock.Advance(10 * time.Minute)
	q = ask("h")
	w.must(check(q, d.answer(w, q.Options)))
	seen := d.cred.Counter
	spoil("a copy that lags behind", func(d *device) { d.cred.Counter = seen - 3 })
	spoil("a copy with the same counter", func(d *device) { d.cred.Counter = seen - 1 })
	q = ask("h")
	w.must(check(q, d.answer(w, q.Options)))

	// A device is registered once, whoever brings it.
	q, err := w.NewPasskey(ctx, w.grace, "h")
	w.must(err)
	w.want(w.AddPasskey(ctx, w.grace, "h", q.State, d.register(w, q.Options), ""), mfa.ErrLimit)
	// And one that cannot verify its person is refused.
	weak := newDevice(w.grace)
	weak.auth.Options.UserNotVerified = true
	q, err = w.NewPasskey(ctx, w.grace, "h")
	w.must(err)
	w.want(w.AddPasskey(ctx, w.grace, "h", q.State, weak.register(w, q.Options), ""), mfa.ErrWrong)
}

func TestSecurity52PasskeyAlone(t *testing.T) {
	w := newWorld(t)
	ctx := w.Context()
	ada, grace := w.passkey(w.ada), w.passkey(w.grace)
	users := func(ctx context.Context, id string) (store.User, error) { return w.db.User(ctx, id) }
	in := func(d *device, holder string) (store.User, error) {
		t.Helper()
		q, err := w.AskAnyPasskey("h")
		w.must(err)
		return w.CheckAnyPasskey(ctx, holder, q.State, d.answer(w, q.Options), users)
	}
	for d, want := range map[*device]string{ada: w.ada.ID, grace: w.grace.ID} {
		if u, err := in(d, "h"); err != nil || u.ID != want {
			t.Errorf("%v, %v", u, err)
		}
	}
	_, err := in(ada, "another browser")
	w.want(err, mfa.ErrExpired)
	forged := *grace
	forged.auth.Options.UserHandle = []byte(w.ada.ID) // my key, your name
	_, err = in(&forged, "h")
	w.want(err, mfa.ErrWrong)
	forged.auth.Options.UserHandle = []byte("u-nobody")
	_, err = in(&forged, "h")
	w.want(err, mfa.ErrWrong)
	// A question of one kind is not answered as another.
	q, err := w.AskPasskey(ctx, w.ada, "h")
	w.must(err)
	_, err = w.CheckAnyPasskey(ctx, "h", q.State, ada.answer(w, q.Options), users)
	w.want(err, mfa.ErrExpired)
}

func TestPasskeysNeedAName(t *testing.T) {
	for address, want := range map[string]bool{
		"https://center.example": true, "http://localhost:8480": true, "http://127.0.0.1:8480": false, "https://[::1]:8480": false,
		"http://center.example": false, "https://192.0.2.1": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := mfa.NewPasskeys(u, "Example"); err != nil || (p != nil) != want {
			t.Errorf("%s: %v, %v", address, p != nil, err)
		}
	}
	w := newWorld(t)
	w.Passkeys = nil
	_, err := w.NewPasskey(w.Context(), w.ada, "h")
	w.want(err, mfa.ErrNoPasskeys)
}
