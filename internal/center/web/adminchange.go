package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

// adminChange makes the one change that a form asks for, and leads back to where it was.
func (d *Door) adminChange(w http.ResponseWriter, r *http.Request) error {
	by, err := d.administrator(w, r)
	if err != nil || by == nil {
		return err
	}
	if err := d.checkCSRF(r, holderOf(by, "")); err != nil {
		return err
	}
	org, err := d.Administration.View(r.Context(), *by)
	if err != nil {
		return adminError(err)
	}
	switch r.PostForm.Get("do") {
	case "invite-user":
		return d.adminLink(w, r, *by, org, store.LinkInvite)
	case "reset-user":
		return d.adminLink(w, r, *by, org, store.LinkReset)
	}
	back, err := d.adminDo(r.Context(), *by, org, r.PostForm.Get)
	if err != nil {
		return adminError(err)
	}
	if from := r.PostForm.Get("back"); back == "" && strings.HasPrefix(from, "/admin/") && !strings.ContainsAny(from, "\\?#\r\n") {
		back = from
	} else if back == "" {
		back = "/admin/users"
	}
	seeOther(w, back+"?done=yes")
	return nil
}

// adminDo returns where to go on when the thing itself is gone.
func (d *Door) adminDo(ctx context.Context, by directory.Person, org store.Organisation, get func(string) string) (back string, err error) {
	a, id, do := d.Administration, get("id"), get("do")
	if strings.HasPrefix(do, "remove-") && do != "remove-member" && get("sure") != "yes" {
		return "", administration.Invalid{Message: "Tick the box to remove it."}
	}
	switch do {
	case "add-user":
		return "", a.AddUser(ctx, by, strings.TrimSpace(get("name")), strings.TrimSpace(get("email")), strings.TrimSpace(get("display")))
	case "update-user":
		return "", a.UpdateUser(ctx, by, id, strings.TrimSpace(get("email")), strings.TrimSpace(get("display")))
	case "disable-user", "enable-user":
		return "", a.SetDisabled(ctx, by, id, do == "disable-user")
	case "remove-user":
		return "/admin/users", a.RemoveUser(ctx, by, id)
	case "end-session":
		return "", a.EndSession(ctx, by, id)
	case "end-sessions":
		return "", a.EndSessions(ctx, by, id)
	case "add-group":
		return "", a.AddGroup(ctx, by, strings.TrimSpace(get("name")))
	case "remove-group", "add-member", "remove-member":
		return d.changeGroup(ctx, by, org, get)
	case "put-permission-set", "remove-permission-set":
		return d.changePermissionSet(ctx, by, org, get)
	case "assign", "unassign":
		return "", d.changeAssignment(ctx, by, org, get)
	}
	return "", errForm
}

func (d *Door) changeGroup(ctx context.Context, by directory.Person, org store.Organisation, get func(string) string) (back string, err error) {
	g, err := find(org.Groups, get("group"), groupID)
	if err != nil {
		return "", administration.Invalid{Message: "That group is not there any more."}
	}
	switch get("do") {
	case "remove-group":
		return "/admin/groups", d.Administration.RemoveGroup(ctx, by, g)
	case "add-member":
		u, err := named(org, get("name"))
		if err != nil {
			return "", err
		}
		return "", d.Administration.SetMember(ctx, by, g, u.ID, true)
	}
	return "", d.Administration.SetMember(ctx, by, g, get("id"), false)
}

// named finds a person by name or e-mail address.
func named(org store.Organisation, name string) (store.User, error) {
	key, err := directory.NameKey(name)
	if err == nil {
		for _, u := range org.Users {
			if u.NameKey == key || u.EmailKey == key {
				return u, nil
			}
		}
	}
	return store.User{}, administration.Invalid{Message: "There is no user of that name."}
}

