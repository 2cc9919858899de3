package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/store"
)

func (f fixture) factor(id, userID string) store.Factor {
	return store.Factor{
		ID: id, UserID: userID, Kind: store.FactorTOTP, Name: "Phone " + id, Secret: []byte{0, 1, 0xff}, Credential: digest(id),
		CreatedAt: f.now,
	}
}

func testFactors(t *testing.T, s store.Store) {
	f := prepare(t, s)
	a, b, other := f.factor("a", "u-ada"), f.factor("b", "u-ada"), f.factor("other", "u-grace")
	b.Kind, b.CreatedAt, b.Counter = store.FactorPasskey, f.now.Add(time.Second), 7
	f.must(s.AddFactor(f.ctx, b, 2))
	f.must(s.AddFactor(f.ctx, a, 2))
	f.must(s.AddFactor(f.ctx, other, 2))
	f.want(s.AddFactor(f.ctx, f.factor("c", "u-ada"), 2), store.ErrConflict)
	same := f.factor("c", "u-grace")
	same.Credential = a.Credential
	f.want(s.AddFactor(f.ctx, same, 9), store.ErrConflict)
	f.want(s.AddFactor(f.ctx, f.factor("c", "u-nobody"), 9), store.ErrNotFound)

	got, err := s.FactorsOf(f.ctx, "u-ada")
	f.must(err)
	if d := cmp.Diff([]store.Factor{a, b}, got); d != "" {
		t.Error(d)
	}
	one, err := s.FactorByCredential(f.ctx, b.Credential)
	f.must(err)
	if d := cmp.Diff(b, one); d != "" {
		t.Error(d)
	}
	_, err = s.FactorByCredential(f.ctx, digest("none"))
	f.want(err, store.ErrNotFound)

	// Of any number of uses of one step exactly one counts, and no step before it counts any more.
	if won := race(10, func(int) bool { return s.UseFactor(f.ctx, "a", 100, f.now.Add(time.Minute)) == nil }); won != 1 {
		t.Errorf("%d of 10 used one step", won)
	}
	f.want(s.UseFactor(f.ctx, "a", 99, f.now), store.ErrConflict)
	f.want(s.UseFactor(f.ctx, "a", 0, f.now), store.ErrConflict)
	f.must(s.UseFactor(f.ctx, "a", 101, f.now.Add(time.Minute)))
	f.want(s.UseFactor(f.ctx, "b", 7, f.now), store.ErrConflict)
	f.must(s.UseFactor(f.ctx, "other", 0, f.now)) // a passkey that does not count
	f.must(s.UseFactor(f.ctx, "other", 0, f.now))
	f.want(s.UseFactor(f.ctx, "none", 1, f.now), store.ErrConflict)
	got, err = s.FactorsOf(f.ctx, "u-ada")
	f.must(err)
	if got[0].Counter != 101 || !got[0].LastUsedAt.Equal(f.now.Add(time.Minute)) {
		t.Errorf("after its use: %+v", got[0])
	}

	// Only their person's.
	f.want(s.RenameFactor(f.ctx, "u-grace", "a", "x"), store.ErrNotFound)
	f.want(s.RemoveFactor(f.ctx, "u-grace", "a"), store.ErrNotFound)
	f.must(s.RenameFactor(f.ctx, "u-ada", "a", "Tablet"))
	f.must(s.RemoveFactor(f.ctx, "u-ada", "b"))
	got, err = s.FactorsOf(f.ctx, "u-ada")
	f.must(err)
	if len(got) != 1 || got[0].Name != "Tablet" {
		t.Errorf("left are %+v", got)
	}
	// They survive a restart, and go with their person.
	o := Organisation()
	o.Instance.MFA = store.MFARequired
	o.Users = o.Users[:1]
	o.Groups[0].Members = o.Groups[0].Members[:1]
	f.must(s.Apply(f.ctx, o))
	inst, err := s.Instance(f.ctx)
	f.must(err)
	mine, err := s.FactorsOf(f.ctx, "u-ada")
	f.must(err)
	theirs, err := s.FactorsOf(f.ctx, "u-grace")
	f.must(err)
	if len(mine) != 1 || len(theirs) != 0 || inst.MFA != store.MFARequired {
		t.Errorf("after another Apply: %v, %v, %q", mine, theirs, inst.MFA)
	}
}

