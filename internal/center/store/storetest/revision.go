package storetest

import (
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// A revision grows with everything that somebody gains or loses by, and not with what happens at each call.
func testRevision(t *testing.T, s store.Store) {
	ctx := t.Context()
	now := Epoch()
	o := Organisation()
	if err := s.Apply(ctx, o); err != nil {
		t.Fatal(err)
	}
	revision := func() int64 {
		n, err := s.Revision(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	session := store.Session{ID: "s1", CookieHash: store.Hash{1}, UserID: "u-ada", CreatedAt: now, ExpiresAt: now.Add(8 * time.Hour)}
	client := store.Client{ID: "c1", Name: "test", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	family := func(id string) store.TokenFamily {
		return store.TokenFamily{ID: id, ClientID: "c1", UserID: "u-ada", SessionID: "s1", CreatedAt: now}
	}
	code := func(n byte, f string) store.AuthorizationCode {
		return store.AuthorizationCode{CodeHash: store.Hash{n}, ClientID: "c1", FamilyID: f, ExpiresAt: now.Add(time.Minute)}
	}
	access := func(n byte, f string) store.AccessToken {
		return store.AccessToken{Hash: store.Hash{n}, FamilyID: f, ExpiresAt: now.Add(time.Hour)}
	}
	refresh := func(n byte, f string) store.RefreshToken {
		return store.RefreshToken{Hash: store.Hash{n}, FamilyID: f, ExpiresAt: now.Add(8 * time.Hour)}
	}
	assignment := o.Assignments[0]
	r1 := refresh(10, "f1")
	for _, step := range []struct {
		name  string
		do    func() error
		grows bool
	}{
		{"AddClient", func() error { return s.AddClient(ctx, client, 10) }, false},
		{"AddSession", func() error { return s.AddSession(ctx, session) }, false},
		{"TouchSession", func() error { return s.TouchSession(ctx, "s1", now) }, false},
		{"AddCode", func() error { return s.AddCode(ctx, code(20, "f1"), family("f1")) }, false},
		{"IssueTokens", func() error { return s.IssueTokens(ctx, access(1, "f1"), &r1, now) }, false},
		{"Rotate", func() error {
			_, err := s.Rotate(ctx, store.Rotation{Old: store.Hash{10}, Access: access(2, "f1"), Refresh: refresh(11, "f1"), Now: now, Grace: time.Minute})
			return err
		}, false},
		{"UpdateThrottle", func() error {
			_, err := s.UpdateThrottle(ctx, "k", func(th *store.Throttle) { th.Failures++ })
			return err
		}, false},
		{"UseOnce", func() error { return s.UseOnce(ctx, store.Hash{30}, now) }, false},
		{"a token that is used again", func() error {
			_, err := s.Rotate(ctx, store.Rotation{Old: store.Hash{10}, Access: access(3, "f1"), Refresh: refresh(12, "f1"), Now: now.Add(time.Hour), Grace: time.Minute})
			return err
		}, true},
		{"AddCode again", func() error { return s.AddCode(ctx, code(21, "f2"), family("f2")) }, false},
		{"RevokeFamily", func() error { return s.RevokeFamily(ctx, "f2", "test", now) }, true},
		{"RemoveAssignment", func() error { return s.RemoveAssignment(ctx, assignment) }, true},
		{"AddAssignment", func() error { return s.AddAssignment(ctx, assignment) }, true},
		{"AddUser", func() error { return s.AddUser(ctx, store.User{ID: "u-new", Name: "new", NameKey: "new"}) }, false},
		{"SetPassword", func() error { return s.SetPassword(ctx, "u-ada", "h2", "s1", now) }, true},
		{"EndSession", func() error { return s.EndSession(ctx, "s1", "test", now) }, true},
		{"SetDisabled", func() error { return s.SetDisabled(ctx, "u-ada", true, now) }, true},
		{"RemoveClient", func() error { return s.RemoveClient(ctx, "c1") }, true},
		{"Apply", func() error {
			o.Accounts = o.Accounts[:1]
			o.Assignments, o.Roles, o.ServiceUsers = nil, nil, nil
			return s.Apply(ctx, o)
		}, true},
	} {
		before := revision()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if after := revision(); after < before || (after > before) != step.grows {
			t.Errorf("%s: the revision was %d and is %d", step.name, before, after)
		}
	}
}
