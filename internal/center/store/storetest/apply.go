package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/store"
)

// testApplyIsOneChange: whatever in a declaration turns out to be impossible, nothing of it was done.
func testApplyIsOneChange(t *testing.T, s store.Store) {
	f := prepare(t, s)
	before, err := s.Organisation(f.ctx, true)
	f.must(err)
	for name, spoil := range map[string]func(*store.Organisation){
		"a group with nobody":       func(o *store.Organisation) { o.Groups[0].Members = []string{"u-nobody"} },
		"two people of one name":    func(o *store.Organisation) { o.Users[1].NameKey = "ada" },
		"an assignment of nothing":  func(o *store.Organisation) { o.Assignments[1].PermissionSetID = "ps-none" },
		"an assignment to nowhere":  func(o *store.Organisation) { o.Assignments[1].AccountID = "999999999999" },
		"a role in an account gone": func(o *store.Organisation) { o.Roles = []store.Role{{AccountID: "999999999999", Name: "R", Path: "/"}} },
	} {
		o := Organisation()
		o.Instance.Name, o.Instance.MFA, o.Users[0].DisplayName, o.Users[0].PasswordHash = "Half", store.MFARequired, "Half", "h9"
		o.PermissionSets[0].Description, o.Prune = "half", true
		spoil(&o)
		if err := s.Apply(f.ctx, o); err == nil {
			t.Errorf("%s: applied", name)
		}
		after, err := s.Organisation(f.ctx, true)
		f.must(err)
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if _, _, err := s.SessionByCookie(f.ctx, digest("cookie")); err != nil {
			t.Errorf("%s: the session ended: %v", name, err)
		}
	}
}

func testApply(t *testing.T, s store.Store) {
	ctx := context.Background()
	if _, err := s.Instance(ctx); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Instance of an empty store: %v", err)
	}
	f := prepare(t, s)
	o := Organisation()
	i, err := s.Instance(ctx)
	f.must(err)
	if d := cmp.Diff(o.Instance, i); d != "" {
		t.Error(d)
	}
	u, err := s.UserByKey(ctx, "ada@example.com")
	f.must(err)
	if d := cmp.Diff(o.Users[0], u); d != "" {
		t.Error(d)
	}
	_, err = s.UserByKey(ctx, "")
	f.want(err, store.ErrNotFound)

	// A changed password survives an Apply with the same declared hash, not one with another.
	f.must(s.SetPassword(ctx, "u-ada", "changed", "", f.now))
	f.must(s.Apply(ctx, o))
	if u, _ = s.User(ctx, "u-ada"); u.PasswordHash != "changed" {
		t.Errorf("password hash after applying the same again: %q", u.PasswordHash)
	}
	o.Users[0].PasswordHash = "h2"
	f.must(s.Apply(ctx, o))
	if u, _ = s.User(ctx, "u-ada"); u.PasswordHash != "h2" {
		t.Errorf("password hash after applying another: %q", u.PasswordHash)
	}

	_, _, err = s.SessionByCookie(ctx, digest("cookie"))
	f.want(err, store.ErrNotFound) // the new password has ended it

	// The same holds for disabling: who was disabled since stays so until the declaration changes.
	disabled := func(want bool) {
		t.Helper()
		if u, err := s.User(ctx, "u-ada"); err != nil || u.Disabled != want {
			t.Errorf("disabled: %v, %v", u.Disabled, err)
		}
	}
	f.must(s.SetDisabled(ctx, "u-ada", true, f.now))
	f.must(s.Apply(ctx, o))
	disabled(true)
	o.Users[0].Disabled = true
	f.must(s.Apply(ctx, o))
	o.Users[0].Disabled = false
	f.must(s.Apply(ctx, o))
	disabled(false)
	f.must(s.AddSession(ctx, store.Session{ID: "s9", CookieHash: digest("s9"), UserID: "u-ada", CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}))
	o.Users[0].Disabled = true
	f.must(s.Apply(ctx, o))
	_, _, err = s.SessionByCookie(ctx, digest("s9"))
	f.want(err, store.ErrNotFound)

	// Once second factors are required, whoever signed in before has to do so again; not at every Apply.
	o.Users[0].Disabled = false
	f.must(s.Apply(ctx, o))
	for i, step := range []struct {
		mfa   store.MFAPolicy
		stays bool
	}{{store.MFAOptional, true}, {store.MFARequired, false}, {store.MFARequired, true}, {store.MFAOff, true}, {store.MFARequired, false}} {
		id := fmt.Sprint("mfa-", i)
		f.must(s.AddSession(ctx, store.Session{ID: id, CookieHash: digest(id), UserID: "u-ada", CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}))
		o.Instance.MFA = step.mfa
		f.must(s.Apply(ctx, o))
		if _, _, err := s.SessionByCookie(ctx, digest(id)); step.stays != (err == nil) {
			t.Errorf("mfa is %s: the session from before gives %v", step.mfa, err)
		}
	}
	o.Instance.MFA = ""

	// What is no longer declared goes; what was added otherwise stays.
	f.must(s.AddUser(ctx, store.User{ID: "u-linus", Name: "linus", NameKey: "linus"}))
	f.want(s.AddUser(ctx, store.User{ID: "u-other", Name: "LINUS", NameKey: "linus"}), store.ErrConflict)
	o.Users = o.Users[1:]
	o.Groups[0].Members = []string{"u-grace"}
	o.Assignments = o.Assignments[1:]
	f.must(s.Apply(ctx, o))
	users, err := s.Users(ctx)
	f.must(err)
	if len(users) != 2 || users[0].Name != "grace" || users[1].Name != "linus" {
		t.Errorf("users are %v", users)
	}
	_, _, err = s.SessionByCookie(ctx, digest("cookie"))
	f.want(err, store.ErrNotFound)
}

