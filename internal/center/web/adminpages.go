package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

func (a *adminPage) users() error {
	q := a.r.URL.Query().Get("q")
	a.body.Heading = a.say("Users")
	a.body.Filter = &adminFilter{Action: "/admin/users", Submit: a.say("Search"), Inputs: []adminInput{search(a.say("Name or e-mail address"), q)}}
	t := adminTable{Caption: a.say("People"), Head: []string{a.say("Name"), a.say("Display name"), a.say("E-mail"), a.say("State")}, Empty: a.say("Nobody of that name.")}
	a.addForm(adminForm{Heading: a.say("Add a user"), Do: "add-user", Submit: a.say("Add"), Inputs: []adminInput{
		{Label: a.say("User name"), Name: "name", Type: "text"},
		{Label: a.say("Display name"), Name: "display", Type: "text"},
		{Label: a.say("E-mail address"), Name: "email", Type: "email"},
	}})
	from := a.r.URL.Query().Get("from")
	for _, u := range a.org.Users {
		if u.NameKey <= from || !contains(u.Name, q) && !contains(u.Email, q) && !contains(u.DisplayName, q) {
			continue
		}
		if len(t.Rows) == adminShown {
			t.Next = "/admin/users?" + url.Values{"q": {q}, "from": {from}}.Encode()
			break
		}
		t.Rows = append(t.Rows, adminRow{Cells: []adminCell{link(u.Name, personHref(u.ID)), text(u.DisplayName), text(u.Email), text(a.stateOf(u))}})
		from = u.NameKey
	}
	a.body.Tables = []adminTable{t}
	return nil
}

func (a *adminPage) stateOf(u store.User) string {
	var s []string
	if u.Disabled {
		s = append(s, a.say("disabled"))
	}
	if u.PasswordHash == "" {
		s = append(s, a.say("no password yet"))
	}
	return strings.Join(s, ", ")
}

func (a *adminPage) user() error {
	u, err := find(a.org.Users, a.r.PathValue("id"), userID)
	if err != nil {
		return err
	}
	a.body.Heading = visible(u.Name)
	id := []adminPair{{"id", u.ID}}
	groups := adminTable{Caption: a.say("Groups"), Head: []string{a.say("Group")}, Empty: a.say("In no group.")}
	for _, g := range a.org.Groups {
		if slices.Contains(g.Members, u.ID) {
			groups.Rows = append(groups.Rows, adminRow{Cells: []adminCell{link(g.Name, "/admin/groups/"+url.PathEscape(g.ID))}})
		}
	}
	sessions, err := a.door.Administration.Sessions(a.r.Context(), a.by, u.ID, adminShown)
	if err != nil {
		return err
	}
	a.body.Tables = []adminTable{groups, a.sessionTable(sessions)}
	a.addForm(adminForm{Heading: a.say("Change"), Do: "update-user", Submit: a.say("Save"), Hidden: id, Inputs: []adminInput{
		{Label: a.say("Display name"), Name: "display", Type: "text", Value: u.DisplayName},
		{Label: a.say("E-mail address"), Name: "email", Type: "text", Value: u.Email},
	}})
	a.addForm(adminForm{Heading: a.say("Sessions"), Do: "end-sessions", Submit: a.say("End all sessions"), Hidden: id})
	if u.ID == a.by.User.ID {
		return nil // see administration.other
	}
	if u.Disabled {
		a.addForm(adminForm{Heading: a.say("Disabled"), Do: "enable-user", Submit: a.say("Enable"), Hidden: id})
	} else {
		if u.PasswordHash == "" {
			a.addForm(adminForm{Heading: a.say("First password"), Do: "invite-user", Submit: a.say("Invitation link"), Hidden: id})
		} else {
			a.addForm(adminForm{Heading: a.say("Forgotten password"), Do: "reset-user", Submit: a.say("Password-reset link"), Hidden: id})
		}
		a.addForm(adminForm{Heading: a.say("Disable"), Do: "disable-user", Submit: a.say("Disable and end all sessions"), Hidden: id})
	}
	a.addForm(adminForm{Heading: a.say("Remove"), Do: "remove-user", Submit: a.say("Remove for good"), Hidden: id, Inputs: a.sure()})
	return nil
}

