package web_test

import "testing"

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
	x.visit(w.URL + "/admin/groups")
	x.fill(".card input[name=name]", "Auditors")
	x.click(".card > form.admin-form button")
	x.text("[role=status]")
	x.look(axe, "administration changed")
	if len(*complaints) > 0 {
		t.Errorf("the browser complains: %q", *complaints)
	}
}