func testRecoveryCodes(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.must(s.AddFactor(f.ctx, f.factor("a", "u-ada"), 2))
	f.must(s.AddFactor(f.ctx, f.factor("b", "u-ada"), 2))
	f.must(s.SetRecoveryCodes(f.ctx, "u-ada", []store.Hash{digest("1"), digest("2")}))
	f.must(s.SetRecoveryCodes(f.ctx, "u-grace", []store.Hash{digest("1")}))
	f.must(s.SetRecoveryCodes(f.ctx, "u-ada", []store.Hash{digest("3"), digest("4"), digest("5")}))
	f.want(s.UseRecoveryCode(f.ctx, "u-ada", digest("1")), store.ErrNotFound)
	if won := race(10, func(int) bool { return s.UseRecoveryCode(f.ctx, "u-ada", digest("3")) == nil }); won != 1 {
		t.Errorf("%d of 10 used one code", won)
	}
	left := func() string {
		ada, err := s.RecoveryCodes(f.ctx, "u-ada")
		f.must(err)
		grace, err := s.RecoveryCodes(f.ctx, "u-grace")
		f.must(err)
		return fmt.Sprint(ada, grace)
	}
	if got := left(); got != "2 1" {
		t.Errorf("left are %s", got)
	}
	f.must(s.RemoveFactor(f.ctx, "u-ada", "a"))
	if got := left(); got != "2 1" {
		t.Errorf("with a factor left there are %s", got)
	}
	f.must(s.RemoveFactor(f.ctx, "u-ada", "b"))
	if got := left(); got != "0 1" {
		t.Errorf("without a factor there are %s", got)
	}
	f.must(s.RemoveFactors(f.ctx, "u-grace"))
	if got := left(); got != "0 0" {
		t.Errorf("in the end there are %s", got)
	}
}

func testLinks(t *testing.T, s store.Store) {
	f := prepare(t, s)
	link := func(secret string, kind store.LinkKind) store.Link {
		return store.Link{Hash: digest(secret), UserID: "u-ada", Kind: kind, CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}
	}
	f.must(s.AddLink(f.ctx, link("l1", store.LinkInvite)))
	f.must(s.AddLink(f.ctx, link("l2", store.LinkReset)))
	_, _, err := s.Link(f.ctx, digest("l1")) // replaced
	f.want(err, store.ErrNotFound)
	got, u, err := s.Link(f.ctx, digest("l2"))
	f.must(err)
	if d := cmp.Diff(link("l2", store.LinkReset), got); d != "" || u.Name != "Ada" {
		t.Errorf("%s, %s", d, u.Name)
	}
	_, err = s.RedeemLink(f.ctx, digest("l2"), "h9", f.now.Add(time.Hour))
	f.want(err, store.ErrNotFound) // expired
	if won := race(10, func(int) bool {
		id, err := s.RedeemLink(f.ctx, digest("l2"), "h2", f.now)
		return err == nil && id == "u-ada"
	}); won != 1 {
		t.Errorf("%d of 10 used one link", won)
	}
	ses, u, err := s.SessionByCookie(f.ctx, digest("cookie"))
	f.must(err)
	if u.PasswordHash != "h2" || ses.Open(f.now) {
		t.Errorf("password %q, session %+v", u.PasswordHash, ses)
	}
	f.must(s.AddLink(f.ctx, link("l3", store.LinkReset)))
	f.must(s.DeleteExpired(f.ctx, f.now.Add(time.Hour)))
	_, _, err = s.Link(f.ctx, digest("l3"))
	f.must(err)
	f.must(s.DeleteExpired(f.ctx, f.now.Add(time.Hour+time.Millisecond)))
	_, _, err = s.Link(f.ctx, digest("l3"))
	f.want(err, store.ErrNotFound)
}

func testSessionChanges(t *testing.T, s store.Store) {
	f := prepare(t, s)
	later := f.now.Add(time.Minute)
	if won := race(10, func(i int) bool {
		return s.RenewSession(f.ctx, "s1", digest("cookie"), digest(fmt.Sprint("new", i)), later) == nil
	}); won != 1 {
		t.Errorf("%d of 10 renewed one session", won)
	}
	_, _, err := s.SessionByCookie(f.ctx, digest("cookie"))
	f.want(err, store.ErrNotFound)
	all, err := s.SessionsOf(f.ctx, "u-ada")
	f.must(err)
	if len(all) != 1 || !all[0].AuthenticatedAt.Equal(later) || !all[0].CreatedAt.Equal(f.now) {
		t.Fatalf("sessions are %+v", all)
	}
	now := all[0].CookieHash
	f.want(s.RenewSession(f.ctx, "s1", now, digest("late"), f.now.Add(8*time.Hour)), store.ErrConflict)

	f.addFamily("f1")
	f.addFamily("f2")
	f.must(s.RevokeFamily(f.ctx, "f1", "test", f.now))
	clients, err := s.ClientsOf(f.ctx, "u-ada")
	f.must(err)
	if d := cmp.Diff([]store.SessionClient{{SessionID: "s1", FamilyID: "f2", ClientName: "cli", CreatedAt: f.now}}, clients); d != "" {
		t.Error(d)
	}
	f.must(s.EndSession(f.ctx, "s1", "test", later))
	f.want(s.RenewSession(f.ctx, "s1", now, digest("late"), later), store.ErrConflict)
	if clients, err = s.ClientsOf(f.ctx, "u-ada"); err != nil || len(clients) != 0 {
		t.Errorf("after the end: %v, %v", clients, err)
	}
}
