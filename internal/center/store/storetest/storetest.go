// Package storetest is the suite that every implementation of store.Store must pass.
package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Run holds the stores that open returns, a new and empty one each time, against the contract.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s store.Store)
	}{
		{"Apply", testApply},
		{"ApplyRecorded", testApplyRecorded},
		{"81 ApplyIsOneChange", testApplyIsOneChange},
		{"Assignments", testAssignments},
		{"DeviceDecidedOnce", testDeviceDecidedOnce},
		{"CodeRedeemedOnce", testCodeRedeemedOnce},
		{"Rotation", testRotation},
		{"EndSession", testEndSession},
		{"ClientLimit", testClientLimit},
		{"Throttle", testThrottle},
		{"Roles", testRoles},
		{"ServiceUsers", testServiceUsers},
		{"UseOnce", testUseOnce},
		{"Factors", testFactors},
		{"RecoveryCodes", testRecoveryCodes},
		{"Reseal", testReseal},
		{"Links", testLinks},
		{"SessionChanges", testSessionChanges},
		{"Revision", testRevision},
		{"Audit", testAudit},
		{"AuditIsOneChain", testAuditIsOneChain},
		{"DeleteExpired", testDeleteExpired},
		{"HostileText", testHostileText},
		{"Organisation", testOrganisation},
		{"AddedStays", testAddedStays},
		{"RemovalsAreImmediate", testRemovalsAreImmediate},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Epoch is when every test of the suite begins.
func Epoch() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// Organisation is a small instance with every kind of thing in it: Ada may use Admin in
// 111111111111 directly and ReadOnly in 000000000042 by her group, Grace only the latter.
func Organisation() store.Organisation {
	return store.Organisation{
		Instance: store.Instance{
			ID: "ssoins-0123456789abcdef", IdentityStoreID: "d-0123456789", Name: "Example", Region: "us-east-1",
			SessionLifetime: 8 * time.Hour,
		},
		Accounts: []store.Account{
			{ID: "111111111111", Name: "Production", Email: "prod@example.com"},
			{ID: "000000000042", Name: "Zero", Email: "zero@example.com"},
		},
		Users: []store.User{
			{ID: "u-ada", Name: "Ada", NameKey: "ada", Email: "Ada@example.com", EmailKey: "ada@example.com", PasswordHash: "h1"},
			{ID: "u-grace", Name: "grace", NameKey: "grace", Email: "grace@example.com", EmailKey: "grace@example.com"},
		},
		Groups: []store.Group{{ID: "g-all", Name: "Everyone", Members: []string{"u-ada", "u-grace"}}},
		PermissionSets: []store.PermissionSet{
			{ID: "ps-1", Name: "Admin", Description: "all", SessionDuration: time.Hour},
			{ID: "ps-2", Name: "ReadOnly", SessionDuration: 2 * time.Hour},
		},
		Assignments: []store.AccountAssignment{
			{AccountID: "111111111111", PermissionSetID: "ps-1", PrincipalKind: store.PrincipalUser, PrincipalID: "u-ada"},
			{AccountID: "000000000042", PermissionSetID: "ps-2", PrincipalKind: store.PrincipalGroup, PrincipalID: "g-all"},
		},
	}
}

type fixture struct {
	*testing.T
	store.Store
	ctx context.Context
	now time.Time
}

// prepare applies the organisation and adds a client and an open session of Ada's.
func prepare(t *testing.T, s store.Store) fixture {
	f := fixture{t, s, context.Background(), Epoch()}
	f.must(s.Apply(f.ctx, Organisation()))
	f.must(s.AddClient(f.ctx, store.Client{
		ID: "c1", SecretHash: digest("cs"), Name: "cli", Scopes: []string{"a"}, GrantTypes: []string{"b"},
		CreatedAt: f.now, ExpiresAt: f.now.Add(90 * 24 * time.Hour),
	}, 10))
	f.must(s.AddSession(f.ctx, store.Session{
		ID: "s1", CookieHash: digest("cookie"), UserID: "u-ada", CreatedAt: f.now, AuthenticatedAt: f.now,
		LastSeenAt: f.now, ExpiresAt: f.now.Add(8 * time.Hour), RemoteIP: "127.0.0.1", UserAgent: "test",
	}))
	return f
}

func (f fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f fixture) want(err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("error is %v, want %v", err, want)
	}
}

