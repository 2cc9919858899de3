package assignment_test

import (
	"fmt"
	"strings"
	"testing"

	"keyfob/internal/center/granttest"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// many gives Ada n more accounts, and n roles in the last of them.
func many(c *granttest.Center, n int) (lastAccount string) {
	c.Helper()
	o := store.Organisation{Users: []store.User{c.Ada.User, c.Grace.User}}
	o.Instance, _ = c.Store.Instance(c.Ctx)
	for i := range n {
		lastAccount = fmt.Sprintf("%012d", i+1)
		o.Accounts = append(o.Accounts, store.Account{ID: lastAccount, Name: "a"})
		o.PermissionSets = append(o.PermissionSets, store.PermissionSet{ID: fmt.Sprint("p", i), Name: fmt.Sprintf("Role%03d", i)})
	}
	for i := range n {
		o.Assignments = append(o.Assignments,
			store.AccountAssignment{AccountID: o.Accounts[i].ID, PermissionSetID: "p0", PrincipalKind: store.PrincipalUser, PrincipalID: c.Ada.User.ID},
			store.AccountAssignment{AccountID: lastAccount, PermissionSetID: o.PermissionSets[i].ID, PrincipalKind: store.PrincipalUser, PrincipalID: c.Ada.User.ID})
	}
	c.Must(c.Store.Apply(c.Ctx, o))
	return lastAccount
}

func TestPages(t *testing.T) {
	c := granttest.New(t)
	last := many(c, 205)
	for _, p := range []struct{ size, limit, pages int }{{0, 0, 3}, {0, 100, 3}, {0, 41, 5}, {7, 0, 30}, {7, 100, 30}, {0, 1, 205}} {
		c.Assignments.PageSize = p.size
		var accounts, roles []string
		pages, next := 0, ""
		for {
			got, n, err := c.Assignments.Accounts(c.Ctx, "u-ada", next, p.limit)
			c.Must(err)
			for _, a := range got {
				accounts = append(accounts, a.ID)
			}
			if pages, next = pages+1, n; next == "" {
				break
			}
		}
		for next = ""; ; {
			got, n, err := c.Assignments.Roles(c.Ctx, "u-ada", last, next, p.limit)
			c.Must(err)
			for _, r := range got {
				roles = append(roles, r.Name)
			}
			if next = n; next == "" {
				break
			}
		}
		if pages != p.pages || len(accounts) != 205 || len(roles) != 205 || accounts[204] != last || roles[204] != "Role204" {
			t.Errorf("%+v: %d pages, %d accounts, %d roles", p, pages, len(accounts), len(roles))
		}
	}
}

func TestPageTokensCannotBeAbused(t *testing.T) {
	c := granttest.New(t)
	last := many(c, 10)
	_, token, err := c.Assignments.Accounts(c.Ctx, "u-ada", "", 5)
	c.Must(err)
	_, roles, err := c.Assignments.Roles(c.Ctx, "u-ada", last, "", 5)
	c.Must(err)
	if strings.Contains(token, "00000") || token == "" || roles == "" {
		t.Errorf("tokens %q, %q", token, roles)
	}
	refused := func(err error) {
		t.Helper()
		c.Refused(err, wire.CodeInvalidRequest)
	}
	_, _, err = c.Assignments.Accounts(c.Ctx, "u-grace", token, 5) // another person
	refused(err)
	_, _, err = c.Assignments.Accounts(c.Ctx, "u-ada", roles, 5) // another listing
	refused(err)
	_, _, err = c.Assignments.Roles(c.Ctx, "u-ada", last, token, 5)
	refused(err)
	_, _, err = c.Assignments.Roles(c.Ctx, "u-ada", "000000000001", roles, 5) // another account
	refused(err)
	for _, junk := range []string{"x", "000000000005", token[1:], token + "A", strings.ToUpper(token), "====", strings.Repeat("A", 10_000)} {
		_, _, err = c.Assignments.Accounts(c.Ctx, "u-ada", junk, 5)
		refused(err)
	}
	// A good token shows nothing that has been taken away since.
	c.Must(c.Store.Apply(c.Ctx, store.Organisation{Users: []store.User{c.Ada.User}}))
	got, next, err := c.Assignments.Accounts(c.Ctx, "u-ada", token, 5)
	c.Must(err)
	if len(got) != 0 || next != "" {
		t.Errorf("after everything was taken away: %v, %q", got, next)
	}
}

func TestAssigned(t *testing.T) {
	c := granttest.New(t)
	p, err := c.Assignments.Assigned(c.Ctx, "u-ada", "111111111111", "Admin")
	c.Must(err)
	if p.Name != "Admin" {
		t.Errorf("permission set %+v", p)
	}
	for _, r := range []struct {
		user, account, role string
		want                wire.Code
	}{
		{"u-grace", "111111111111", "Admin", wire.CodeForbidden},
		{"u-ada", "111111111111", "admin", wire.CodeForbidden},
		{"u-ada", "999999999999", "Admin", wire.CodeForbidden},
		{"u-ada", "111111111111", "Nope", wire.CodeForbidden},
		{"u-ada", "111111111111", "", wire.CodeInvalidRequest},
		{"u-ada", "", "Admin", wire.CodeInvalidRequest},
		{"u-ada", "11111111111", "Admin", wire.CodeInvalidRequest},
		{"u-ada", "11111111111x", "Admin", wire.CodeInvalidRequest},
	} {
		_, err := c.Assignments.Assigned(c.Ctx, r.user, r.account, r.role)
		if s := c.Refused(err, r.want); r.want == wire.CodeForbidden && (s.Status != 403 || s.Message != "No access") {
			t.Errorf("%+v: %d %q", r, s.Status, s.Message)
		}
	}
	// An account of others and one that does not exist look alike.
	_, _, err = c.Assignments.Roles(c.Ctx, "u-grace", "111111111111", "", 0)
	c.Refused(err, wire.CodeForbidden)
	_, _, err = c.Assignments.Roles(c.Ctx, "u-grace", "999999999999", "", 0)
	c.Refused(err, wire.CodeForbidden)
	_, _, err = c.Assignments.Roles(c.Ctx, "u-grace", "42", "", 0)
	c.Refused(err, wire.CodeInvalidRequest)
}
