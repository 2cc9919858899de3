package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/store"
)

// administrator signs Ada in where she and a group administer.
func (w *world) administrator() *visitor {
	w.Helper()
	o := organisation()
	o.Groups = []store.Group{{ID: "g-1", Name: "Operators", Members: []string{o.Users[1].ID}}}
	o.Administrators = []store.Principal{{Kind: store.PrincipalUser, ID: o.Users[0].ID}}
	if err := w.db.Apply(w.Context(), o); err != nil {
		w.Fatal(err)
	}
	v := w.visitor()
	v.signIn(v.get("/sign-in"), "ada")
	return v
}

var adminPages = []string{
	"/admin", "/admin/users", "/admin/groups", "/admin/groups/g-1", "/admin/permission-sets", "/admin/permission-sets/ps-1",
	"/admin/assignments", "/admin/sessions", "/admin/audit",
}

// change posts one change with the token that the pages have.
func (v *visitor) change(do string, fields ...string) *answer {
	v.Helper()
	page := v.get("/admin/users")
	f, ok := page.Form["/admin/change"]
	if !ok {
		v.Fatalf("no form to change anything (%d)", page.StatusCode)
	}
	values := url.Values{"csrf": f.Values["csrf"], "do": {do}, "back": {"/admin/users"}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, "/admin/change", values)
}

func (v *visitor) changed(do string, fields ...string) {
	v.Helper()
	if a := v.change(do, fields...); a.StatusCode != http.StatusSeeOther {
		v.Errorf("%s %v: %d\n%s", do, fields, a.StatusCode, a.Text)
	}
}

func (w *world) events(name string) []store.AuditEvent {
	w.Helper()
	all, err := w.db.AuditSearch(w.Context(), store.AuditQuery{Name: name, Limit: 100, NewestFirst: true})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func TestSecurity72AdministrationIsForAdministrators(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	bob := w.visitor()
	bob.signIn(bob.get("/sign-in"), "bob")
	stranger := w.visitor()
	paths := append([]string{"/admin/users/" + user("ada", "").ID}, adminPages...)
	for _, path := range paths {
		if a := ada.get(path); a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("administrator at %s: %d", path, a.StatusCode)
		}
		if a := bob.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("somebody else at %s: %d", path, a.StatusCode)
		}
		if a := stranger.get(path); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/start" {
			t.Errorf("nobody at %s: %d", path, a.StatusCode)
		}
	}
	form := url.Values{"do": {"add-group"}, "name": {"Mine"}, "csrf": ada.get("/admin/users").Form["/admin/change"].Values["csrf"]}
	if a := bob.do(http.MethodPost, "/admin/change", form); a.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else changes: %d", a.StatusCode)
	}
	if a := stranger.do(http.MethodPost, "/admin/change", form); a.StatusCode != http.StatusSeeOther {
		t.Errorf("nobody changes: %d", a.StatusCode)
	}
	if o, _ := w.db.Organisation(t.Context(), false); len(o.Groups) != 1 {
		t.Errorf("groups: %v", o.Groups)
	}
	if a := ada.get("/start"); !strings.Contains(a.Text, `href="/admin/users"`) {
		t.Error("an administrator is shown no way to the administration")
	}
	if a := bob.get("/start"); strings.Contains(a.Text, "/admin") {
		t.Error("somebody else is shown a way to the administration")
	}
	// By a group, and no longer the moment that somebody is out of it.
	o := organisation()
	o.Groups = []store.Group{{ID: "g-1", Name: "Operators", Members: []string{o.Users[1].ID}}}
	o.Administrators = []store.Principal{{Kind: store.PrincipalGroup, ID: "g-1"}}
	if err := w.db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if a := bob.get("/admin/users"); a.StatusCode != http.StatusOK {
		t.Errorf("by a group: %d", a.StatusCode)
	}
	if a := ada.get("/admin/users"); a.StatusCode != http.StatusNotFound {
		t.Errorf("no longer an administrator: %d", a.StatusCode)
	}
	if err := w.db.RemoveMember(t.Context(), "g-1", o.Users[1].ID); err != nil {
		t.Fatal(err)
	}
	if a := bob.get("/admin/users"); a.StatusCode != http.StatusNotFound {
		t.Errorf("out of the group: %d", a.StatusCode)
	}
}