func (f fixture) family(id string) store.TokenFamily {
	return store.TokenFamily{ID: id, ClientID: "c1", UserID: "u-ada", SessionID: "s1", Scopes: []string{"a"}, CreatedAt: f.now}
}

func (f fixture) access(secret, family string) store.AccessToken {
	return store.AccessToken{Hash: digest(secret), FamilyID: family, ExpiresAt: f.now.Add(time.Hour)}
}

func (f fixture) refresh(secret, family string) store.RefreshToken {
	return store.RefreshToken{Hash: digest(secret), FamilyID: family, ExpiresAt: f.now.Add(8 * time.Hour)}
}

// addFamily adds a family by way of a code, as the authorization endpoint does.
func (f fixture) addFamily(id string) {
	f.Helper()
	f.must(f.AddCode(f.ctx, store.AuthorizationCode{CodeHash: digest("code-" + id), ClientID: "c1", ExpiresAt: f.now.Add(time.Minute)}, f.family(id)))
}

func digest(s string) store.Hash { return store.HashSecret(wire.Secret(s)) }

func testEndSession(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.addFamily("f1")
	f.must(s.IssueTokens(f.ctx, f.access("a1", "f1"), nil, f.now))
	got, u, err := s.SessionByCookie(f.ctx, digest("cookie"))
	f.must(err)
	if !got.Open(f.now) || got.Open(got.ExpiresAt) || u.ID != "u-ada" {
		t.Errorf("session is %+v of %s", got, u.ID)
	}
	f.must(s.EndSession(f.ctx, "s1", "signed out", f.now))
	f.must(s.EndSession(f.ctx, "s1", "again", f.now.Add(time.Hour)))
	f.want(s.EndSession(f.ctx, "nope", "", f.now), store.ErrNotFound)
	_, g, err := s.Access(f.ctx, digest("a1"))
	f.must(err)
	if g.Live(f.now) || g.Family.RevokedReason != "signed out" || !g.Session.EndedAt.Equal(f.now) {
		t.Errorf("grant after its session ended: %+v", g)
	}
	f.want(s.IssueTokens(f.ctx, f.access("a2", "f1"), nil, f.now), store.ErrRevoked)

	// Disabling ends every session; setting a password ends all but the one named.
	for _, id := range []string{"s2", "s3"} {
		f.must(s.AddSession(f.ctx, store.Session{ID: id, CookieHash: digest(id), UserID: "u-ada", CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}))
	}
	f.must(s.SetPassword(f.ctx, "u-ada", "new", "s3", f.now))
	open := func() (n int) {
		all, err := s.SessionsOf(f.ctx, "u-ada")
		f.must(err)
		for _, s := range all {
			if s.Open(f.now) {
				n++
			}
		}
		return n
	}
	if n := open(); n != 1 {
		t.Errorf("%d sessions open after a new password, want 1", n)
	}
	f.must(s.SetDisabled(f.ctx, "u-ada", true, f.now))
	if n := open(); n != 0 {
		t.Errorf("%d sessions of a disabled user are open", n)
	}
}

