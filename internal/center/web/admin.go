package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Administration is what the pages need of [administration.Administration].
type Administration interface {
	Administrates(ctx context.Context, userID string) (bool, error)
	View(ctx context.Context, by directory.Person) (store.Organisation, error)
	Sessions(ctx context.Context, by directory.Person, userID string, limit int) ([]store.Session, error)
	Events(ctx context.Context, by directory.Person, q store.AuditQuery) ([]store.AuditEvent, error)

	AddUser(ctx context.Context, by directory.Person, name, email, display string) error
	UpdateUser(ctx context.Context, by directory.Person, id, email, display string) error
	SetDisabled(ctx context.Context, by directory.Person, id string, disabled bool) error
	RemoveUser(ctx context.Context, by directory.Person, id string) error
	NewLink(ctx context.Context, by directory.Person, id string, kind store.LinkKind) (secret wire.Secret, expires time.Time, err error)
	EndSession(ctx context.Context, by directory.Person, id string) error
	EndSessions(ctx context.Context, by directory.Person, userID string) error
	AddGroup(ctx context.Context, by directory.Person, name string) error
	RemoveGroup(ctx context.Context, by directory.Person, g store.Group) error
	SetMember(ctx context.Context, by directory.Person, g store.Group, userID string, member bool) error
	PutPermissionSet(ctx context.Context, by directory.Person, before *store.PermissionSet, p store.PermissionSet) error
	RemovePermissionSet(ctx context.Context, by directory.Person, p store.PermissionSet) error
	Assign(ctx context.Context, by directory.Person, a store.AccountAssignment, principal, permissionSet string, assigned bool) error
}

// adminBody is what every page of the administration is made of: tables and forms.
type adminBody struct {
	Heading       string
	Places        []adminPlace
	Error, Notice string
	Stale         bool // the person has to sign in again to change anything
	Filter        *adminFilter
	Tables        []adminTable
	Forms         []adminForm
}

type adminPlace struct {
	Name, Href string
	Here       bool
}

type adminFilter struct {
	Action, Submit string
	Inputs         []adminInput
}

type adminTable struct {
	Caption, Empty string
	Head           []string
	Rows           []adminRow
	Next           string // address of the next page
}

type adminRow struct {
	Cells  []adminCell
	Action *adminForm
}

type adminCell struct{ Text, Href string }

type adminForm struct {
	Heading, Do, Submit, About string
	Hidden                     []adminPair
	Inputs                     []adminInput
	Quiet                      bool
	CSRF, Back                 string // filled in by adminPage.form
}

type adminPair struct{ Name, Value string }

type adminInput struct {
	Label, Name, Type, Value string // Type is an input's, or "select", "area" or "checkbox" (which is required)
	Options                  []adminPair
}

// adminPage is one request for a page of the administration.
type adminPage struct {
	*words
	door *Door
	r    *http.Request
	by   directory.Person
	org  store.Organisation
	body adminBody
}

// adminShown is how many rows a page has.
const adminShown = 100

// adminRoutes are the addresses of the administration. Whoever is no administrator gets "not found".
func (d *Door) adminRoutes() []route {
	page := func(show func(*adminPage) error) handler {
		return func(w http.ResponseWriter, r *http.Request) error { return d.adminShow(w, r, show) }
	}
	return []route{
		{"/admin", page((*adminPage).users), nil},
		{"/admin/users", page((*adminPage).users), nil},
		{"/admin/users/{id}", page((*adminPage).user), nil},
		{"/admin/groups", page((*adminPage).groups), nil},
		{"/admin/groups/{id}", page((*adminPage).group), nil},
		{"/admin/permission-sets", page((*adminPage).permissionSets), nil},
		{"/admin/permission-sets/{id}", page((*adminPage).permissionSet), nil},
		{"/admin/assignments", page((*adminPage).assignments), nil},
		{"/admin/sessions", page((*adminPage).sessions), nil},
		{"/admin/audit", page((*adminPage).audit), nil},
		{"/admin/confirm", d.adminConfirm, nil},
		{"/admin/change", nil, d.adminChange},
	}
}