func TestSecurity57AdministrationRefusesForgedForms(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	for name, csrf := range map[string]string{"none": "", "garbage": "AAAA", "another form's": ada.get("/start").Form["/sign-out"].Values.Get("csrf")} {
		a := ada.do(http.MethodPost, "/admin/change", url.Values{"do": {"add-group"}, "name": {"Forged"}, "csrf": {csrf}})
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	csrf := ada.get("/admin/groups").Form["/admin/change"].Values["csrf"]
	ada.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	if a := ada.do(http.MethodPost, "/admin/change", url.Values{"do": {"add-group"}, "name": {"Forged"}, "csrf": csrf}); a.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", a.StatusCode)
	}
	if o, _ := w.db.Organisation(t.Context(), false); len(o.Groups) != 1 {
		t.Errorf("groups: %v", o.Groups)
	}
}

func TestSecurity56AdministrationWantsARecentSignIn(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	csrf := ada.get("/admin/users").Form["/admin/change"].Values["csrf"]
	w.clock.Advance(administration.Recent + time.Second)
	page := ada.get("/admin/users")
	if _, there := page.Form["/admin/change"]; there || !strings.Contains(page.Text, "more than ten minutes ago") {
		t.Error("forms are shown that would be refused")
	}
	a := ada.do(http.MethodPost, "/admin/change", url.Values{"do": {"add-group"}, "name": {"Late"}, "csrf": csrf})
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.Text, "Sign in again first") {
		t.Errorf("a change after eleven minutes: %d", a.StatusCode)
	}
	if len(w.events("CreateGroup")) != 0 {
		t.Error("it was made")
	}
	confirm := ada.get("/admin/confirm")
	if confirm.heading() != "Confirm that it is you" {
		t.Fatalf("to confirm: %q", confirm.heading())
	}
	page = ada.follow(ada.submit(confirm, "/confirm", "password", password))
	if _, there := page.Form["/admin/change"]; !there || page.heading() != "Users" {
		t.Errorf("after that: %d %q", page.StatusCode, page.heading())
	}
	ada.changed("add-group", "name", "In time")
	bob := w.visitor()
	bob.signIn(bob.get("/sign-in"), "bob")
	if a := bob.get("/admin/confirm"); a.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else: %d", a.StatusCode)
	}
}