func (d *Door) changePermissionSet(ctx context.Context, by directory.Person, org store.Organisation, get func(string) string) (back string, err error) {
	var before *store.PermissionSet
	p := store.PermissionSet{Name: strings.TrimSpace(get("name")), Description: strings.TrimSpace(get("description"))}
	if id := get("id"); id != "" {
		old, err := find(org.PermissionSets, id, setID)
		if err != nil {
			return "", administration.Invalid{Message: "That permission set is not there any more."}
		}
		before, p.Name, p.Policies.Boundary = &old, old.Name, old.Policies.Boundary
	} else if _, err := find(org.PermissionSets, p.Name, func(p store.PermissionSet) string { return p.Name }); err == nil {
		return "", administration.Invalid{Message: "There is a permission set of that name already."}
	}
	if get("do") == "remove-permission-set" {
		if before == nil {
			return "", errForm
		}
		return "/admin/permission-sets", d.Administration.RemovePermissionSet(ctx, by, *before)
	}
	hours, err := strconv.ParseFloat(get("hours"), 64)
	if err != nil || !(hours >= 1 && hours <= 12) { // NaN is neither
		return "", administration.Invalid{Message: "Credentials live for 1 to 12 hours."}
	}
	p.SessionDuration = time.Duration(hours * float64(time.Hour)).Round(time.Second)
	p.Policies.Managed, p.Policies.Inline = strings.Fields(get("managed")), strings.TrimSpace(get("inline"))
	return "", d.Administration.PutPermissionSet(ctx, by, before, p)
}

func (d *Door) changeAssignment(ctx context.Context, by directory.Person, org store.Organisation, get func(string) string) error {
	p, err := find(org.PermissionSets, get("set"), setID)
	if err != nil {
		return administration.Invalid{Message: "That permission set is not there any more."}
	}
	as := store.AccountAssignment{AccountID: strings.TrimSpace(get("account")), PermissionSetID: p.ID}
	if _, err := find(org.Accounts, as.AccountID, func(a store.Account) string { return a.ID }); err != nil {
		return administration.Invalid{Message: "There is no such account: give its twelve digits."}
	}
	if get("do") == "unassign" {
		as.PrincipalKind, as.PrincipalID = store.PrincipalKind(get("kind")), get("principal")
		names := (&adminPage{org: org}).names()
		return d.Administration.Assign(ctx, by, as, names[as.PrincipalID], p.Name, false)
	}
	principal := ""
	switch group, name := get("group"), strings.TrimSpace(get("name")); {
	case (group == "") == (name == ""):
		return administration.Invalid{Message: "Say either a group or a user."}
	case group != "":
		g, err := find(org.Groups, group, groupID)
		if err != nil {
			return administration.Invalid{Message: "That group is not there any more."}
		}
		as.PrincipalKind, as.PrincipalID, principal = store.PrincipalGroup, g.ID, g.Name
	default:
		u, err := named(org, name)
		if err != nil {
			return err
		}
		as.PrincipalKind, as.PrincipalID, principal = store.PrincipalUser, u.ID, u.Name
	}
	return d.Administration.Assign(ctx, by, as, principal, p.Name, true)
}

// explainAdmin is the part of explain for administrators.
func explainAdmin(l *words, err error) (problem, bool) {
	var invalid administration.Invalid
	switch {
	case errors.As(err, &invalid):
		return problem{Status: http.StatusBadRequest, Heading: l.say("That cannot be done"), Text: l.refusal(invalid) + " " + l.say("Nothing was changed."), Back: l.say("Back to administration"), Href: "/admin/users"}, true
	case errors.Is(err, administration.ErrStale):
		return problem{
			Status: http.StatusForbidden, Heading: l.say("Sign in again first"), Back: l.say("Confirm that it is you"), Href: "/admin/confirm",
			Text: l.say("Changes need a sign-in of the last ten minutes. Nothing was changed. Confirm that it is you, then repeat it."),
		}, true
	}
	return problem{}, false
}

// refusal is what the administration refuses with, in the language.
func (w *words) refusal(i administration.Invalid) string {
	args := make([]any, len(i.Args))
	for n, a := range i.Args {
		if part, ok := a.(administration.Invalid); ok {
			a = w.refusal(part)
		}
		args[n] = a
	}
	return w.say(i.Message, args...)
}