func testClientLimit(t *testing.T, s store.Store) {
	f := prepare(t, s)
	c := store.Client{ID: "c2", ExpiresAt: f.now}
	f.want(s.AddClient(f.ctx, c, 1), store.ErrConflict)
	f.must(s.AddClient(f.ctx, c, 2))
	got, err := s.Client(f.ctx, "c1")
	f.must(err)
	if got.SecretHash != digest("cs") || got.Scopes[0] != "a" || !got.ExpiresAt.Equal(f.now.Add(90*24*time.Hour)) {
		t.Errorf("client is %+v", got)
	}
	f.addFamily("f1")
	f.must(s.IssueTokens(f.ctx, f.access("a1", "f1"), nil, f.now))
	// Of those that nobody has signed in with, the older ones and none that a file declares.
	o := Organisation()
	o.Clients = []store.Client{{ID: "c3", Name: "declared"}}
	f.must(s.Apply(f.ctx, o))
	f.must(s.AddClient(f.ctx, store.Client{ID: "c4", CreatedAt: f.now.Add(time.Hour), ExpiresAt: f.now.Add(2 * time.Hour)}, 9))
	f.must(s.RemoveUnusedClients(f.ctx, f.now.Add(time.Hour)))
	for id, want := range map[string]error{"c1": nil, "c2": store.ErrNotFound, "c3": nil, "c4": nil} {
		if _, err := s.Client(f.ctx, id); !errors.Is(err, want) {
			t.Errorf("client %s: %v", id, err)
		}
	}
	f.must(s.RemoveClient(f.ctx, "c1"))
	_, _, err = s.Access(f.ctx, digest("a1"))
	f.want(err, store.ErrNotFound)
}

func testThrottle(t *testing.T, s store.Store) {
	f := prepare(t, s)
	race(20, func(int) bool {
		_, err := s.UpdateThrottle(f.ctx, "k", func(t *store.Throttle) { t.Failures++; t.FirstAt = f.now })
		return err == nil
	})
	got, err := s.Throttle(f.ctx, "k")
	f.must(err)
	if got.Failures != 20 {
		t.Errorf("20 failures at once are counted as %d", got.Failures)
	}
	f.must(s.ClearThrottle(f.ctx, "k"))
	if got, err = s.Throttle(f.ctx, "k"); err != nil || got != (store.Throttle{}) {
		t.Errorf("cleared throttle is %+v, %v", got, err)
	}
}

func testDeleteExpired(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.addFamily("f1")
	r := f.refresh("r1", "f1")
	f.must(s.IssueTokens(f.ctx, f.access("a1", "f1"), &r, f.now))
	f.addFamily("f2")
	f.must(s.IssueTokens(f.ctx, f.access("a2", "f2"), nil, f.now))
	f.must(s.DeleteExpired(f.ctx, f.now))
	for _, token := range []string{"a1", "a2"} {
		if _, _, err := s.Access(f.ctx, digest(token)); err != nil {
			t.Errorf("the good token %s was deleted: %v", token, err)
		}
	}
	f.must(s.DeleteExpired(f.ctx, f.now.Add(2*time.Hour)))
	for _, token := range []string{"a1", "a2"} {
		if _, _, err := s.Access(f.ctx, digest(token)); err != nil {
			t.Errorf("the token %s of a good session, good for signing out, was deleted: %v", token, err)
		}
	}
	if _, _, err := s.Refresh(f.ctx, digest("r1")); err != nil {
		t.Errorf("a good refresh token was deleted: %v", err)
	}
	f.must(s.DeleteExpired(f.ctx, f.now.Add(9*time.Hour)))
	for _, token := range []string{"a1", "a2"} {
		_, _, err := s.Access(f.ctx, digest(token))
		f.want(err, store.ErrNotFound)
	}
	_, _, err := s.Refresh(f.ctx, digest("r1"))
	f.want(err, store.ErrNotFound)
	f.must(s.DeleteExpired(f.ctx, f.now.Add(100*24*time.Hour)))
	_, err = s.Client(f.ctx, "c1")
	f.want(err, store.ErrNotFound)
}

// race runs f n times at once and returns how many said true.
func race(n int, f func(i int) bool) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range n {
		wg.Go(func() {
			if f(i) {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	wg.Wait()
	return won
}
