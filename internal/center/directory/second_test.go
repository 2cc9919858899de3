package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

type needs struct{ mfa.Need }

func (n *needs) Needs(context.Context, string) (mfa.Need, error) { return n.Need, nil }

func (w world) half(a directory.Attempt) wire.Secret {
	w.Helper()
	in := w.mustSignIn(from("192.0.2.1"), a)
	if in.Half == "" || in.Cookie != "" || in.Browser != "" || in.Person.Session.ID != "" {
		w.Fatalf("half a sign-in is %+v", in)
	}
	return in.Half
}

func (w world) sessions(name string) int {
	w.Helper()
	open, err := w.Sessions(context.Background(), directory.UserID("ssoins-1", name))
	if err != nil {
		w.Fatal(err)
	}
	return len(open)
}

func TestSecurity54PasswordAloneOpensNoSession(t *testing.T) {
	w := newWorld(t)
	n := &needs{mfa.NeedFactor}
	w.Second = n
	ctx := from("192.0.2.1")
	ada := directory.Attempt{Login: "ada", Password: right}
	half := w.half(ada)
	if w.sessions("Ada") != 0 {
		t.Fatal("there is a session")
	}
	if _, err := w.Person(ctx, half); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("the half passes for a session: %v", err)
	}
	h, err := w.Half(ctx, half)
	if err != nil || h.User.Name != "Ada" || h.Enrol || h.Renews != "" {
		t.Errorf("it is %+v, %v", h, err)
	}
	in, err := w.Complete(ctx, half, "passkey", nil)
	if err != nil || in.Cookie == "" || w.log.last().Detail["with"] != "password, passkey" {
		t.Fatalf("completing: %v, %+v", err, w.log.last())
	}
	refused := func(what string, half wire.Secret) {
		t.Helper()
		before := w.sessions("Ada")
		if _, err := w.Complete(ctx, half, "", nil); !errors.Is(err, directory.ErrNoSession) || w.sessions("Ada") != before {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a second time", half)
	refused("nothing", "")
	refused("a session's cookie", in.Cookie)
	refused("another sealed value", in.Browser)
	half = w.half(ada)
	w.clock.Advance(10 * time.Minute)
	refused("too old", half)
	half = w.half(ada)
	if err := w.SetPassword(ctx, h.User.ID, "another one", ""); err != nil {
		t.Fatal(err)
	}
	refused("the password was changed", half)
	ada.Password = "another one"
	half = w.half(ada)
	if err := w.db.SetDisabled(ctx, h.User.ID, true, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	refused("disabled", half)
	if err := w.db.SetDisabled(ctx, h.User.ID, false, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	half = w.half(ada)
	n.Need = mfa.NeedEnrol
	if h, err := w.Half(ctx, half); err != nil || !h.Enrol {
		t.Errorf("to enrol: %+v, %v", h, err)
	}
	n.Need = mfa.NeedNothing
	refused("no second factor is needed any more", half)
	if in := w.mustSignIn(ctx, ada); in.Half != "" {
		t.Error("half a sign-in without a need")
	}
}

func TestSecurity48SessionIsRenewedByAuthenticatingAgain(t *testing.T) {
	w := newWorld(t)
	n := &needs{mfa.NeedNothing}
	w.Second = n
	ctx := from("192.0.2.1")
	first := w.mustSignIn(ctx, directory.Attempt{Login: "ada", Password: right})
	if !w.Recently(first.Person) {
		t.Error("just signed in is not recent")
	}
	w.clock.Advance(directory.Recent)
	if w.Recently(first.Person) {
		t.Error("ten minutes ago is recent")
	}
	again := directory.Attempt{Login: "ada", Password: right, Again: &first.Person}
	second := w.mustSignIn(ctx, again)
	if second.Person.Session.ID != first.Person.Session.ID || second.Cookie == first.Cookie || !w.Recently(second.Person) || w.sessions("Ada") != 1 {
		t.Errorf("renewed: %+v", second.Person.Session)
	}
	if _, err := w.Person(ctx, first.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("the old cookie: %v", err)
	}
	p, err := w.Person(ctx, second.Cookie)
	if err != nil || !w.Recently(p) {
		t.Errorf("the new cookie: %v", err)
	}
	// Not as somebody else, and not with the second factor in another browser.
	if err := w.SetPassword(ctx, directory.UserID("ssoins-1", "Bob"), right, ""); err != nil {
		t.Fatal(err)
	}
	bob := w.mustSignIn(ctx, directory.Attempt{Login: "bob", Password: right})
	if _, err := w.SignIn(ctx, directory.Attempt{Login: "bob", Password: right, Again: &p}); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("as somebody else: %v", err)
	}
	n.Need = mfa.NeedFactor
	half := w.half(directory.Attempt{Login: "ada", Password: right, Again: &p})
	for what, who := range map[string]*directory.Person{"nobody": nil, "bob": &bob.Person} {
		if _, err := w.Complete(ctx, half, "", who); !errors.Is(err, directory.ErrNoSession) {
			t.Errorf("completed as %s: %v", what, err)
		}
	}
	if in, err := w.Complete(ctx, half, "", &p); err != nil || in.Person.Session.ID != p.Session.ID || w.sessions("Ada") != 1 {
		t.Errorf("completed: %v", err)
	}
	if _, err := w.Admit(ctx, p.User, "", "passkey", &bob.Person); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("a passkey of somebody else: %v", err)
	}
	u := p.User
	u.Disabled = true
	if _, err := w.Admit(ctx, u, "", "passkey", nil); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("a passkey of somebody disabled: %v", err)
	}
}