// sure is a box that has to be ticked.
func (a *adminPage) sure() []adminInput {
	return []adminInput{{Label: a.say("Yes, remove it: this cannot be undone"), Name: "sure", Type: "checkbox"}}
}

func (a *adminPage) groups() error {
	a.body.Heading = a.say("Groups")
	t := adminTable{Caption: a.say("Groups"), Head: []string{a.say("Name"), a.say("Members")}, Empty: a.say("There are no groups.")}
	for _, g := range a.org.Groups {
		t.Rows = append(t.Rows, adminRow{Cells: []adminCell{link(g.Name, "/admin/groups/"+url.PathEscape(g.ID)), text(strconv.Itoa(len(g.Members)))}})
	}
	a.body.Tables = []adminTable{t}
	a.addForm(adminForm{Heading: a.say("Add a group"), Do: "add-group", Submit: a.say("Add"), Inputs: []adminInput{{Label: a.say("Name"), Name: "name", Type: "text"}}})
	return nil
}

func (a *adminPage) group() error {
	g, err := find(a.org.Groups, a.r.PathValue("id"), groupID)
	if err != nil {
		return err
	}
	a.body.Heading = visible(g.Name)
	names := a.names()
	t := adminTable{Caption: a.say("Members"), Head: []string{a.say("Name")}, Empty: a.say("Nobody is in this group.")}
	for _, m := range g.Members {
		row := adminRow{Cells: []adminCell{link(names[m], personHref(m))}}
		row.Action = a.form(adminForm{
			Do: "remove-member", Submit: a.say("Take out"), About: visible(names[m]), Quiet: true,
			Hidden: []adminPair{{"group", g.ID}, {"id", m}},
		})
		t.Rows = append(t.Rows, row)
	}
	a.body.Tables = []adminTable{t}
	a.addForm(adminForm{
		Heading: a.say("Add a member"), Do: "add-member", Submit: a.say("Add"), Hidden: []adminPair{{"group", g.ID}},
		Inputs: []adminInput{{Label: a.say("User name"), Name: "name", Type: "text"}},
	})
	a.addForm(adminForm{Heading: a.say("Remove the group"), Do: "remove-group", Submit: a.say("Remove"), Hidden: []adminPair{{"group", g.ID}}, Inputs: a.sure()})
	return nil
}

func (a *adminPage) permissionSets() error {
	a.body.Heading = a.say("Permission sets")
	t := adminTable{Caption: a.say("Permission sets"), Head: []string{a.say("Name"), a.say("Description"), a.say("Credentials live for")}, Empty: a.say("There are no permission sets.")}
	for _, p := range a.org.PermissionSets {
		t.Rows = append(t.Rows, adminRow{Cells: []adminCell{
			link(p.Name, "/admin/permission-sets/"+url.PathEscape(p.ID)), text(p.Description), text(p.SessionDuration.String()),
		}})
	}
	a.body.Tables = []adminTable{t}
	a.addForm(adminForm{Heading: a.say("Add a permission set"), Do: "put-permission-set", Submit: a.say("Add"), Inputs: append(
		[]adminInput{{Label: a.say("Name"), Name: "name", Type: "text"}}, a.setInputs(store.PermissionSet{SessionDuration: time.Hour})...,
	)})
	return nil
}

func (a *adminPage) setInputs(p store.PermissionSet) []adminInput {
	return []adminInput{
		{Label: a.say("Description"), Name: "description", Type: "text", Value: p.Description},
		{Label: a.say("Hours that credentials live for"), Name: "hours", Type: "number", Value: strconv.FormatFloat(p.SessionDuration.Hours(), 'f', -1, 64)},
		{Label: a.say("Managed policies, one ARN a line"), Name: "managed", Type: "area", Value: strings.Join(p.Policies.Managed, "\n")},
		{Label: a.say("Inline policy, JSON"), Name: "inline", Type: "area", Value: p.Policies.Inline},
	}
}

