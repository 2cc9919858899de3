package seed_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/plan"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/wire"
)

func unsealed(_ string, sealed []byte) (wire.Secret, error) { return wire.Secret(sealed), nil }

// random makes up an organisation with everything in it that a file can declare, in names that YAML could
// take for something else.
func random(r *rand.Rand) store.Organisation {
	inst := directory.InstanceID("Lab")
	o := store.Organisation{Instance: store.Instance{
		ID: inst, IdentityStoreID: directory.IdentityStoreID(inst), Name: "Lab", Region: "us-east-1",
		SessionLifetime: time.Duration(15+r.IntN(3000)) * time.Minute,
	}}
	words := []string{
		"true", "no", "null", "0123", "1e3", "~", "- dash", "a: b", "#hash", "'quoted'", `"double"`, "back\\slash", "é ü", "日本", "[x]", "{y}",
		"*star", "&and", "!bang", "%percent", "@at", "`tick", "comma, separated", "ends with:", "plain", "0x1F", "2026-11-23", "<<", "=", "|", ">", "a #b", "?",
	}
	name := func(i int) string { return fmt.Sprintf("%s %d", words[r.IntN(len(words))], i) }
	word := func() string { return words[r.IntN(len(words))] }
	for i := range 1 + r.IntN(4) {
		o.Accounts = append(o.Accounts, store.Account{ID: fmt.Sprintf("%012d", i), Name: name(i)})
	}
	for i := range 1 + r.IntN(5) {
		u := store.User{Name: name(i), DisplayName: word(), Disabled: r.IntN(3) == 0}
		u.NameKey, _ = directory.NameKey(u.Name)
		u.ID = directory.UserID(inst, u.Name)
		if r.IntN(2) == 0 {
			u.PasswordHash = hash
		}
		o.Users = append(o.Users, u)
	}
	for i := range r.IntN(4) {
		g := store.Group{ID: "", Name: name(i)}
		g.ID = directory.GroupID(inst, g.Name)
		for _, u := range o.Users {
			if r.IntN(2) == 0 {
				g.Members = append(g.Members, u.ID)
			}
		}
		o.Groups = append(o.Groups, g)
	}
	for i := range 1 + r.IntN(3) {
		p := store.PermissionSet{Name: fmt.Sprintf("Set%d", i), Description: word(), SessionDuration: time.Duration(60+r.IntN(600)) * time.Minute}
		p.ID = directory.PermissionSetID(inst, p.Name)
		if r.IntN(2) == 0 {
			p.Policies = store.Policies{Managed: []string{"arn:aws:iam::aws:policy/A"}, Inline: `{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}],"Version":"2012-10-17"}`}
		}
		o.PermissionSets = append(o.PermissionSets, p)
	}
	for _, a := range o.Accounts {
		for _, p := range o.PermissionSets {
			for _, u := range o.Users {
				if r.IntN(3) == 0 {
					o.Assignments = append(o.Assignments, store.AccountAssignment{AccountID: a.ID, PermissionSetID: p.ID, PrincipalKind: store.PrincipalUser, PrincipalID: u.ID})
				}
			}
			for _, g := range o.Groups {
				o.Assignments = append(o.Assignments, store.AccountAssignment{AccountID: a.ID, PermissionSetID: p.ID, PrincipalKind: store.PrincipalGroup, PrincipalID: g.ID})
			}
		}
	}
	o.Administrators = []store.Principal{{Kind: store.PrincipalUser, ID: o.Users[0].ID}}
	account := o.Accounts[0].ID
	o.ServiceUsers = []store.ServiceUser{{
		AccountID: account, Name: "ci", AccessKeys: []store.AccessKey{{ID: "AKIAEXAMPLE000000001", Secret: []byte("s")}},
		MFASerial: "arn:aws:iam::" + account + ":mfa/ci", MFASecret: []byte("m"),
	}}
	o.Roles = []store.Role{
		{AccountID: account, Name: "Base", Path: "/team/", MaxSessionDuration: time.Hour},
		{AccountID: account, Name: "Deploy", Path: "/", Description: word(), MaxSessionDuration: 2 * time.Hour, Trust: []store.Trust{
			{ExternalID: "ext-1", MFA: true, Principals: []store.TrustPrincipal{
				{Kind: store.TrustAccount, AccountID: account},
				{Kind: store.TrustRole, AccountID: account, Name: "Base"},
				{Kind: store.TrustServiceUser, AccountID: account, Name: "ci"},
				{Kind: store.TrustRoleSession, AccountID: account, Name: "Base/s"},
				{Kind: store.TrustPermissionSet, AccountID: account, Name: "Set0"},
				{Kind: store.TrustUser, AccountID: account, Name: o.Users[0].ID},
			}},
			{WebIdentity: &store.WebIdentity{Issuer: "https://example.com", Audiences: []string{"a"}, Subjects: []string{"repo:*:ref"}, JWKSURL: "https://example.com/keys"}},
		}},
	}
	o.Clients = []store.Client{{
		ID: directory.ClientID(inst, "Tool: 1"), Name: "Tool: 1", SecretHash: store.Hash{1}, Scopes: []string{"sso:account:access"},
		RedirectURIs: []string{"http://127.0.0.1/oauth/callback"}, GrantTypes: []string{wire.GrantAuthorizationCode},
		CreatedAt: time.Unix(1, 0).UTC(), ExpiresAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}}
	return o
}