// adminConfirm lets an administrator who signed in a while ago do so again.
func (d *Door) adminConfirm(w http.ResponseWriter, r *http.Request) error {
	if by, err := d.administrator(w, r); err != nil || by == nil {
		return err
	}
	return d.dispatch(w, r, flow.Want{Kind: flow.WantChange, Page: flow.PageAdmin})
}

// administrator is who asks, or nil after the browser was sent to sign in.
func (d *Door) administrator(w http.ResponseWriter, r *http.Request) (*directory.Person, error) {
	p, err := d.person(r)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, d.leadTo(w, flow.Want{Kind: flow.WantPortal})
	case d.Administration == nil:
		return nil, errNotFound
	}
	yes, err := d.Administration.Administrates(r.Context(), p.User.ID)
	if err == nil && !yes {
		err = errNotFound
	}
	return p, err
}

func (d *Door) adminShow(w http.ResponseWriter, r *http.Request, show func(*adminPage) error) error {
	by, err := d.administrator(w, r)
	if err != nil || by == nil {
		return err
	}
	org, err := d.Administration.View(r.Context(), *by)
	if err != nil {
		return adminError(err)
	}
	a := &adminPage{words: d.speak(r), door: d, r: r, by: *by, org: org}
	a.body.Stale = d.Clock.Now().Sub(by.Session.AuthenticatedAt) > administration.Recent
	section, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/admin"), "/"), "/")
	a.body.Places = []adminPlace{
		{a.say("Users"), "/admin/users", section == "users" || section == ""},
		{a.say("Groups"), "/admin/groups", section == "groups"},
		{a.say("Permission sets"), "/admin/permission-sets", section == "permission-sets"},
		{a.say("Assignments"), "/admin/assignments", section == "assignments"},
		{a.say("Sessions"), "/admin/sessions", section == "sessions"},
		{a.say("Audit log"), "/admin/audit", section == "audit"},
	}
	if r.URL.Query().Get("done") != "" {
		a.body.Notice = a.say("Done.")
	}
	if err := show(a); err != nil {
		return adminError(err)
	}
	d.draw(w, r, view{Page: "admin", Title: a.body.Heading, Person: by, Body: a.body})
	return nil
}

func adminError(err error) error {
	if errors.Is(err, administration.ErrNotAdministrator) {
		return errNotFound
	}
	return err
}

// form completes a form; on a page that only shows there are none.
func (a *adminPage) form(f adminForm) *adminForm {
	if a.body.Stale {
		return nil
	}
	f.CSRF = a.door.csrf(holderOf(&a.by, ""), "/admin/change")
	f.Back = a.r.URL.Path
	return &f
}

func (a *adminPage) addForm(f adminForm) {
	if done := a.form(f); done != nil {
		a.body.Forms = append(a.body.Forms, *done)
	}
}

// text is a cell.
func text(s string) adminCell {
	if s == "" {
		return adminCell{}
	}
	return adminCell{Text: visible(s)}
}

func link(s, href string) adminCell { return adminCell{visible(s), href} }

func personHref(id string) string { return "/admin/users/" + url.PathEscape(id) }

// names of people, groups and permission sets, by id.
func (a *adminPage) names() map[string]string {
	all := map[string]string{}
	for _, u := range a.org.Users {
		all[u.ID] = u.Name
	}
	for _, g := range a.org.Groups {
		all[g.ID] = g.Name
	}
	for _, p := range a.org.PermissionSets {
		all[p.ID] = p.Name
	}
	return all
}

// find returns the one of an id, or errNotFound.
func find[T any](all []T, id string, idOf func(T) string) (T, error) {
	for _, one := range all {
		if idOf(one) == id {
			return one, nil
		}
	}
	var none T
	return none, errNotFound
}

func userID(u store.User) string         { return u.ID }
func groupID(g store.Group) string       { return g.ID }
func setID(p store.PermissionSet) string { return p.ID }
func contains(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

func search(label, value string) adminInput {
	return adminInput{Label: label, Name: "q", Type: "search", Value: value}
}
