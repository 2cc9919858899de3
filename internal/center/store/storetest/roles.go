package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keyfob/internal/center/store"
)

// withRoles is [Organisation] with a role that trusts in every way there is, and a service user.
func withRoles() store.Organisation {
	o := Organisation()
	o.Roles = []store.Role{
		{
			AccountID: "000000000042", Name: "Deploy", Path: "/team/", Description: "deploys", MaxSessionDuration: 4 * time.Hour,
			Trust: []store.Trust{
				{
					Principals: []store.TrustPrincipal{{Kind: store.TrustAccount, AccountID: "111111111111"}, {Kind: store.TrustUser, AccountID: "111111111111", Name: "u-ada"}},
					ExternalID: "x", MFA: true,
				},
				{WebIdentity: &store.WebIdentity{Issuer: "https://idp", Audiences: []string{"a"}, Subjects: []string{"s:*"}, JWKS: `{"keys":[]}`}},
			},
		},
		{AccountID: "111111111111", Name: "Deploy", Path: "/", MaxSessionDuration: time.Hour},
	}
	o.ServiceUsers = []store.ServiceUser{
		{
			AccountID: "111111111111", Name: "ci", AccessKeys: []store.AccessKey{{ID: "AKIA1", Secret: []byte("s1")}, {ID: "AKIA2", Secret: []byte("s2")}},
			MFASerial: "arn:aws:iam::111111111111:mfa/ci", MFASecret: []byte{0, 1, 0xff},
		},
		{AccountID: "000000000042", Name: "ci", AccessKeys: []store.AccessKey{{ID: "AKIA3", Secret: []byte("s3")}}},
		{AccountID: "000000000042", Name: "none"},
	}
	return o
}

func testRoles(t *testing.T, s store.Store) {
	f := prepare(t, s)
	o := withRoles()
	f.must(s.Apply(f.ctx, o))
	f.must(s.Apply(f.ctx, o)) // again is no conflict
	for _, want := range o.Roles {
		got, err := s.Role(f.ctx, want.AccountID, want.Name)
		f.must(err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("role: %s", d)
		}
	}
	for _, c := range [][2]string{{"000000000042", "deploy"}, {"000000000042", ""}, {"222222222222", "Deploy"}} {
		_, err := s.Role(f.ctx, c[0], c[1])
		f.want(err, store.ErrNotFound)
	}
	groups, err := s.GroupsOf(f.ctx, "u-ada")
	f.must(err)
	none, err := s.GroupsOf(f.ctx, "u-nobody")
	f.must(err)
	if fmt.Sprint(groups, none) != "[g-all] []" {
		t.Errorf("groups are %v and %v", groups, none)
	}

	// A role that is declared no more, or whose account is not, is gone.
	o.Roles = o.Roles[1:]
	f.must(s.Apply(f.ctx, o))
	_, err = s.Role(f.ctx, "000000000042", "Deploy")
	f.want(err, store.ErrNotFound)
	_, err = s.Role(f.ctx, "111111111111", "Deploy")
	f.must(err)
	o.Roles[0].AccountID = "999999999999"
	if s.Apply(f.ctx, o) == nil {
		t.Error("a role of an account that does not exist was accepted")
	}
	o.Roles = append(withRoles().Roles, withRoles().Roles[0])
	f.want(s.Apply(f.ctx, o), store.ErrConflict)
	_, err = s.Role(f.ctx, "111111111111", "Deploy")
	f.must(err) // the failed ones changed nothing
}

func testServiceUsers(t *testing.T, s store.Store) {
	f := prepare(t, s)
	o := withRoles()
	f.must(s.Apply(f.ctx, o))
	f.must(s.Apply(f.ctx, o))
	for _, want := range o.ServiceUsers {
		got, err := s.ServiceUser(f.ctx, want.AccountID, want.Name)
		f.must(err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("service user: %s", d)
		}
		for _, k := range want.AccessKeys {
			got, err := s.ServiceUserByKey(f.ctx, k.ID)
			f.must(err)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("service user of %s: %s", k.ID, d)
			}
		}
	}
	_, err := s.ServiceUserByKey(f.ctx, "AKIA9")
	f.want(err, store.ErrNotFound)
	_, err = s.ServiceUser(f.ctx, "111111111111", "none")
	f.want(err, store.ErrNotFound)

	// A key id belongs to one of them.
	o.ServiceUsers[1].AccessKeys[0].ID = "AKIA1"
	f.want(s.Apply(f.ctx, o), store.ErrConflict)
	o = withRoles()
	o.ServiceUsers = o.ServiceUsers[1:]
	f.must(s.Apply(f.ctx, o))
	_, err = s.ServiceUserByKey(f.ctx, "AKIA1")
	f.want(err, store.ErrNotFound)
	_, err = s.ServiceUserByKey(f.ctx, "AKIA3")
	f.must(err)
}

func testUseOnce(t *testing.T, s store.Store) {
	f := prepare(t, s)
	won := race(10, func(int) bool {
		err := s.UseOnce(f.ctx, digest("k"), f.now.Add(time.Minute))
		if err != nil && !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
		return err == nil
	})
	if won != 1 {
		t.Errorf("%d of 10 used it once", won)
	}
	f.must(s.UseOnce(f.ctx, digest("other"), f.now.Add(time.Minute)))
	f.must(s.DeleteExpired(f.ctx, f.now.Add(time.Minute)))
	f.want(s.UseOnce(f.ctx, digest("k"), f.now.Add(time.Minute)), store.ErrConflict)
	f.must(s.DeleteExpired(f.ctx, f.now.Add(time.Minute+time.Millisecond)))
	f.must(s.UseOnce(f.ctx, digest("k"), f.now.Add(time.Minute)))
}
