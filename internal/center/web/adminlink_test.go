package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/directory"
)

// handedOut asks for a link and returns its path, as the page shows it.
func (v *visitor) handedOut(do, id, heading string) string {
	v.Helper()
	a := v.change(do, "id", id)
	if a.StatusCode != http.StatusOK || a.heading() != heading {
		v.Fatalf("%s: %d %q\n%s", do, a.StatusCode, a.heading(), a.Text)
	}
	m := regexp.MustCompile(`<code id="link">([^<]*)</code>`).FindStringSubmatch(a.Text)
	if m == nil || !strings.Contains(a.Text, `data-copy="link"`) {
		v.Fatalf("no link to copy:\n%s", a.Text)
	}
	path, ok := strings.CutPrefix(html.UnescapeString(m[1]), v.w.base.String())
	if !ok {
		v.Errorf("the link leads to %s, the center is %s", m[1], v.w.base)
	}
	if got := a.Header.Get("Cache-Control"); got != "no-store" {
		v.Errorf("the page with the link may be kept: %q", got)
	}
	return path
}

func (v *visitor) choose(path, want string) {
	v.Helper()
	a := v.get(path)
	if a.heading() != want {
		v.Fatalf("the link shows %q, want %q", a.heading(), want)
	}
	if a = v.submit(a, "/password", "password", "chosen at leisure", "again", "chosen at leisure"); a.heading() != "Your password is set" {
		v.Fatalf("choosing a password shows %q", a.heading())
	}
}

const gone = "This link does not work any more"

func TestSecurity55LinksFromTheAdministration(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	margaret, err := w.dir.AddUser(t.Context(), "Margaret", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	page := ada.get("/admin/users/" + margaret.ID)
	if !strings.Contains(page.Text, `value="invite-user"`) || strings.Contains(page.Text, `value="reset-user"`) {
		t.Error("somebody without a password is not offered an invitation, or offered a reset")
	}
	first := ada.handedOut("invite-user", margaret.ID, "Invitation link for Margaret")
	second := ada.handedOut("invite-user", margaret.ID, "Invitation link for Margaret")
	if a := w.visitor().get(first); a.heading() != gone {
		t.Errorf("the earlier invitation shows %q", a.heading())
	}
	w.clock.Advance(directory.InviteLifetime - time.Second)
	w.visitor().choose(second, "Welcome")
	if a := w.visitor().get(second); a.heading() != gone {
		t.Errorf("the invitation that was used shows %q", a.heading())
	}

	ada = w.administrator()
	page = ada.get("/admin/users/" + margaret.ID)
	if strings.Contains(page.Text, `value="invite-user"`) || !strings.Contains(page.Text, `value="reset-user"`) {
		t.Error("somebody with a password is not offered a reset, or offered an invitation")
	}
	if a := ada.change("invite-user", "id", margaret.ID); a.StatusCode != http.StatusBadRequest {
		t.Errorf("inviting somebody with a password: %d", a.StatusCode)
	}
	late := ada.handedOut("reset-user", margaret.ID, "Password-reset link for Margaret")
	w.clock.Advance(directory.ResetLifetime)
	if a := w.visitor().get(late); a.heading() != gone {
		t.Errorf("after an hour the reset shows %q", a.heading())
	}
	ada = w.administrator()
	reset := ada.handedOut("reset-user", margaret.ID, "Password-reset link for Margaret")
	w.visitor().choose(reset, "Choose a password")

	events := w.events("CreatePasswordLink")
	if len(events) != 4 {
		t.Fatalf("%d links are on record, want 4", len(events))
	}
	for i, kind := range []string{"reset", "reset", "invite", "invite"} {
		e := events[i]
		if e.UserID != user("ada", "").ID || e.Detail["user"] != "Margaret" || e.Detail["kind"] != kind || e.Detail["expires"] == "" {
			t.Errorf("on record is %+v", e)
		}
	}
	for _, path := range []string{first, second, late, reset} {
		u, err := url.Parse(path)
		if err != nil || u.Query().Get("link") == "" {
			t.Fatal(path, err)
		}
		if strings.Contains(w.log.String(), u.Query().Get("link")) || strings.Contains(ada.get("/admin/audit").Text, u.Query().Get("link")) {
			t.Error("the link is in the log")
		}
	}
}

func TestLinksAreRefused(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	bob := user("bob", "").ID
	bobs := w.visitor()
	bobs.signIn(bobs.get("/sign-in"), "bob")
	form := url.Values{"do": {"reset-user"}, "id": {bob}, "csrf": ada.get("/admin/users").Form["/admin/change"].Values["csrf"]}
	refused := func(what string, v *visitor, form url.Values, status int) {
		t.Helper()
		if a := v.do(http.MethodPost, "/admin/change", form); a.StatusCode != status || strings.Contains(a.Text, "kflink_") {
			t.Errorf("%s: %d", what, a.StatusCode)
		}
	}
	refused("by somebody else", bobs, form, http.StatusNotFound)
	refused("by nobody", w.visitor(), form, http.StatusSeeOther)
	refused("without a token", ada, url.Values{"do": {"reset-user"}, "id": {bob}}, http.StatusForbidden)
	refused("of nobody", ada, url.Values{"do": {"reset-user"}, "id": {"u-none"}, "csrf": form["csrf"]}, http.StatusBadRequest)
	refused("of oneself", ada, url.Values{"do": {"reset-user"}, "id": {user("ada", "").ID}, "csrf": form["csrf"]}, http.StatusBadRequest)
	if own := ada.get("/admin/users/" + user("ada", "").ID); strings.Contains(own.Text, `value="reset-user"`) {
		t.Error("one is offered a link for oneself")
	}
	ada.changed("disable-user", "id", bob)
	refused("of somebody disabled", ada, form, http.StatusBadRequest)
	if page := ada.get("/admin/users/" + bob); strings.Contains(page.Text, `value="reset-user"`) {
		t.Error("a link is offered for somebody disabled, who cannot use it")
	}
	ada.changed("enable-user", "id", bob)
	w.clock.Advance(administration.Recent + time.Second)
	refused("eleven minutes after signing in", ada, form, http.StatusForbidden)
	if n := len(w.events("CreatePasswordLink")); n != 0 {
		t.Errorf("%d links were made", n)
	}
	ada.follow(ada.submit(ada.get("/admin/confirm"), "/confirm", "password", password))
	ada.header.Set("Accept-Language", "de")
	ada.handedOut("reset-user", bob, "Link für ein neues Passwort: bob")
}
