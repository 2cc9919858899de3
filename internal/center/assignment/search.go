package assignment

import (
	"context"
	"strings"

	"golang.org/x/text/cases"

	"keyfob/internal/center/store"
)

// chunk is how many accounts are looked through at a time.
const chunk = 500

// Search is [Assignments.Accounts] for those accounts that have every word of the query in their name,
// id or e-mail address, or in the name of one of the person's roles there, whatever the case. An empty query finds all.
func (a *Assignments) Search(ctx context.Context, userID, query, pageToken string, limit int) ([]store.Account, string, error) {
	fold := cases.Fold()
	words := strings.Fields(fold.String(query))
	if len(words) == 0 {
		return a.Accounts(ctx, userID, pageToken, limit)
	}
	return list(a, page{User: userID, Account: "search"}, pageToken, limit, func(after string, n int) ([]store.Account, error) {
		roles, err := a.Store.RoleNamesFor(ctx, userID)
		if err != nil {
			return nil, err
		}
		var found []store.Account
		for len(found) < n {
			some, err := a.Store.AccountsFor(ctx, userID, after, chunk)
			if err != nil {
				return nil, err
			}
			for _, acc := range some {
				if has(fold.String(acc.Name+" "+acc.ID+" "+acc.Email+" "+strings.Join(roles[acc.ID], " ")), words) {
					found = append(found, acc)
				}
			}
			if len(some) < chunk {
				break
			}
			after = some[len(some)-1].ID
		}
		return found[:min(n, len(found))], nil
	}, func(acc store.Account) string { return acc.ID })
}

func has(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
