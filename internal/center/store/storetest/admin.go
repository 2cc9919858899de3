package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/store"
)

// full is Organisation with the rest of what can be declared, in the order in which it is read back.
func full() store.Organisation {
	o := Organisation()
	o.Accounts[0], o.Accounts[1] = o.Accounts[1], o.Accounts[0]
	o.Assignments[0], o.Assignments[1] = o.Assignments[1], o.Assignments[0]
	o.PermissionSets[0].Policies = store.Policies{Managed: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Inline: `{"Statement":[]}`}
	o.Administrators = []store.Principal{{Kind: store.PrincipalGroup, ID: "g-all"}}
	o.Clients = []store.Client{{
		ID: "client-fixed", SecretHash: store.Hash{7}, Name: "Tool", Scopes: []string{"sso:account:access"},
		RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}, GrantTypes: []string{"authorization_code"},
		CreatedAt: Epoch(), ExpiresAt: Epoch().AddDate(100, 0, 0),
	}}
	o.Roles = []store.Role{{AccountID: "111111111111", Name: "Deploy", Path: "/", MaxSessionDuration: time.Hour}}
	o.ServiceUsers = []store.ServiceUser{{
		AccountID: "111111111111", Name: "ci", AccessKeys: []store.AccessKey{{ID: "AKIA1", Secret: []byte("s")}},
		MFASerial: "arn:aws:iam::111111111111:mfa/ci", MFASecret: []byte("m"),
	}}
	o.Digest = "digest"
	return o
}

func testOrganisation(t *testing.T, s store.Store) {
	ctx := t.Context()
	if _, err := s.Organisation(ctx, false); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before the first Apply: %v", err)
	}
	want := full()
	if err := s.Apply(ctx, want); err != nil {
		t.Fatal(err)
	}
	for _, declared := range []bool{false, true} {
		got, err := s.Organisation(ctx, declared)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("declared %v: %v (-applied +read)\n%s", declared, err, diff)
		}
	}
	if d, err := s.Applied(ctx); err != nil || d != "digest" {
		t.Errorf("Applied: %q, %v", d, err)
	}
	if c, err := s.Client(ctx, "client-fixed"); err != nil || c.Name != "Tool" {
		t.Errorf("declared client: %+v, %v", c, err)
	}
	want.Clients, want.Administrators = nil, nil
	if err := s.Apply(ctx, want); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client(ctx, "client-fixed"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a client that is no longer declared: %v", err)
	}
	if yes, err := s.Administrator(ctx, "u-ada"); yes || err != nil {
		t.Errorf("still an administrator: %v, %v", yes, err)
	}
}

// testAddedStays: what is added beside the file is not removed by the next Apply, unless it prunes.
func testAddedStays(t *testing.T, s store.Store) {
	ctx := t.Context()
	o := full()
	must(t, s.Apply(ctx, o))
	must(t, s.AddUser(ctx, store.User{ID: "u-new", Name: "new", NameKey: "new"}))
	must(t, s.AddGroup(ctx, store.Group{ID: "g-new", Name: "New"}))
	must(t, s.AddMember(ctx, "g-new", "u-new"))
	must(t, s.AddMember(ctx, "g-new", "u-new")) // again is no error
	must(t, s.AddMember(ctx, "g-all", "u-new"))
	must(t, s.PutPermissionSet(ctx, store.PermissionSet{ID: "ps-new", Name: "New", SessionDuration: time.Hour}))
	must(t, s.AddAssignment(ctx, store.AccountAssignment{
		AccountID: "111111111111", PermissionSetID: "ps-new", PrincipalKind: store.PrincipalGroup, PrincipalID: "g-new",
	}))
	if err := s.AddGroup(ctx, store.Group{ID: "g-2", Name: "New"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a second group of the name: %v", err)
	}
	if err := s.AddMember(ctx, "g-new", "u-none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody as a member: %v", err)
	}
	if yes, err := s.Administrator(ctx, "u-new"); !yes || err != nil {
		t.Errorf("a member of a group that administers: %v, %v", yes, err)
	}
	must(t, s.Apply(ctx, o))
	if _, err := s.Assigned(ctx, "u-new", "111111111111", "New"); err != nil {
		t.Errorf("what was added is gone: %v", err)
	}
	if _, err := s.Assigned(ctx, "u-new", "000000000042", "ReadOnly"); err != nil {
		t.Errorf("the membership that was added to a declared group is gone: %v", err)
	}
	if declared, err := s.Organisation(ctx, true); err != nil || cmp.Diff(o, declared) != "" {
		t.Errorf("declared: %v %s", err, cmp.Diff(o, declared))
	}
	o.Prune = true
	must(t, s.Apply(ctx, o))
	o.Prune = false
	if all, err := s.Organisation(ctx, false); err != nil || cmp.Diff(o, all) != "" {
		t.Errorf("after pruning: %v %s", err, cmp.Diff(o, all))
	}
}

