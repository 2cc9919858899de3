// Package portal is the door of the access portal's API (awsssoportal): ListAccounts,
// ListAccountRoles, GetRoleCredentials and Logout. It decodes, calls token, assignment and a minter of
// role credentials, and encodes.
//
// Package center opens it. Nothing here is signed: the bearer token in a header of its own is all that
// counts, and an Authorization header, which some clients send, is ignored.
package portal

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/restjson"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/fresh"
	"keyfob/internal/wire"
)

// Minter makes role credentials for a person who may use a permission set in an account.
type Minter interface {
	Mint(ctx context.Context, g store.Grant, accountID string, p store.PermissionSet) (wire.RoleCredentials, error)
}

// Config is what the door leads to.
type Config struct {
	Tokens interface {
		Verify(ctx context.Context, bearer wire.Secret) (store.Grant, error)
		Revoke(ctx context.Context, bearer wire.Secret) error
	}
	Assignments interface {
		Accounts(ctx context.Context, userID, pageToken string, limit int) ([]store.Account, string, error)
		Roles(ctx context.Context, userID, accountID, pageToken string, limit int) ([]store.PermissionSet, string, error)
		Assigned(ctx context.Context, userID, accountID, roleName string) (store.PermissionSet, error)
	}
	Minter Minter
	Audit  *audit.Log
	Logger *slog.Logger
}

// Door is the access portal's API over HTTP.
type Door struct {
	Config
	errors restjson.Errors
}

// New returns the door; every field of c is required.
func New(c Config) *Door {
	return &Door{Config: c, errors: restjson.Errors{Shape: "com.amazonaws.switchboard.portal#", Logger: c.Logger}}
}

// Routes adds the door's paths.
func (d *Door) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+wire.PathListAccounts, operation(d, d.listAccounts))
	mux.HandleFunc("GET "+wire.PathListAccountRoles, operation(d, d.listAccountRoles))
	mux.HandleFunc("GET "+wire.PathGetRoleCredentials, operation(d, d.getRoleCredentials))
	mux.HandleFunc("POST "+wire.PathLogout, d.logout)
}

// operation answers for whoever the token belongs to.
func operation[Out any](d *Door, do func(context.Context, store.Grant, query) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := fresh.AtOnce(r.Context())
		g, err := d.Tokens.Verify(ctx, bearer(r))
		var q query
		if err == nil {
			q, err = readQuery(r)
		}
		var out Out
		if err == nil {
			out, err = do(ctx, g, q)
		}
		if err != nil {
			d.errors.Write(w, r, err)
			return
		}
		restjson.Write(w, r, out)
	}
}

// bearer returns the token of a request, "" if there is none or more than one.
func bearer(r *http.Request) wire.Secret {
	if v := r.Header.Values(wire.HeaderBearerToken); len(v) == 1 {
		return wire.Secret(v[0])
	}
	return ""
}

func (d *Door) listAccounts(ctx context.Context, g store.Grant, q query) (wire.ListAccountsResponse, error) {
	accounts, next, err := d.Assignments.Accounts(ctx, g.User.ID, q.nextToken, q.maxResult)
	out := wire.ListAccountsResponse{NextToken: next, AccountList: make([]wire.AccountInfo, 0, len(accounts))}
	for _, a := range accounts {
		out.AccountList = append(out.AccountList, wire.AccountInfo{AccountID: a.ID, AccountName: a.Name, EmailAddress: a.Email})
	}
	return out, err
}

func (d *Door) listAccountRoles(ctx context.Context, g store.Grant, q query) (wire.ListAccountRolesResponse, error) {
	sets, next, err := d.Assignments.Roles(ctx, g.User.ID, q.accountID, q.nextToken, q.maxResult)
	out := wire.ListAccountRolesResponse{NextToken: next, RoleList: make([]wire.RoleInfo, 0, len(sets))}
	for _, p := range sets {
		out.RoleList = append(out.RoleList, wire.RoleInfo{RoleName: p.Name, AccountID: q.accountID})
	}
	return out, err
}

func (d *Door) getRoleCredentials(ctx context.Context, g store.Grant, q query) (wire.GetRoleCredentialsResponse, error) {
	event := store.AuditEvent{
		Name: "GetRoleCredentials", Outcome: audit.Success, UserID: g.User.ID, ClientID: g.Family.ClientID, SessionID: g.Session.ID,
		Detail: map[string]string{"account_id": q.accountID, "role_name": q.roleName},
	}
	var out wire.GetRoleCredentialsResponse
	p, err := d.Assignments.Assigned(ctx, g.User.ID, q.accountID, q.roleName)
	if err != nil {
		event.Outcome = "refused"
		_ = d.Audit.Record(ctx, event)
		return out, err
	}
	if out.RoleCredentials, err = d.Minter.Mint(ctx, g, q.accountID, p); err != nil {
		return out, err
	}
	return out, d.Audit.Record(ctx, event)
}

// logout answers 200 whatever the token: there is nothing left to sign out of, or never was.
func (d *Door) logout(w http.ResponseWriter, r *http.Request) {
	if err := d.Tokens.Revoke(r.Context(), bearer(r)); err != nil {
		d.errors.Write(w, r, err)
		return
	}
	restjson.Empty(w, r)
}

type query struct {
	nextToken, accountID, roleName string
	maxResult                      int // 0 if absent
}

func readQuery(r *http.Request) (query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, invalid("The query string is malformed.")
	}
	for _, name := range []string{wire.ParamNextToken, wire.ParamMaxResult, wire.ParamAccountID, wire.ParamRoleName} {
		if len(values[name]) > 1 {
			return query{}, invalid("The parameter " + name + " is repeated.")
		}
	}
	q := query{nextToken: values.Get(wire.ParamNextToken), accountID: values.Get(wire.ParamAccountID), roleName: values.Get(wire.ParamRoleName)}
	if values.Has(wire.ParamMaxResult) {
		if q.maxResult, err = strconv.Atoi(values.Get(wire.ParamMaxResult)); err != nil || q.maxResult < 1 || q.maxResult > wire.MaxPortalPage {
			return query{}, invalid("The parameter " + wire.ParamMaxResult + " must be from 1 to " + strconv.Itoa(wire.MaxPortalPage) + ".")
		}
	}
	return q, nil
}

func invalid(message string) error {
	return &wire.ServiceError{Code: wire.CodeInvalidRequest, Status: http.StatusBadRequest, Message: message}
}
