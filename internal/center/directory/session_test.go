package directory_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

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
	// A seed file that disables a person ends no session by itself.
	w = newWorld(t)
	in = w.mustSignIn(from("192.0.2.1"), directory.Attempt{Login: "ada", Password: right})
	disabled := in.Person.User
	disabled.Disabled = true
	if err := w.db.Apply(t.Context(), store.Organisation{Instance: store.Instance{ID: "ssoins-1"}, Users: []store.User{disabled}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Person(t.Context(), in.Cookie); !errors.Is(err, directory.ErrNoSession) {
		t.Errorf("when disabled by a seed file: %v", err)
	}
	for _, c := range []wire.Secret{"", "x", "' OR 1=1"} {
		if _, err := w.Person(t.Context(), c); !errors.Is(err, directory.ErrNoSession) {
			t.Errorf("cookie %q: %v", c.Reveal(), err)
		}
	}
}
