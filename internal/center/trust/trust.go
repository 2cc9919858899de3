package trust

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/center/webidentity"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Store is what trust needs of [store.Store].
type Store interface {
	store.Trusts
	store.Onces
	User(ctx context.Context, id string) (store.User, error)
}

// Roles answers for the roles of an instance. It is safe for concurrent use.
type Roles struct {
	Store     Store
	Clock     clock.Clock
	Keys      *keyring.Ring
	Throttle  throttle.Throttle
	Tokens    *webidentity.Verifier
	Partition string
}

// Request is what a caller asks for, and shows.
type Request struct {
	RoleARN    string
	ExternalID string
	MFA        bool // a second factor came with the request, and was right; see [Roles.CheckMFA]
}

// Assume returns the role of the request if it trusts the caller. The error is a *wire.ServiceError, or
// the store's.
func (r *Roles) Assume(ctx context.Context, caller rolecreds.Identity, q Request) (store.Role, error) {
	denied := denied("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", caller.ARN, q.RoleARN)
	role, err := r.find(ctx, q.RoleARN)
	if errors.Is(err, store.ErrNotFound) {
		return store.Role{}, denied
	} else if err != nil {
		return store.Role{}, err
	}
	if ok, err := r.still(ctx, caller); err != nil || !ok {
		return store.Role{}, firstOf(err, denied)
	}
	q.MFA = q.MFA || caller.MFA
	for _, t := range role.Trust {
		ok, err := r.trusts(ctx, t, caller, q)
		if err != nil {
			return store.Role{}, err
		}
		if ok {
			return role, nil
		}
	}
	return store.Role{}, denied
}

// AssumeWithWebIdentity returns the role if it trusts the token, and what the token says. Errors as for
// [Roles.Assume].
func (r *Roles) AssumeWithWebIdentity(ctx context.Context, roleARN string, token wire.Secret) (store.Role, webidentity.Claims, error) {
	denied := denied("Not authorized to perform sts:AssumeRoleWithWebIdentity (there is no such role, or it does not trust the token's issuer and subject)")
	role, err := r.find(ctx, roleARN)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Role{}, webidentity.Claims{}, err
	}
	var trusted []store.WebIdentity
	for _, t := range role.Trust {
		if t.WebIdentity != nil {
			trusted = append(trusted, *t.WebIdentity)
		}
	}
	claims, err := r.Tokens.Verify(ctx, token, trusted)
	if errors.Is(err, webidentity.ErrIssuer) || errors.Is(err, webidentity.ErrSubject) {
		return store.Role{}, webidentity.Claims{}, denied
	}
	return role, claims, err
}

// find returns the role that an ARN names, ErrNotFound if there is none.
func (r *Roles) find(ctx context.Context, arn string) (store.Role, error) {
	accountID, path, name, ok := ParseRoleARN(r.Partition, arn)
	if !ok {
		return store.Role{}, &wire.ServiceError{
			Code: wire.CodeValidationError, Status: http.StatusBadRequest,
			Message: "The role's ARN is invalid: it looks like arn:" + r.Partition + ":iam::111111111111:role/Name",
		}
	}
	role, err := r.Store.Role(ctx, accountID, name)
	if err == nil && role.Path != path {
		err = store.ErrNotFound
	}
	return role, err
}

// still reports whether who is behind credentials is still there. The credentials stay good until they
// expire, as AWS's do; here they cannot be exchanged for more.
func (r *Roles) still(ctx context.Context, caller rolecreds.Identity) (bool, error) {
	var err error
	switch {
	case caller.PersonID != "":
		var u store.User
		if u, err = r.Store.User(ctx, caller.PersonID); err == nil && u.Disabled {
			return false, nil
		}
	case caller.ServiceUser != "":
		_, err = r.Store.ServiceUser(ctx, caller.Account, caller.ServiceUser)
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// trusts reports whether one statement lets the caller in.
func (r *Roles) trusts(ctx context.Context, t store.Trust, caller rolecreds.Identity, q Request) (bool, error) {
	if t.WebIdentity != nil || t.MFA && !q.MFA ||
		t.ExternalID != "" && subtle.ConstantTimeCompare([]byte(t.ExternalID), []byte(q.ExternalID)) != 1 {
		return false, nil
	}
	for _, p := range t.Principals {
		if p.AccountID != caller.Account {
			continue
		}
		switch p.Kind {
		case store.TrustAccount:
			return true, nil
		case store.TrustRole:
			if caller.Role != "" && p.Name == caller.Role {
				return true, nil
			}
		case store.TrustRoleSession:
			if caller.Role != "" && p.Name == caller.Role+"/"+caller.Session {
				return true, nil
			}
		case store.TrustServiceUser:
			if caller.ServiceUser != "" && p.Name == caller.ServiceUser {
				return true, nil
			}
		// People and permission sets: only with the credentials of a permission set, not through a role
		// that was assumed with them.
		case store.TrustPermissionSet:
			if caller.PermissionSet != "" && p.Name == caller.PermissionSet {
				return true, nil
			}
		case store.TrustUser:
			if caller.PermissionSet != "" && caller.PersonID != "" && p.Name == caller.PersonID {
				return true, nil
			}
		case store.TrustGroup:
			if caller.PermissionSet == "" || caller.PersonID == "" {
				continue
			}
			groups, err := r.Store.GroupsOf(ctx, caller.PersonID)
			if err != nil {
				return false, err
			}
			if slices.Contains(groups, p.Name) {
				return true, nil
			}
		}
	}
	return false, nil
}

// ParseRoleARN takes "arn:aws:iam::111111111111:role/team/Deploy" apart.
func ParseRoleARN(partition, arn string) (accountID, path, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:"+partition+":iam::")
	if !ok {
		return "", "", "", false
	}
	accountID, rest, ok = strings.Cut(rest, ":role/")
	if !ok || !isAccountID(accountID) {
		return "", "", "", false
	}
	i := strings.LastIndexByte(rest, '/') + 1
	path, name = "/"+rest[:i], rest[i:]
	return accountID, path, name, name != "" && !strings.Contains(path, "//")
}

// RoleARN is the reverse of [ParseRoleARN].
func RoleARN(partition string, r store.Role) string {
	return "arn:" + partition + ":iam::" + r.AccountID + ":role" + r.Path + r.Name
}

func isAccountID(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

func denied(format string, args ...any) error {
	return &wire.ServiceError{Code: wire.CodeNotAuthorized, Status: http.StatusForbidden, Message: fmt.Sprintf(format, args...)}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
