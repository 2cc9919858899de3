package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/wire"
)

func account(id, name, email string) wire.AccountInfo {
	return wire.AccountInfo{AccountID: id, AccountName: name, EmailAddress: email}
}

func TestLabel(t *testing.T) {
	for want, a := range map[string]wire.AccountInfo{
		"Prod, ops@example.com (111111111111)": account("111111111111", "Prod", "ops@example.com"),
		"Prod (111111111111)":                  account("111111111111", "Prod", ""),
		"ops@example.com (111111111111)":       account("111111111111", "", "ops@example.com"),
		"000000000042":                         account("000000000042", "", ""),
	} {
		if got := Label(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSort(t *testing.T) {
	accounts := []wire.AccountInfo{
		account("6", "zulu", ""), account("1", "", ""), account("5", "Mike", "a@example.com"), account("4", "", "beta@example.com"),
		account("9", "mike", ""), account("0", "", ""), account("3", "Alpha", "z@example.com"),
	}
	SortAccounts(accounts)
	var got []string
	for _, a := range accounts {
		got = append(got, a.AccountID)
	}
	if d := cmp.Diff([]string{"3", "4", "5", "9", "6", "0", "1"}, got); d != "" {
		t.Error(d)
	}
	roles := []wire.RoleInfo{{RoleName: "b"}, {RoleName: "C"}, {RoleName: "B"}, {RoleName: "a"}}
	SortRoles(roles)
	if d := cmp.Diff([]wire.RoleInfo{{RoleName: "a"}, {RoleName: "B"}, {RoleName: "b"}, {RoleName: "C"}}, roles); d != "" {
		t.Error(d)
	}
}

func TestRows(t *testing.T) {
	rows := AccountRows([]wire.AccountInfo{account("1", "Prod", "ops@example.com"), account("2", "", "")})
	if rows[0].Label != "Prod, ops@example.com (1)" || rows[1].Label != "2" {
		t.Errorf("%+v", rows)
	}
	if d := cmp.Diff([]string{"Prod", "ops@example.com", "1"}, rows[0].Fields); d != "" {
		t.Error(d)
	}
	if rows := RoleRows([]wire.RoleInfo{{RoleName: "Admin"}}); rows[0].Label != "Admin" || rows[0].Fields[0] != "Admin" {
		t.Errorf("%+v", rows)
	}
}
