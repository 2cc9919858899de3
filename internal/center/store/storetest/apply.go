package storetest

import (
	"testing"

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
