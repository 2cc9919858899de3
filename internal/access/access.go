// Package access is the accounts and roles that a person may use: how they are named, in which order
// they are shown, and what they are found by.
//
// The wizard calls it with what the portal listed. It must not know where the lists come from.
package access

import (
	"cmp"
	"slices"
	"strings"

	"keyfob/internal/prompt"
	"keyfob/internal/wire"
)

// Label names an account as the AWS CLI does: NAME, EMAIL (ID), or as much of it as there is.
func Label(a wire.AccountInfo) string {
	names := strings.Join(slices.DeleteFunc([]string{a.AccountName, a.EmailAddress}, func(s string) bool { return s == "" }), ", ")
	if names == "" {
		return a.AccountID
	}
	return names + " (" + a.AccountID + ")"
}

// SortAccounts puts accounts into the AWS CLI's order: by name without regard to case, else by e-mail
// address; those that have neither go last, by id. Accounts of the same name keep apart by their ids.
func SortAccounts(accounts []wire.AccountInfo) {
	slices.SortFunc(accounts, func(a, b wire.AccountInfo) int {
		if c := cmp.Compare(boolRank(isNameless(a)), boolRank(isNameless(b))); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(sortKey(a), sortKey(b)), cmp.Compare(a.AccountID, b.AccountID))
	})
}

func isNameless(a wire.AccountInfo) bool { return a.AccountName == "" && a.EmailAddress == "" }

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortKey(a wire.AccountInfo) string {
	return strings.ToLower(cmp.Or(a.AccountName, a.EmailAddress, a.AccountID))
}

// SortRoles puts roles into the AWS CLI's order: by name without regard to case.
func SortRoles(roles []wire.RoleInfo) {
	slices.SortFunc(roles, func(a, b wire.RoleInfo) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.RoleName), strings.ToLower(b.RoleName)), cmp.Compare(a.RoleName, b.RoleName))
	})
}

// AccountRows makes accounts choices of a menu, in their order.
func AccountRows(accounts []wire.AccountInfo) []prompt.Row {
	rows := make([]prompt.Row, len(accounts))
	for i, a := range accounts {
		rows[i] = prompt.Row{Label: Label(a), Fields: []string{a.AccountName, a.EmailAddress, a.AccountID}}
	}
	return rows
}

// RoleRows makes roles choices of a menu, in their order.
func RoleRows(roles []wire.RoleInfo) []prompt.Row {
	rows := make([]prompt.Row, len(roles))
	for i, r := range roles {
		rows[i] = prompt.Row{Label: r.RoleName, Fields: []string{r.RoleName}}
	}
	return rows
}