func testAssignments(t *testing.T, s store.Store) {
	f := prepare(t, s)
	names := func(user, after string, limit int) string {
		as, err := s.AccountsFor(f.ctx, user, after, limit)
		f.must(err)
		var ids []string
		for _, a := range as {
			ids = append(ids, a.ID)
		}
		return fmt.Sprint(ids)
	}
	for _, c := range []struct {
		user, after string
		limit       int
		want        string
	}{
		{"u-ada", "", 10, "[000000000042 111111111111]"},
		{"u-ada", "", 1, "[000000000042]"},
		{"u-ada", "000000000042", 10, "[111111111111]"},
		{"u-grace", "", 10, "[000000000042]"},
		{"u-nobody", "", 10, "[]"},
	} {
		if got := names(c.user, c.after, c.limit); got != c.want {
			t.Errorf("accounts of %s after %q: %s, want %s", c.user, c.after, got, c.want)
		}
	}
	p, err := s.Assigned(f.ctx, "u-grace", "000000000042", "ReadOnly")
	f.must(err)
	if p.SessionDuration != 2*time.Hour {
		t.Errorf("session duration is %s", p.SessionDuration)
	}
	_, err = s.Assigned(f.ctx, "u-grace", "111111111111", "Admin")
	f.want(err, store.ErrNotFound)
	ps, err := s.PermissionSetsFor(f.ctx, "u-ada", "111111111111", "", 10)
	f.must(err)
	if len(ps) != 1 || ps[0].Name != "Admin" {
		t.Errorf("permission sets are %v", ps)
	}
	for user, want := range map[string]map[string][]string{
		"u-ada": {"111111111111": {"Admin"}, "000000000042": {"ReadOnly"}}, "u-grace": {"000000000042": {"ReadOnly"}}, "u-nobody": {},
	} {
		got, err := s.RoleNamesFor(f.ctx, user)
		if f.must(err); !cmp.Equal(got, want) {
			t.Errorf("role names of %s: %s", user, cmp.Diff(want, got))
		}
	}
	// Once by oneself, once by a group: one role.
	twice := store.AccountAssignment{AccountID: "000000000042", PermissionSetID: "ps-2", PrincipalKind: store.PrincipalUser, PrincipalID: "u-ada"}
	f.must(s.AddAssignment(f.ctx, twice))
	twice.PermissionSetID = "ps-1"
	f.must(s.AddAssignment(f.ctx, twice))
	roles, err := s.RoleNamesFor(f.ctx, "u-ada")
	if f.must(err); !cmp.Equal(roles["000000000042"], []string{"Admin", "ReadOnly"}) {
		t.Errorf("role names: %v", roles)
	}
	f.must(s.RemoveAssignment(f.ctx, twice))
	f.must(s.RemoveAssignment(f.ctx, Organisation().Assignments[0]))
	_, err = s.Assigned(f.ctx, "u-ada", "111111111111", "Admin")
	f.want(err, store.ErrNotFound)
	f.must(s.AddAssignment(f.ctx, Organisation().Assignments[0]))
	f.must(s.AddAssignment(f.ctx, Organisation().Assignments[0]))
	_, err = s.Assigned(f.ctx, "u-ada", "111111111111", "Admin")
	f.must(err)
}