func (a *adminPage) permissionSet() error {
	p, err := find(a.org.PermissionSets, a.r.PathValue("id"), setID)
	if err != nil {
		return err
	}
	a.body.Heading = visible(p.Name)
	id := []adminPair{{"id", p.ID}}
	a.addForm(adminForm{Heading: a.say("Change"), Do: "put-permission-set", Submit: a.say("Save"), Hidden: id, Inputs: a.setInputs(p)})
	a.addForm(adminForm{Heading: a.say("Remove"), Do: "remove-permission-set", Submit: a.say("Remove with all its assignments"), Hidden: id, Inputs: a.sure()})
	policies := adminTable{Caption: a.say("Policies"), Head: []string{a.say("Policy")}, Empty: a.say("None.")}
	for _, arn := range p.Policies.Managed {
		policies.Rows = append(policies.Rows, adminRow{Cells: []adminCell{text(arn)}})
	}
	if p.Policies.Inline != "" {
		policies.Rows = append(policies.Rows, adminRow{Cells: []adminCell{text(p.Policies.Inline)}})
	}
	a.body.Tables = []adminTable{policies}
	return nil
}

func (a *adminPage) assignments() error {
	v := a.r.URL.Query()
	q, from := v.Get("q"), v.Get("from")
	skip, _ := strconv.Atoi(from) // what is no number begins at the beginning
	a.body.Heading = a.say("Assignments")
	a.body.Filter = &adminFilter{Action: "/admin/assignments", Submit: a.say("Search"), Inputs: []adminInput{search(a.say("Account, permission set, user or group"), q)}}
	names, accounts := a.names(), map[string]string{}
	for _, acc := range a.org.Accounts {
		accounts[acc.ID] = acc.Name
	}
	t := adminTable{Caption: a.say("Who may use what"), Head: []string{a.say("Account"), a.say("Name"), a.say("Permission set"), a.say("Kind"), a.say("Who")}, Empty: a.say("No such assignment.")}
	seen := 0
	for _, s := range a.org.Assignments {
		kind := a.say("user")
		if s.PrincipalKind == store.PrincipalGroup {
			kind = a.say("group")
		}
		if !contains(strings.Join([]string{s.AccountID, accounts[s.AccountID], names[s.PermissionSetID], names[s.PrincipalID]}, "\n"), q) {
			continue
		}
		if seen++; seen <= skip {
			continue
		}
		if len(t.Rows) == adminShown {
			t.Next = "/admin/assignments?" + url.Values{"q": {q}, "from": {strconv.Itoa(skip + adminShown)}}.Encode()
			break
		}
		row := adminRow{Cells: []adminCell{text(s.AccountID), text(accounts[s.AccountID]), text(names[s.PermissionSetID]), text(kind), text(names[s.PrincipalID])}}
		row.Action = a.form(adminForm{
			Do: "unassign", Submit: a.say("Take away"), About: visible(a.say("%s in %s", names[s.PermissionSetID], s.AccountID)), Quiet: true,
			Hidden: []adminPair{{"account", s.AccountID}, {"set", s.PermissionSetID}, {"kind", string(s.PrincipalKind)}, {"principal", s.PrincipalID}},
		})
		t.Rows = append(t.Rows, row)
	}
	a.body.Tables = []adminTable{t}
	var sets, groups []adminPair
	for _, p := range a.org.PermissionSets {
		sets = append(sets, adminPair{p.ID, visible(p.Name)})
	}
	groups = append(groups, adminPair{"", a.say("(none: a user)")})
	for _, g := range a.org.Groups {
		groups = append(groups, adminPair{g.ID, visible(g.Name)})
	}
	a.addForm(adminForm{Heading: a.say("Assign"), Do: "assign", Submit: a.say("Assign"), Inputs: []adminInput{
		{Label: a.say("Account id"), Name: "account", Type: "text"},
		{Label: a.say("Permission set"), Name: "set", Type: "select", Options: sets},
		{Label: a.say("Group"), Name: "group", Type: "select", Options: groups},
		{Label: a.say("or user name"), Name: "name", Type: "text"},
	}})
	return nil
}

