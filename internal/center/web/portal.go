package web

import (
	"net/http"
	"net/url"
	"strings"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// accountsShown is how many accounts one page of the portal has; rolesShown how many roles of each.
const (
	accountsShown = 50
	rolesShown    = wire.MaxPortalPage
)

// portalBody is the portal's home.
type portalBody struct {
	Accounts []portalAccount
	Next     string // the address of the next page, or ""
	Further  bool   // this is not the first page
	Until    instant
	Query    string
	Shown    string // the query, as shown
	CSRF     string // of the forms that lead to the console
}

type portalAccount struct {
	ID, Name, Email string
	Roles           []portalRole
	More            bool // there are more roles than shown
}

type portalRole struct{ Name, RoleName, Description, Keys string }

func (d *Door) portalPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	ctx, user := r.Context(), v.Person.User.ID
	from, query := "", ""
	if r.URL.Path == "/start" {
		from, query = r.URL.Query().Get("page"), cut(strings.ToValidUTF8(r.URL.Query().Get("q"), ""))
	}
	accounts, next, err := d.Assignments.Search(ctx, user, query, from, accountsShown)
	if err != nil {
		return err
	}
	b := portalBody{Further: from != "", Until: instant{v.Person.Session.ExpiresAt}, Query: query, Shown: visible(query), CSRF: d.csrf(holderOf(v.Person, ""), "/console")}
	if next != "" {
		q := url.Values{"page": {next}}
		if query != "" {
			q.Set("q", query)
		}
		b.Next = "/start?" + q.Encode()
	}
	for _, a := range accounts {
		roles, more, err := d.Assignments.Roles(ctx, user, a.ID, "", rolesShown)
		if err != nil {
			return err
		}
		b.Accounts = append(b.Accounts, show(a, roles, more != ""))
	}
	d.draw(w, r, view{Page: "portal", Title: d.speak(r).say("Your accounts"), Person: v.Person, Body: b})
	return nil
}

func show(a store.Account, roles []store.PermissionSet, more bool) portalAccount {
	out := portalAccount{ID: a.ID, Name: visible(a.Name), Email: visible(a.Email), More: more}
	if a.Email == "" {
		out.Email = ""
	}
	for _, p := range roles {
		role := portalRole{Name: visible(p.Name), RoleName: p.Name, Keys: keysLink(a.ID, p.Name)}
		if p.Description != "" {
			role.Description = visible(p.Description)
		}
		out.Roles = append(out.Roles, role)
	}
	return out
}
