package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"keyfob/internal/wire"
)

const ofReadOnly = "/keys?account=111111111111&role=ReadOnly"

// minted counts the credentials that the audit log knows of, by outcome.
func (w *world) minted() map[string]int {
	w.Helper()
	all, err := w.db.AuditEvents(w.Context(), 1000)
	if err != nil {
		w.Fatal(err)
	}
	n := map[string]int{}
	for _, e := range all {
		if e.Name == "GetRoleCredentials" {
			n[e.Outcome]++
			for _, v := range e.Detail {
				if strings.HasPrefix(v, "ASIA") {
					w.Error("an access key is in the audit log")
				}
			}
		}
	}
	return n
}

func TestSecurity66CredentialsOnlyByAPostWithItsTokenAndAudited(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.signIn(v.get("/start"), "ada")
	a := v.get(ofReadOnly)
	for _, want := range []string{w.URL + "/start", "eu-west-1", "sso_role_name = ReadOnly", "[services Analytical-Engines]", "endpoint_url = " + w.URL} {
		if !strings.Contains(html.UnescapeString(a.Text), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(a.Text, "ASIA") || len(w.minted()) != 0 {
		t.Error("looking made credentials")
	}
	form := url.Values{"account": {"111111111111"}, "role": {"ReadOnly"}}
	for what, values := range map[string]url.Values{
		"no token": form, "the token of another form": {"account": form["account"], "role": form["role"], "csrf": {a.Form["/console"].Values.Get("csrf")}},
	} {
		if b := v.do(http.MethodPost, "/keys", values); b.StatusCode != http.StatusForbidden || strings.Contains(b.Text, "ASIA") {
			t.Errorf("%s: %d", what, b.StatusCode)
		}
	}
	v.header.Set("Sec-Fetch-Site", "cross-site")
	if b := v.submit(a, "/keys"); b.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", b.StatusCode)
	}
	v.header.Set("Sec-Fetch-Site", "same-origin")
	for what, fields := range map[string][]string{
		"role of nobody": {"role", "Nothing"}, "account of nobody": {"account", "333333333333"}, "role of another account": {"role", "AdministratorAccess"},
	} {
		if b := v.submit(v.get(ofReadOnly), "/keys", fields...); b.StatusCode != http.StatusForbidden || b.heading() != "You have no access to that" || strings.Contains(b.Text, "ASIA") {
			t.Errorf("%s: %d %q", what, b.StatusCode, b.heading())
		}
		if b := v.submit(v.get(ofReadOnly), "/console", fields...); b.StatusCode != http.StatusForbidden {
			t.Errorf("%s on the console: %d", what, b.StatusCode)
		}
	}
	if got := w.minted(); got["success"] != 0 || got["refused"] != 6 {
		t.Errorf("the audit log has %v", got)
	}
	b := v.submit(a, "/keys")
	if b.StatusCode != http.StatusOK || b.Header.Get("Cache-Control") != "no-store" || w.minted()["success"] != 1 {
		t.Errorf("answered %d, %q; the log has %v", b.StatusCode, b.Header.Get("Cache-Control"), w.minted())
	}
	id, token := value(t, b, "value-0"), value(t, b, "value-2")
	if k, err := w.minter.Open(id, wire.Secret(token)); err != nil || k.Account != "111111111111" || k.PermissionSet != "ReadOnly" || k.Secret.Reveal() != value(t, b, "value-1") {
		t.Errorf("the credentials open as %+v, %v", k.Identity, err)
	}
	if strings.Contains(w.log.String(), value(t, b, "value-1")) {
		t.Error("the secret is in the log")
	}
	c := v.submit(a, "/console")
	if c.StatusCode != http.StatusSeeOther || !strings.HasPrefix(c.Header.Get("Location"), "/federation?") || w.minted()["success"] != 2 {
		t.Errorf("the console is answered %d to %q", c.StatusCode, c.Header.Get("Location"))
	}
	if c = v.follow(c); c.heading() != "Federated session" || !strings.Contains(c.Text, "AWSReservedSSO_ReadOnly_") {
		t.Errorf("the console is %q", c.heading())
	}
	// A link to the page survives signing in.
	v = w.visitor()
	if a = v.signIn(v.get(ofReadOnly), "ada"); a.heading() != "Access keys of ReadOnly" {
		t.Errorf("after signing in: %q", a.heading())
	}
}

// value is the text of the element with an id.
func value(t *testing.T, a *answer, id string) string {
	t.Helper()
	m := regexp.MustCompile(`<code id="` + id + `">([^<]*)</code>`).FindStringSubmatch(a.Text)
	if m == nil {
		t.Fatalf("the page has no %s", id)
	}
	return html.UnescapeString(m[1])
}

// What the page shows for sh is what sh makes of it.
func TestEnvironmentLinesInAShell(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.signIn(v.get("/start"), "ada")
	b := v.submit(v.get(ofReadOnly), "/keys")
	script := value(t, b, "env-posix") + `printf '%s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"`
	out, err := exec.Command("/bin/sh", "-eu", "-c", script).CombinedOutput()
	if want := fmt.Sprintf("%s\n%s\n%s\n", value(t, b, "value-0"), value(t, b, "value-1"), value(t, b, "value-2")); err != nil || string(out) != want {
		t.Errorf("sh says %q, %v, want %q", out, err, want)
	}
}

func TestPortalSearch(t *testing.T) {
	w := newWorld(t)
	w.manyAccounts(1200)
	v := w.visitor()
	v.signIn(v.get("/start"), "bob")
	find := func(q string) []string {
		t.Helper()
		var all []string
		path := "/start?" + url.Values{"q": {q}}.Encode()
		for range 30 {
			a := v.get(path)
			if a.StatusCode != http.StatusOK || strings.Contains(a.Text, "<script>") {
				t.Fatalf("%q is answered %d", q, a.StatusCode)
			}
			for _, m := range regexp.MustCompile(`<code>(\d{12})</code>`).FindAllStringSubmatch(a.Text, -1) {
				all = append(all, m[1])
			}
			m := regexp.MustCompile(`href="(/start\?page=[^"]*)">More accounts`).FindStringSubmatch(a.Text)
			if m == nil {
				break
			}
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
		return all
	}
	for q, want := range map[string]int{
		"": 1200, "ACCOUNT 90000000": 1200, "900000001199": 1, "account 00001199": 1, "0000011": 111, "nothing": 0, "<script>": 0, "production": 0,
		"auditor": 1, "AUDITOR 900000001198": 1, "auditor 900000001199": 0, "guest readonly": 1199, " 900000000000  ": 1, strings.Repeat("x", 500): 0, "\x00\xff": 0,
	} {
		if got := len(find(q)); got != want {
			t.Errorf("%q finds %d, want %d", q, got, want)
		}
	}
	// A page of one search is none of another person's.
	a := v.get("/start?q=account")
	m := regexp.MustCompile(`href="(/start\?page=[^"]*)">More accounts`).FindStringSubmatch(a.Text)
	ada := w.visitor()
	ada.signIn(ada.get("/start"), "ada")
	if b := ada.get(strings.ReplaceAll(m[1], "&amp;", "&")); b.StatusCode != http.StatusBadRequest {
		t.Errorf("somebody else's page is answered %d", b.StatusCode)
	}
}