func TestAdministrationChangesAndWritesDown(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	ctx := t.Context()
	bob := user("bob", "").ID
	browser := w.visitor()
	browser.signIn(browser.get("/sign-in"), "bob")

	ada.changed("add-user", "name", "Margaret", "email", "m@example.com", "display", "Margaret H")
	ada.changed("update-user", "id", bob, "display", "Robert", "email", "bob@example.org")
	ada.changed("add-group", "name", "Auditors")
	o, err := w.db.Organisation(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	auditors := o.Groups[slices.IndexFunc(o.Groups, func(g store.Group) bool { return g.Name == "Auditors" })].ID
	ada.changed("add-member", "group", auditors, "name", "bob@example.org")
	ada.changed("put-permission-set", "name", "Audit", "hours", "2", "managed", "arn:aws:iam::aws:policy/SecurityAudit", "inline", `{"Statement":[]}`)
	o, _ = w.db.Organisation(ctx, false)
	set := o.PermissionSets[slices.IndexFunc(o.PermissionSets, func(p store.PermissionSet) bool { return p.Name == "Audit" })]
	if set.SessionDuration != 2*time.Hour || len(set.Policies.Managed) != 1 {
		t.Errorf("%+v", set)
	}
	ada.changed("put-permission-set", "id", set.ID, "hours", "3")
	ada.changed("assign", "account", "111111111111", "set", set.ID, "group", auditors)
	if _, err := w.db.Assigned(ctx, bob, "111111111111", "Audit"); err != nil {
		t.Errorf("assigned: %v", err)
	}
	ada.changed("unassign", "account", "111111111111", "set", set.ID, "kind", "GROUP", "principal", auditors)
	if _, err := w.db.Assigned(ctx, bob, "111111111111", "Audit"); err == nil {
		t.Error("still assigned")
	}
	ada.changed("remove-member", "group", auditors, "id", bob)
	ada.changed("remove-group", "group", auditors, "sure", "yes")
	ada.changed("remove-permission-set", "id", set.ID, "sure", "yes")
	if a := browser.get("/start"); a.StatusCode != http.StatusOK || !strings.Contains(a.Text, "Sign out") {
		t.Fatalf("bob is not signed in: %d", a.StatusCode)
	}
	ada.changed("end-sessions", "id", bob)
	if a := browser.get("/start"); strings.Contains(a.Text, "Sign out") {
		t.Error("bob's session goes on")
	}
	ada.changed("disable-user", "id", bob)
	ada.changed("enable-user", "id", bob)
	ada.changed("remove-user", "id", bob, "sure", "yes")
	if _, err := w.db.User(ctx, bob); err == nil {
		t.Error("bob is still there")
	}
	for name, want := range map[string]string{
		"CreateUser": "Margaret", "UpdateUser": `"bob@example.com" -> "bob@example.org"`, "CreateGroup": "Auditors", "CreateGroupMembership": "bob",
		"CreatePermissionSet": "Audit", "UpdatePermissionSet": `"2h0m0s" -> "3h0m0s"`, "CreateAccountAssignment": "group Auditors",
		"DeleteAccountAssignment": "group Auditors", "DeleteGroupMembership": "bob", "DeleteGroup": "Auditors", "DeletePermissionSet": "Audit",
		"EndSessions": "bob", "DeleteUser": "bob",
	} {
		found := false
		for _, e := range w.events(name) {
			for _, v := range e.Detail {
				found = found || strings.Contains(v, want) && e.UserID == user("ada", "").ID
			}
		}
		if !found {
			t.Errorf("the audit log has no %s of %s by ada: %+v", name, want, w.events(name))
		}
	}
	if created := w.events("CreateUser"); len(created) != 1 {
		t.Errorf("one person was added, and recorded as %+v", created)
	}
	a := ada.get("/admin/audit?user=ada&action=DeleteUser")
	if !strings.Contains(a.Text, "DeleteUser") || strings.Contains(a.Text, "DeleteGroup") {
		t.Error("the search of the audit log finds something else")
	}
	if a := ada.get("/admin/audit?user=nobody"); !strings.Contains(a.Text, "No such event") {
		t.Error("events of somebody who is not there")
	}
}

func TestAdministrationRefusesNonsense(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	for name, fields := range map[string][]string{
		"no such change":       {"frobnicate"},
		"oneself":              {"remove-user", "id", user("ada", "").ID, "sure", "yes"},
		"oneself disabled":     {"disable-user", "id", user("ada", "").ID},
		"without the box":      {"remove-user", "id", user("bob", "").ID},
		"a name that is taken": {"add-user", "name", "BOB"},
		"an invisible name":    {"add-user", "name", "b\u202eob"},
		"an empty name":        {"add-group", "name", " "},
		"a bad address":        {"add-user", "name", "new", "email", "nonsense"},
		"a bad duration":       {"put-permission-set", "name", "Long", "hours", "13"},
		"not a number":         {"put-permission-set", "name", "Long", "hours", "NaN"},
		"a set that exists":    {"put-permission-set", "name", "ReadOnly", "hours", "1"},
		"a bad policy":         {"put-permission-set", "name", "P", "hours", "1", "inline", "{"},
		"no such account":      {"assign", "account", "999999999999", "set", "ps-1", "group", "g-1"},
		"for nobody":           {"assign", "account", "111111111111", "set", "ps-1"},
		"nobody of that name":  {"add-member", "group", "g-1", "name", "nobody"},
		"no such session":      {"end-session", "id", "ses-none"},
	} {
		before := len(w.events(""))
		if a := ada.change(fields[0], fields[1:]...); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
		if len(w.events("")) != before {
			t.Errorf("%s: written down as if it had happened", name)
		}
	}
	for _, back := range []string{"//evil.example", "https://evil.example", "/admin/../\\evil", "/start"} {
		if a := ada.change("add-group", "name", "G "+back, "back", back); a.Header.Get("Location") != "/admin/users?done=yes" {
			t.Errorf("after a change to %s", a.Header.Get("Location"))
		}
	}
}

func TestSecurity61AdministrationShowsHostileNames(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	if err := w.db.AddGroup(t.Context(), store.Group{ID: "g-x", Name: "<script>alert(1)</script>\u202e"}); err != nil {
		t.Fatal(err)
	}
	eve := w.visitor()
	eve.header.Set("User-Agent", "<img src=x onerror=alert(1)>")
	eve.signIn(eve.get("/sign-in"), "eve")
	for _, path := range append([]string{"/admin/groups/g-x", "/admin/users/" + user("eve", "").ID}, adminPages...) {
		a := ada.get(path + "?q=" + url.QueryEscape("\"><script>x</script>"))
		all := ada.get(path)
		for _, text := range []string{a.Text, all.Text} {
			for _, bad := range []string{"<script>", "<svg onload", "<img src=x", "\u202e"} {
				if strings.Contains(text, bad) && (bad != "\u202e" || path != "/admin/users/"+user("eve", "").ID) {
					t.Errorf("%s shows %q", path, bad)
				}
			}
		}
	}
	if a := ada.get("/admin/groups"); !strings.Contains(a.Text, "&lt;script&gt;alert(1)&lt;/script&gt;⟨U&#43;202E⟩") {
		t.Errorf("the name is not shown at all:\n%s", a.Text)
	}
}