func TestSecurity55LinksWorkOnceAndExpire(t *testing.T) {
	w := newWorld(t)
	ctx := from("192.0.2.1")
	bob := directory.UserID("ssoins-1", "Bob")
	link := func(k store.LinkKind) wire.Secret {
		t.Helper()
		s, _, err := w.NewLink(ctx, bob, k)
		if err != nil || len(s) < 43 {
			t.Fatal(s, err)
		}
		return s
	}
	gone := func(what string, s wire.Secret) {
		t.Helper()
		if _, _, err := w.Link(ctx, s); !errors.Is(err, directory.ErrLink) {
			t.Errorf("%s: looking gives %v", what, err)
		}
		if err := w.UseLink(ctx, s, "chosen by bob"); !errors.Is(err, directory.ErrLink) {
			t.Errorf("%s: using gives %v", what, err)
		}
	}
	first := link(store.LinkInvite)
	second := link(store.LinkReset)
	gone("replaced", first)
	gone("made up", "kflink_x")
	w.clock.Advance(directory.ResetLifetime)
	gone("an hour old", second)
	third := link(store.LinkInvite)
	w.clock.Advance(directory.InviteLifetime - time.Second)
	if l, u, err := w.Link(ctx, third); err != nil || l.Kind != store.LinkInvite || u.Name != "Bob" {
		t.Errorf("an invitation of three days: %v", err)
	}
	if err := w.UseLink(ctx, third, "short"); !errors.Is(err, directory.ErrPassword) {
		t.Errorf("a bad password: %v", err)
	}
	if err := w.UseLink(ctx, third, "chosen by bob"); err != nil {
		t.Errorf("then a good one: %v", err)
	}
	gone("used", third)
	if err := w.try("192.0.2.1", "bob", "chosen by bob"); err != nil {
		t.Errorf("signing in with it: %v", err)
	}
	fourth := link(store.LinkReset)
	if err := w.UseLink(ctx, fourth, "chosen again"); err != nil || w.sessions("Bob") != 0 {
		t.Errorf("a reset leaves %d sessions, %v", w.sessions("Bob"), err)
	}
	fifth := link(store.LinkReset)
	if err := w.db.SetDisabled(ctx, bob, true, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	gone("of somebody disabled", fifth)
}

func TestSessionsAreEndedByTheirPersonOnly(t *testing.T) {
	w := newWorld(t)
	ctx := from("192.0.2.1")
	ada := directory.Attempt{Login: "ada", Password: right}
	one, two, three := w.mustSignIn(ctx, ada), w.mustSignIn(ctx, ada), w.mustSignIn(ctx, ada)
	id := one.Person.User.ID
	if err := w.EndSession(ctx, directory.UserID("ssoins-1", "Bob"), one.Person.Session.ID); !errors.Is(err, store.ErrNotFound) || w.sessions("Ada") != 3 {
		t.Errorf("ended by somebody else: %v", err)
	}
	if err := w.EndSession(ctx, id, one.Person.Session.ID); err != nil || w.sessions("Ada") != 2 {
		t.Errorf("ended: %v, %d are left", err, w.sessions("Ada"))
	}
	if err := w.EndOtherSessions(ctx, id, two.Person.Session.ID); err != nil || w.sessions("Ada") != 1 {
		t.Errorf("others ended: %v, %d are left", err, w.sessions("Ada"))
	}
	if _, err := w.Person(ctx, three.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("an ended one: %v", err)
	}
	if _, err := w.Person(ctx, two.Cookie); err != nil {
		t.Errorf("the one kept: %v", err)
	}
	if err := w.EndClient(ctx, id, "nobody's"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a client that is not theirs: %v", err)
	}
}