// TestExportIsANoOp: whatever there is, applying what export writes changes nothing, and the store agrees
// with the plan.
func TestExportIsANoOp(t *testing.T) {
	for n := range 40 {
		r := rand.New(rand.NewPCG(7, uint64(n))) //nolint:gosec // reproducible
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // a test
		if err := db.Apply(t.Context(), random(r)); err != nil {
			t.Fatal(err)
		}
		before, err := db.Organisation(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		file := seed.Export(seed.Seed{Organisation: before})
		s, err := seed.Parse("export.yaml", file, seed.Sources{})
		if err != nil {
			t.Fatalf("%d: %v\n%s", n, err, file)
		}
		if missing := s.Keep(before); len(missing) > 0 {
			t.Fatalf("%d: %v are not kept", n, missing)
		}
		state := plan.State{All: before, Declared: before}
		if changes := plan.Diff(before, plan.Target(state, s.Organisation), unsealed); len(changes) > 0 {
			t.Fatalf("%d: %+v\n%s", n, changes, file)
		}
		if again := seed.Export(s); !bytes.Equal(file, again) && n == 0 {
			t.Logf("the order differs, which does not matter:\n%s", cmp.Diff(string(file), string(again)))
		}
		if err := db.Apply(t.Context(), s.Organisation); err != nil {
			t.Fatal(err)
		}
		after, err := db.Organisation(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if changes := plan.Diff(before, after, unsealed); len(changes) > 0 {
			t.Fatalf("%d: the store made %+v of it", n, changes)
		}
	}
}

// TestPlanIsWhatHappens: from any organisation to any other, with things added beside the file, the store
// ends up where the plan says.
func TestPlanIsWhatHappens(t *testing.T) {
	changed := 0
	for n := range 40 {
		r := rand.New(rand.NewPCG(11, uint64(n))) //nolint:gosec // reproducible
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // a test
		ctx := t.Context()
		first := random(r)
		if err := db.Apply(ctx, first); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			db.AddUser(ctx, store.User{ID: "u-added", Name: "added", NameKey: "added"}),
			db.AddGroup(ctx, store.Group{ID: "g-added", Name: "added"}),
			db.AddMember(ctx, "g-added", "u-added"),
			db.AddMember(ctx, "g-added", first.Users[0].ID),
			db.PutPermissionSet(ctx, store.PermissionSet{ID: "ps-added", Name: "added", SessionDuration: time.Hour}),
			db.AddAssignment(ctx, store.AccountAssignment{AccountID: "000000000000", PermissionSetID: "ps-added", PrincipalKind: store.PrincipalGroup, PrincipalID: "g-added"}),
			db.SetDisabled(ctx, first.Users[0].ID, r.IntN(2) == 0, time.Unix(5, 0)),
			db.SetPassword(ctx, first.Users[0].ID, "changed since", "", time.Unix(5, 0)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		var now plan.State
		if now.All, err = db.Organisation(ctx, false); err != nil {
			t.Fatal(err)
		}
		if now.Declared, err = db.Organisation(ctx, true); err != nil {
			t.Fatal(err)
		}
		next := random(r)
		next.Prune = n%2 == 0
		target := plan.Target(now, next)
		changed += len(plan.Diff(now.All, target, unsealed))
		if err := db.Apply(ctx, next); err != nil {
			t.Fatal(err)
		}
		after, err := db.Organisation(ctx, false)
		if err != nil {
			t.Fatal(err)
		}
		if off := plan.Diff(target, after, unsealed); len(off) > 0 {
			t.Fatalf("%d (prune %v): the plan is off by %+v", n, next.Prune, off)
		}
	}
	if changed == 0 {
		t.Error("no two organisations differed")
	}
}

func FuzzExport(f *testing.F) {
	f.Add([]byte(good))
	f.Add(seed.Export(seed.Seed{Organisation: random(rand.New(rand.NewPCG(1, 2)))})) //nolint:gosec // reproducible
	f.Add([]byte("instance: {name: a, region: us-east-1}\nadministrators: {users: [a]}\noauth_clients: [{name: x, secret: keep}]\n"))
	f.Add([]byte("instance: {name: a, region: us-east-1}\npermission_sets: [{name: a, inline_policy: {Statement: [{a: 1}]}}]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := seed.Parse("f.yaml", b, seed.Sources{})
		if err != nil {
			return
		}
		// Whatever is accepted can be written back, and means the same.
		file := seed.Export(s)
		again, err := seed.Parse("again.yaml", file, seed.Sources{})
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		if changes := plan.Diff(s.Organisation, again.Organisation, unsealed); len(changes) > 0 {
			t.Fatalf("%+v\n%s", changes, file)
		}
	})
}
