package storetest

import (
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// Everything puts at least one record of every kind into an empty store, but for events of the audit log: declared and
// added, used and unused, with text that is none.
func Everything(t *testing.T, s store.Store) {
	t.Helper()
	f := prepare(t, s)
	const bad = "a\x00b\xff\xfe'\"\\\t\n\\N\u202e"
	o := full()
	o.Roles, o.ServiceUsers = withRoles().Roles, withRoles().ServiceUsers
	o.Instance.MFA = store.MFARequired
	o.Users[1].Disabled, o.Users[1].DisplayName = true, "Grace 👩‍🚀 \\ Hopper"
	f.must(s.Apply(f.ctx, o))
	f.must(s.AddUser(f.ctx, store.User{ID: "u-linus", Name: "linus", NameKey: "linus"})) // without an e-mail address, like the next
	f.must(s.AddUser(f.ctx, store.User{ID: "u-ken", Name: "ken", NameKey: "ken", PasswordHash: "h"}))
	f.must(s.SetPassword(f.ctx, "u-ada", "changed", "", f.now))
	f.must(s.AddGroup(f.ctx, store.Group{ID: "g-added", Name: "Added"}))
	f.must(s.AddMember(f.ctx, "g-added", "u-linus"))
	f.must(s.PutPermissionSet(f.ctx, store.PermissionSet{ID: "ps-3", Name: "Added", SessionDuration: time.Hour}))
	f.must(s.AddAssignment(f.ctx, store.AccountAssignment{AccountID: "111111111111", PermissionSetID: "ps-3", PrincipalKind: store.PrincipalGroup, PrincipalID: "g-added"}))

	f.must(s.AddClient(f.ctx, store.Client{
		ID: "c2", SecretHash: digest("c2"), Name: bad, IssuerURL: bad, Scopes: []string{"ü", `"`}, RedirectURIs: []string{"http://127.0.0.1/"},
		CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour),
	}, 10))
	for _, id := range []string{"s2", "s3"} {
		f.must(s.AddSession(f.ctx, store.Session{ID: id, CookieHash: digest(id), UserID: "u-ada", UserAgent: bad, CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}))
	}
	f.must(s.EndSession(f.ctx, "s3", "signed out", f.now))
	family := func(id string) store.TokenFamily {
		t := f.family(id)
		t.SessionID = "s2"
		return t
	}
	for _, id := range []string{"f1", "f2"} {
		f.must(s.AddCode(f.ctx, store.AuthorizationCode{
			CodeHash: digest("code-" + id), ClientID: "c1", RedirectURI: bad, Challenge: bad, FamilyID: id, ExpiresAt: f.now.Add(time.Minute),
		}, family(id)))
	}
	_, err := s.RedeemCode(f.ctx, digest("code-f1"), f.now, func(store.AuthorizationCode, store.Grant) (*store.AccessToken, *store.RefreshToken) {
		a, r := f.access("a1", "f1"), f.refresh("r1", "f1")
		return &a, &r
	})
	f.must(err)
	_, err = s.Rotate(f.ctx, store.Rotation{Old: digest("r1"), Access: f.access("a2", ""), Refresh: f.refresh("r2", ""), Now: f.now, Grace: time.Minute})
	f.must(err)
	f.must(s.RevokeFamily(f.ctx, "f2", "revoked", f.now))
	for _, id := range []string{"1", "2"} {
		f.must(s.AddDevice(f.ctx, store.DeviceAuthorization{
			DeviceCodeHash: digest("d" + id), UserCodeHash: digest("u" + id), ClientID: "c2", Scopes: []string{"a"}, UserAgent: bad,
			State: store.DevicePending, CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour), Interval: 5 * time.Second,
		}))
	}
	f.must(s.ApproveDevice(f.ctx, digest("u1"), family("f3"), f.now))
	_, err = s.PollDevice(f.ctx, digest("d2"), func(d *store.DeviceAuthorization) { d.Polls, d.LastPollAt = 3, f.now })
	f.must(err)

	_, err = s.UpdateThrottle(f.ctx, "signin-user:"+bad, func(t *store.Throttle) { t.Failures, t.FirstAt = 3, f.now })
	f.must(err)
	f.must(s.UseOnce(f.ctx, digest("k"), f.now.Add(time.Minute)))
	factor := f.factor("a", "u-ada")
	factor.Name, factor.Counter = bad, 1<<62
	f.must(s.AddFactor(f.ctx, factor, 9))
	empty := f.factor("b", "u-ada")
	empty.Secret = []byte{}
	f.must(s.AddFactor(f.ctx, empty, 9))
	f.must(s.SetRecoveryCodes(f.ctx, "u-ada", []store.Hash{digest("x"), digest("y")}))
	f.must(s.AddLink(f.ctx, store.Link{Hash: digest("l"), UserID: "u-linus", Kind: store.LinkInvite, CreatedAt: f.now, ExpiresAt: f.now.Add(time.Hour)}))
}
