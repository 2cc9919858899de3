// Package assignment answers which accounts a person may use, and as what, at this very moment: the store
// is asked each time, so that an assignment taken away stops working at once.
//
// The portal and the web pages call it. It knows no tokens and no HTTP; it does know the pages the
// portal hands out and the errors it answers.
package assignment

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Assignments is safe for concurrent use.
type Assignments struct {
	Store store.Assignments
	Keys  *keyring.Ring // seals page tokens
	// PageSize is how many entries a page has at most; 0 means wire.MaxPortalPage. A smaller one
	// shows which clients forget to ask for the next page.
	PageSize int
}

// page is the content of a page token. It names what it goes on with, so that a token taken to
// another listing, account or person is refused.
type page struct {
	User    string `json:"u"`
	Account string `json:"a,omitempty"` // "" for a list of accounts
	After   string `json:"p"`
}

const purposePage = "portal page"

// Accounts returns the accounts a person may use, by id, and the token of the next page, "" at the
// end. A limit of 0 asks for the default. A token that this center did not hand out to that person is
// an InvalidRequestException.
func (a *Assignments) Accounts(ctx context.Context, userID, pageToken string, limit int) ([]store.Account, string, error) {
	at := page{User: userID}
	return list(a, at, pageToken, limit, func(after string, n int) ([]store.Account, error) {
		return a.Store.AccountsFor(ctx, userID, after, n)
	}, func(acc store.Account) string { return acc.ID })
}

// Roles returns the permission sets a person may use in an account, by name, and the token of the next
// page, as [Assignments.Accounts] does. If there are none, or there is no such account, it returns a
// ForbiddenException: strangers learn nothing about accounts that are not theirs.
func (a *Assignments) Roles(ctx context.Context, userID, accountID, pageToken string, limit int) ([]store.PermissionSet, string, error) {
	if err := checkAccountID(accountID); err != nil {
		return nil, "", err
	}
	at := page{User: userID, Account: accountID}
	sets, next, err := list(a, at, pageToken, limit, func(after string, n int) ([]store.PermissionSet, error) {
		return a.Store.PermissionSetsFor(ctx, userID, accountID, after, n)
	}, func(p store.PermissionSet) string { return p.Name })
	if err == nil && len(sets) == 0 && pageToken == "" {
		return nil, "", noAccess()
	}
	return sets, next, err
}

// Assigned returns the permission set of that name if the person may use it in the account, else a
// ForbiddenException.
func (a *Assignments) Assigned(ctx context.Context, userID, accountID, roleName string) (store.PermissionSet, error) {
	if err := checkAccountID(accountID); err != nil {
		return store.PermissionSet{}, err
	}
	if roleName == "" {
		return store.PermissionSet{}, invalid("The parameter " + wire.ParamRoleName + " is missing.")
	}
	p, err := a.Store.Assigned(ctx, userID, accountID, roleName)
	if errors.Is(err, store.ErrNotFound) {
		return p, noAccess()
	}
	return p, err
}

// list reads one page of n entries, and one more to know whether there is a next one.
func list[T any](a *Assignments, at page, token string, n int, read func(after string, n int) ([]T, error), name func(T) string) ([]T, string, error) {
	size := a.PageSize
	if size == 0 {
		size = wire.MaxPortalPage
	}
	if n == 0 || n > size {
		n = size
	}
	after, err := a.open(at, token)
	if err != nil {
		return nil, "", err
	}
	all, err := read(after, n+1)
	if err != nil || len(all) <= n {
		return all, "", err
	}
	at.After = name(all[n-1])
	next, err := a.seal(at)
	return all[:n], next, err
}

func (a *Assignments) seal(p page) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sealed, err := a.Keys.Seal(purposePage, b)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// open returns the position in a page token that was handed out for the same listing.
func (a *Assignments) open(at page, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	var p page
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		var plain []byte
		if plain, err = a.Keys.Open(purposePage, sealed); err == nil {
			err = json.Unmarshal(plain, &p)
		}
	}
	if err != nil || p.User != at.User || p.Account != at.Account {
		return "", invalid("The parameter " + wire.ParamNextToken + " is not a token of this listing: start again without it.")
	}
	return p.After, nil
}

func checkAccountID(id string) error {
	if len(id) != 12 {
		return invalid("The parameter " + wire.ParamAccountID + " must be 12 digits.")
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return invalid("The parameter " + wire.ParamAccountID + " must be 12 digits.")
		}
	}
	return nil
}

func noAccess() error {
	return &wire.ServiceError{Status: http.StatusForbidden, Code: wire.CodeForbidden, Message: "No access"}
}

func invalid(message string) error {
	return &wire.ServiceError{Status: http.StatusBadRequest, Code: wire.CodeInvalidRequest, Message: message}
}
