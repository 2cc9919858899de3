package web_test

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// The administration's pages, at every width, and what a change looks like.
func TestBrowserAdministration(t *testing.T) {
	b := browser(t)
	w := namedWorld(t)
	axe := axe(t)
	w.administrator()
	x := open(t, b, "about:blank")
	complaints := x.complaints()
	x.visit(w.URL + "/start")
	x.fill("#username", "ada")
	x.fill("#password", password)
	x.click("button.primary")
	x.heading("Your accounts")
	for path, heading := range map[string]string{
		"/admin/users": "Users", "/admin/groups": "Groups", "/admin/groups/g-1": "Operators", "/admin/permission-sets": "Permission sets",
		"/admin/assignments": "Assignments", "/admin/sessions": "Sessions", "/admin/audit": "Audit log",
		"/admin/audit?name=SignIn": "Audit log",
	} {
		x.visit(w.URL + path)
		x.heading(heading)
		x.look(axe, "administration "+heading)
	}
	x.visit(w.URL + "/admin/users/" + user("bob", "").ID)
	x.heading("bob")
	x.look(axe, "administration user")
	x.click("form:has(input[value=reset-user]) button")
	x.heading("Password-reset link for bob")
	x.look(axe, "administration link")
	link := x.text("#link")
	if !strings.HasPrefix(link, w.URL+"/password?link=kflink_") {
		t.Errorf("the link is %q", link)
	}
	if err := (proto.BrowserGrantPermissions{Permissions: []proto.BrowserPermissionType{
		proto.BrowserPermissionTypeClipboardReadWrite, proto.BrowserPermissionTypeClipboardSanitizedWrite,
	}}).Call(b); err != nil {
		t.Fatal(err)
	}
	x.click("button[data-copy=link]")
	x.text(".copy.done")
	if v, err := x.Eval(`() => navigator.clipboard.readText()`); err != nil || v.Value.Str() != link {
		t.Errorf("copied: %v, %v", v, err)
	}
	x.click(".choice a.primary")
	x.heading("bob")
	x.visit(link)
	x.heading("Choose a password")
	x.visit(w.URL + "/admin/groups")
	x.fill(".card input[name=name]", "Auditors")
	x.click(".card > form.admin-form button")
	x.text("[role=status]")
	x.look(axe, "administration changed")
	if len(*complaints) > 0 {
		t.Errorf("the browser complains: %q", *complaints)
	}
}