// testRemovalsAreImmediate: whoever or whatever is removed stops working at once.
func testRemovalsAreImmediate(t *testing.T, s store.Store) {
	ctx := t.Context()
	o := full()
	must(t, s.Apply(ctx, o))
	session := store.Session{ID: "ses-1", UserID: "u-grace", CookieHash: store.Hash{1}, CreatedAt: Epoch(), ExpiresAt: Epoch().Add(time.Hour)}
	must(t, s.AddSession(ctx, session))
	if got, err := s.Session(ctx, "ses-1"); err != nil || got.UserID != "u-grace" {
		t.Errorf("Session: %+v, %v", got, err)
	}
	must(t, s.EndSessionsOf(ctx, "u-grace", "ended by an administrator", Epoch()))
	if open, err := s.OpenSessions(ctx, Epoch(), 10); err != nil || len(open) != 0 {
		t.Errorf("after ending all sessions: %v, %v", open, err)
	}
	session.ID, session.CookieHash = "ses-2", store.Hash{2}
	must(t, s.AddSession(ctx, session))
	if open, err := s.OpenSessions(ctx, Epoch(), 10); err != nil || len(open) != 1 || open[0].ID != "ses-2" {
		t.Errorf("open sessions: %v, %v", open, err)
	}
	if open, err := s.OpenSessions(ctx, Epoch().Add(time.Hour), 10); err != nil || len(open) != 0 {
		t.Errorf("sessions that ran out are shown: %v, %v", open, err)
	}
	must(t, s.RemoveMember(ctx, "g-all", "u-grace"))
	if _, err := s.Assigned(ctx, "u-grace", "000000000042", "ReadOnly"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("out of the group: %v", err)
	}
	must(t, s.RemoveUser(ctx, "u-grace"))
	if _, err := s.Session(ctx, "ses-2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the session of somebody who is gone: %v", err)
	}
	must(t, s.RemoveGroup(ctx, "g-all"))
	if yes, err := s.Administrator(ctx, "u-ada"); yes || err != nil {
		t.Errorf("administrator by a group that is gone: %v, %v", yes, err)
	}
	must(t, s.RemovePermissionSet(ctx, "ps-1"))
	if _, err := s.Assigned(ctx, "u-ada", "111111111111", "Admin"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a permission set that is gone: %v", err)
	}
	if all, err := s.Organisation(ctx, false); err != nil || len(all.Assignments) != 0 {
		t.Errorf("assignments that nobody can use are left: %v, %v", all.Assignments, err)
	}
	for name, err := range map[string]error{
		"user": s.RemoveUser(ctx, "u-grace"), "group": s.RemoveGroup(ctx, "g-all"), "permission set": s.RemovePermissionSet(ctx, "ps-1"),
		"member": s.RemoveMember(ctx, "g-all", "u-ada"), "change": s.UpdateUser(ctx, store.User{ID: "u-grace"}),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s that is not there: %v", name, err)
		}
	}
	must(t, s.UpdateUser(ctx, store.User{ID: "u-ada", DisplayName: "A. L.", Email: "a@example.com", EmailKey: "a@example.com"}))
	if u, err := s.UserByKey(ctx, "a@example.com"); err != nil || u.DisplayName != "A. L." || u.PasswordHash != "h1" {
		t.Errorf("changed: %+v, %v", u, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