func (a *adminPage) sessions() error {
	a.body.Heading = a.say("Sessions")
	all, err := a.door.Administration.Sessions(a.r.Context(), a.by, "", 5*adminShown)
	if err != nil {
		return err
	}
	a.body.Tables = []adminTable{a.sessionTable(all)}
	return nil
}

func (a *adminPage) sessionTable(all []store.Session) adminTable {
	t := adminTable{Caption: a.say("Open sessions"), Head: []string{a.say("User"), a.say("Signed in"), a.say("Last seen"), a.say("From"), a.say("With")}, Empty: a.say("Nobody is signed in.")}
	names := a.names()
	for _, s := range all {
		row := adminRow{Cells: []adminCell{
			link(names[s.UserID], personHref(s.UserID)), text(instant{s.CreatedAt}.String()), text(instant{s.LastSeenAt}.String()),
			text(s.RemoteIP), text(s.UserAgent),
		}}
		row.Action = a.form(adminForm{Do: "end-session", Submit: a.say("End"), About: visible(names[s.UserID]), Quiet: true, Hidden: []adminPair{{"id", s.ID}}})
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (a *adminPage) audit() error {
	v := a.r.URL.Query()
	a.body.Heading = a.say("Audit log")
	a.body.Filter = &adminFilter{Action: "/admin/audit", Submit: a.say("Search"), Inputs: []adminInput{
		{Label: a.say("User name"), Name: "user", Type: "search", Value: v.Get("user")},
		{Label: a.say("Action, like SignIn"), Name: "action", Type: "search", Value: v.Get("action")},
		{Label: a.say("From"), Name: "since", Type: "date", Value: v.Get("since")},
		{Label: a.say("Up to"), Name: "until", Type: "date", Value: v.Get("until")},
	}}
	q := store.AuditQuery{Name: strings.TrimSpace(v.Get("action")), Limit: adminShown + 1}
	q.Before, _ = strconv.ParseInt(v.Get("before"), 10, 64) // what is no number begins at the newest
	q.Since, _ = time.Parse(time.DateOnly, v.Get("since"))
	if until, err := time.Parse(time.DateOnly, v.Get("until")); err == nil {
		q.Until = until.AddDate(0, 0, 1)
	}
	if name := v.Get("user"); name != "" {
		q.UserID = "nobody of that name" // unless there is
		if key, err := directory.NameKey(name); err == nil {
			for _, u := range a.org.Users {
				if u.NameKey == key || u.EmailKey == key || u.ID == name {
					q.UserID = u.ID
				}
			}
		}
	}
	events, err := a.door.Administration.Events(a.r.Context(), a.by, q)
	if err != nil {
		return err
	}
	t := adminTable{Caption: a.say("Events, newest first"), Head: []string{a.say("Time"), a.say("User"), a.say("Action"), a.say("Outcome"), a.say("From"), a.say("Details")}, Empty: a.say("No such event.")}
	names := a.names()
	for i, e := range events {
		if i == adminShown {
			v.Set("before", strconv.FormatInt(events[i-1].Seq, 10))
			t.Next = "/admin/audit?" + v.Encode()
			break
		}
		who := cmp.Or(names[e.UserID], e.UserID, e.Detail["by"])
		t.Rows = append(t.Rows, adminRow{Cells: []adminCell{
			text(e.At.UTC().Format(time.DateTime)), text(who), text(e.Name), text(e.Outcome), text(e.RemoteIP), {Text: details(e.Detail)},
		}})
	}
	a.body.Tables = []adminTable{t}
	return nil
}

func details(all map[string]string) string {
	var parts []string
	for k, v := range all {
		if v != "" {
			parts = append(parts, fmt.Sprintf("%s: %s", visible(k), visible(v)))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}
