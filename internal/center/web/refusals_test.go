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
	"keyfob/internal/center/web"
)

// sentence is what a message looks like on a page, whatever is filled in.
func sentence(message string) *regexp.Regexp {
	return regexp.MustCompile(regexp.MustCompile(`%[0-9]*[a-zA-Z]`).ReplaceAllString(regexp.QuoteMeta(message), ".+"))
}

// Every refusal of the administration that there is in the code is met here, in German, with no English in it.
func TestAdministrationRefusesInGerman(t *testing.T) {
	w := newWorld(t)
	ada := w.administrator()
	self, bob := user("ada", "").ID, user("bob", "").ID
	margaret, err := w.dir.AddUser(t.Context(), "Margaret", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	ada.changed("disable-user", "id", margaret.ID)
	long := strings.Repeat("x", 1000)
	messages := append(web.Refusals(t, "administration.Invalid"), web.Refusals(t, "directory.NameError")...)
	met := map[string]bool{}
	for _, fields := range [][]string{
		{"remove-user", "id", bob},
		{"remove-user", "id", self, "sure", "yes"},
		{"update-user", "id", "u-none"},
		{"invite-user", "id", "u-none"},
		{"invite-user", "id", bob},
		{"invite-user", "id", margaret.ID},
		{"add-user", "name", "BOB"},
		{"add-user", "name", "b\u202eob"},
		{"add-user", "name", "\xff"},
		{"add-user", "name", long},
		{"add-user", "name", "new", "email", "nonsense"},
		{"add-user", "name", "new", "email", "n\u202e@example.com"},
		{"update-user", "id", bob, "email", long + "@example.com"},
		{"add-group", "name", " "},
		{"remove-group", "group", "g-none", "sure", "yes"},
		{"assign", "account", "111111111111", "set", "ps-1", "group", "g-none"},
		{"add-member", "group", "g-1", "name", "nobody"},
		{"end-session", "id", "ses-none"},
		{"put-permission-set", "name", "Long", "hours", "13"},
		{"put-permission-set", "name", "A b", "hours", "1"},
		{"put-permission-set", "name", "P", "hours", "1", "description", long},
		{"put-permission-set", "name", "P", "hours", "1", "inline", "{"},
		{"put-permission-set", "name", "ReadOnly", "hours", "1"},
		{"put-permission-set", "id", "ps-none", "hours", "1"},
		{"assign", "account", "111111111111", "set", "ps-none", "group", "g-1"},
		{"assign", "account", "999999999999", "set", "ps-1", "group", "g-1"},
		{"assign", "account", "111111111111", "set", "ps-1"},
	} {
		said := map[string]string{}
		for _, tag := range []string{"en", "de"} {
			ada.header.Set("Accept-Language", tag)
			a := ada.change(fields[0], fields[1:]...)
			if a.StatusCode != http.StatusBadRequest || a.Header.Get("Content-Language") != tag {
				t.Errorf("%.80q: %d in %s", fields, a.StatusCode, a.Header.Get("Content-Language"))
			}
			_, main, _ := strings.Cut(a.Text, "<main")
			main, _, _ = strings.Cut(main, "</main>")
			said[tag] = html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " "))
		}
		if !strings.Contains(said["de"], "Das geht nicht") || !strings.Contains(said["de"], "Es wurde nichts geändert.") || !strings.Contains(said["de"], "Zurück zur Verwaltung") {
			t.Errorf("%.80q in German: %s", fields, said["de"])
		}
		found := false
		for _, m := range messages {
			here := sentence(m).MatchString(said["en"])
			met[m], found = met[m] || here, found || here
			if sentence(m).MatchString(said["de"]) {
				t.Errorf("%.80q in German still says %q: %s", fields, m, said["de"])
			}
		}
		if !found {
			t.Errorf("%.80q is refused with a message that is in no list: %s", fields, said["en"])
		}
	}
	for _, m := range messages {
		if !met[m] {
			t.Errorf("nothing here is refused with %q", m)
		}
	}
}

// Refusals outside of forms are in German as well: a sign-in that is too old, and links that programs got wrong.
func TestRefusedLinksAreInGerman(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	ada := w.administrator()
	csrf := ada.get("/admin/users").Form["/admin/change"].Values["csrf"]
	w.clock.Advance(administration.Recent + time.Second)
	ada.header.Set("Accept-Language", "de")
	late := ada.do(http.MethodPost, "/admin/change", url.Values{"do": {"add-group"}, "name": {"Late"}, "csrf": csrf})
	if late.heading() != "Melden Sie sich erst wieder an" || !strings.Contains(late.Text, "höchstens zehn Minuten") {
		t.Errorf("a change after eleven minutes: %s", late.Text)
	}
	link := p.authorizeLink(listening)
	for where, want := range map[string]string{
		link + "&client_id=x":                   "Der Parameter client_id kommt mehrmals vor.",
		p.authorizeLink("http://evil.example/"): "Die redirect_uri hat der Client nicht registriert.",
		link + "&state=":                        "Der Parameter state kommt mehrmals vor.",
		"/authorize?client_id=none":             "Die Registrierung des Clients ist hier nicht bekannt oder abgelaufen.",
	} {
		if a := ada.get(where); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.Text, want) {
			t.Errorf("%s: %d, want %q\n%s", where, a.StatusCode, want, a.Text)
		}
	}
	if a := ada.get("/admin/assignments"); !strings.Contains(a.Text, ">Person<") || strings.Contains(a.Text, ">user<") {
		t.Errorf("who is assigned to in German:\n%s", a.Text)
	}
}
