package assignment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"keyfob/internal/center/granttest"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/fresh"
)

// asked counts how often the store is asked.
type asked struct {
	store.Assignments
	n int
}

func (s *asked) AccountsFor(ctx context.Context, userID, after string, limit int) ([]store.Account, error) {
	s.n++
	return s.Assignments.AccountsFor(ctx, userID, after, limit)
}

func (s *asked) RoleNamesFor(ctx context.Context, userID string) (map[string][]string, error) {
	s.n++
	return s.Assignments.RoleNamesFor(ctx, userID)
}

func (s *asked) PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) ([]store.PermissionSet, error) {
	s.n++
	return s.Assignments.PermissionSetsFor(ctx, userID, accountID, after, limit)
}

// large gives Ada five roles in each of n accounts, two of them by a group: Role1 to Role4 everywhere, and
// Auditor in the last one, where others have Role5.
func large(t testing.TB, db store.Store, n int) {
	t.Helper()
	o := store.Organisation{
		Users:  []store.User{{ID: "u-ada", Name: "ada", NameKey: "ada"}, {ID: "u-grace", Name: "grace", NameKey: "grace"}},
		Groups: []store.Group{{ID: "g", Name: "g", Members: []string{"u-ada"}}},
	}
	o.Instance, _ = db.Instance(t.Context())
	for i := 1; i <= 5; i++ {
		o.PermissionSets = append(o.PermissionSets, store.PermissionSet{ID: fmt.Sprint("p", i), Name: fmt.Sprint("Role", i)})
	}
	o.PermissionSets = append(o.PermissionSets, store.PermissionSet{ID: "p6", Name: "Auditor"})
	for i := range n {
		id := fmt.Sprintf("%012d", i)
		o.Accounts = append(o.Accounts, store.Account{ID: id, Name: "Straße " + id, Email: id + "@example.com"})
		sets := []string{"p1", "p2", "p3", "p4", "p5"}
		if i == n-1 {
			sets[4] = "p6"
		}
		for k, set := range sets {
			as := store.AccountAssignment{AccountID: id, PermissionSetID: set, PrincipalKind: store.PrincipalUser, PrincipalID: "u-ada"}
			if k < 2 {
				as.PrincipalKind, as.PrincipalID = store.PrincipalGroup, "g"
			}
			o.Assignments = append(o.Assignments, as)
		}
	}
	o.Assignments = append(o.Assignments, store.AccountAssignment{
		AccountID: "000000000000", PermissionSetID: "p6", PrincipalKind: store.PrincipalUser, PrincipalID: "u-grace",
	})
	if err := db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// Words may be in the account or in a role; a role of somebody else finds nothing. However many accounts there
// are, the store is asked once for each chunk of them, and once for all roles.
func TestSearchFindsRoles(t *testing.T) {
	c := granttest.New(t)
	large(t, c.Store, 5000)
	db := &asked{Assignments: c.Store}
	c.Assignments.Store = db
	for query, want := range map[string]int{
		"auditor": 1, "AUDIT": 1, "auditor 004999": 1, "auditor 004998": 0, "auditor role5": 0, "role1 strasse": 100, "Role5 example.com": 100,
		"Auditor Role4 STRASSE 4999@": 1, "nothing": 0, "role1role2": 0, "role": 100,
	} {
		db.n = 0
		got, next, err := c.Assignments.Search(c.Ctx, "u-ada", query, "", 100)
		c.Must(err)
		if len(got) != want || (next != "") != (want == 100) {
			t.Errorf("%q finds %d accounts, more: %v; want %d", query, len(got), next != "", want)
		}
		if want == 1 && got[0].ID != "000000004999" {
			t.Errorf("%q finds %v", query, got)
		}
		if db.n > 12 {
			t.Errorf("%q asks the store %d times", query, db.n)
		}
	}
	got, _, err := c.Assignments.Search(c.Ctx, "u-grace", "auditor", "", 100)
	c.Must(err)
	if len(got) != 1 || got[0].ID != "000000000000" {
		t.Errorf("Grace finds %v", got)
	}
	// What is taken away is not found any more, also where answers are remembered.
	c.Assignments.Store = fresh.New(c.Store)
	for _, step := range []struct {
		want   int
		change func() error
	}{
		{1, func() error { return nil }},
		{1, func() error {
			return c.Store.RemoveAssignment(c.Ctx, store.AccountAssignment{
				AccountID: "000000004999", PermissionSetID: "p6", PrincipalKind: store.PrincipalUser, PrincipalID: "u-ada",
			})
		}},
		{0, func() error { return nil }},
	} {
		start := time.Now()
		got, _, err := c.Assignments.Search(c.Ctx, "u-ada", "auditor", "", 100)
		c.Must(err)
		t.Logf("searched 5,000 accounts with 5 roles each in %v", time.Since(start))
		if len(got) != step.want {
			t.Errorf("%v is found, want %d", got, step.want)
		}
		c.Must(step.change())
	}
}
