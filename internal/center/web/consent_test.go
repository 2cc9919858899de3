package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/wire"
)

const (
	registered = "http://127.0.0.1/oauth/callback"
	listening  = "http://127.0.0.1:40545/oauth/callback"
)

// wantPending fails unless the device still waits for an answer.
func (p *program) wantPending() {
	p.w.Helper()
	p.w.clock.Advance(time.Minute / 2)
	if _, err := p.poll(); code(err) != wire.CodeAuthorizationPending {
		p.w.Errorf("polling gives %v, want pending", err)
	}
}

func code(err error) wire.Code {
	if e, ok := err.(*wire.ServiceError); ok { //nolint:errorlint // a nil-safe look
		return e.Code
	}
	return ""
}

func TestAuthorizeToToken(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	a := v.get(p.authorizeLink(listening))
	if a.heading() != "Sign in to let AWS CLI in" {
		t.Errorf("the sign-in page says %q", a.heading())
	}
	a = v.signIn(a, "ada")
	if a.heading() != "Allow AWS CLI to act for you?" {
		t.Fatalf("after signing in: %q", a.heading())
	}
	for _, want := range []string{"See your AWS accounts and roles", "127.0.0.1:40545", "on this computer", "Ada Lovelace", "(ada)", "UTC"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	a = v.submit(a, "/authorize/decision", "decision", "allow")
	u, err := a.Location()
	if a.StatusCode != http.StatusSeeOther || err != nil || !strings.HasPrefix(u.String(), listening+"?") {
		t.Fatalf("allowing is answered %d to %v, %v", a.StatusCode, u, err)
	}
	q := u.Query()
	if q.Get("state") != "st&te=é" || q.Get("iss") != w.URL || len(q) != 3 {
		t.Errorf("the redirect carries %v", q)
	}
	tokens, err := p.redeem(q.Get("code"), listening)
	if err != nil || tokens.AccessToken == "" {
		t.Errorf("redeeming: %v", err)
	}

	a = v.submit(v.get(p.authorizeLink(listening)), "/authorize/decision", "decision", "deny")
	if u, err = a.Location(); err != nil || u.Query().Get("error") != "access_denied" || u.Query().Get("state") != "st&te=é" || u.Query().Has("code") {
		t.Errorf("denying leads to %v, %v", u, err)
	}
}

func TestSecurity14BadRequestsGetAPage(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	for what, link := range map[string]string{
		"unknown client": strings.Replace(p.authorizeLink(listening), "client_id=", "client_id=x", 1),
		"foreign target": p.authorizeLink("https://evil.example/oauth/callback"),
		"no parameters":  "/authorize",
		"repeated":       p.authorizeLink(listening) + "&client_id=x",
	} {
		a := v.get(link)
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" || strings.Contains(a.Text, "evil.example") {
			t.Errorf("%s is answered %d, Location %q", what, a.StatusCode, a.Header.Get("Location"))
		}
		if !strings.Contains(a.Text, "req-1") {
			t.Errorf("%s: the page has no request id", what)
		}
	}
	// What the client got wrong, the client is told, even before anybody signs in.
	a := v.get(strings.Replace(p.authorizeLink(listening), "S256", "plain", 1))
	if u, err := a.Location(); a.StatusCode != http.StatusSeeOther || err != nil || u.Host != "127.0.0.1:40545" || u.Query().Get("error") != "invalid_request" {
		t.Errorf("a bad challenge method is answered %d to %v", a.StatusCode, u)
	}
}

// A yes given once is no yes the next time: nobody can tell one program on a machine from another.
func TestSecurity20ConsentEveryTime(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	v.signIn(v.get("/start"), "ada")
	for range 3 {
		a := v.get(p.authorizeLink(listening))
		if a.StatusCode != http.StatusOK || a.heading() != "Allow AWS CLI to act for you?" {
			t.Fatalf("answered %d %q", a.StatusCode, a.heading())
		}
		if a = v.submit(a, "/authorize/decision", "decision", "allow"); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("allowing is answered %d", a.StatusCode)
		}
	}
}

func TestDeviceToToken(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	a := v.signIn(v.get("/device"), "ada")
	if a.heading() != "Connect a device" {
		t.Fatalf("after signing in: %q", a.heading())
	}
	b := v.submit(a, "/device", "user_code", "BBBB-BBBB")
	if b.StatusCode != http.StatusBadRequest || !strings.Contains(b.Text, `role="alert"`) || !strings.Contains(b.Text, "BBBB-BBBB") {
		t.Errorf("an unknown code is answered %d:\n%s", b.StatusCode, b.Text)
	}
	a = v.submit(b, "/device", "user_code", " "+strings.ToLower(strings.ReplaceAll(p.UserCode, "-", ""))+" ")
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("a good code is answered %d:\n%s", a.StatusCode, a.Text)
	}
	a = v.follow(a)
	p.wantPending()
	if a.heading() != "Connect AWS CLI?" {
		t.Fatalf("the page is %q", a.heading())
	}
	a = v.follow(v.submit(a, "/device/decision", "decision", "approve"))
	if a.heading() != "Your device is connected" {
		t.Errorf("approving shows %q", a.heading())
	}
	if tokens, err := p.poll(); err != nil || tokens.AccessToken == "" {
		t.Errorf("polling: %v", err)
	}
}

func TestDeviceDeny(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	confirm := v.follow(v.submit(v.signIn(v.get(p.CompleteLink), "ada"), "/device"))
	a := v.follow(v.submit(confirm, "/device/decision", "decision", "deny"))
	if a.heading() != "The request was denied" {
		t.Errorf("denying shows %q", a.heading())
	}
	if _, err := p.poll(); code(err) != wire.CodeAccessDenied {
		t.Errorf("polling gives %v", err)
	}
	// It is decided: the same page again changes nothing.
	if a = v.submit(confirm, "/device/decision", "decision", "approve"); a.StatusCode != http.StatusBadRequest || a.heading() != "This code is no longer good" {
		t.Errorf("approving afterwards is answered %d %q", a.StatusCode, a.heading())
	}
}

func TestSecurity22WrongCodesAreThrottled(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	a := v.signIn(v.get("/device"), "ada")
	for range 5 {
		a = v.submit(a, "/device", "user_code", "BBBB-BBBB")
	}
	b := v.submit(a, "/device", "user_code", "BBBB-BBBB")
	if b.StatusCode != http.StatusTooManyRequests || b.Header.Get("Retry-After") != "60" {
		t.Errorf("the sixth wrong code is answered %d, Retry-After %q", b.StatusCode, b.Header.Get("Retry-After"))
	}
}

// Nothing short of the button on the confirmation page approves.
func TestSecurity24OpeningTheLinkApprovesNothing(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	a := v.get(p.CompleteLink)
	p.wantPending()
	a = v.signIn(a, "ada")
	if !strings.Contains(a.Text, `value="`+p.UserCode+`"`) {
		t.Error("the code is not filled in")
	}
	p.wantPending()
	for range 3 {
		v.get(p.CompleteLink)
	}
	p.wantPending()
	confirm := v.follow(v.submit(a, "/device"))
	p.wantPending()
	// Not a guess at the form, not a form without a decision, nor the page before it.
	for what, fields := range map[string]url.Values{
		"no token":         {"decision": {"approve"}, "return": confirm.Form["/device/decision"].Values["return"]},
		"code page's want": {"decision": {"approve"}, "return": a.Form["/device"].Values["return"], "csrf": confirm.Form["/device/decision"].Values["csrf"]},
		"no decision":      confirm.Form["/device/decision"].Values,
		"other decision":   {"decision": {"yes"}, "return": confirm.Form["/device/decision"].Values["return"], "csrf": confirm.Form["/device/decision"].Values["csrf"]},
	} {
		if b := v.do(http.MethodPost, "/device/decision", fields); b.StatusCode != http.StatusForbidden && b.StatusCode != http.StatusBadRequest {
			t.Errorf("%s is answered %d", what, b.StatusCode)
		}
		p.wantPending()
	}
	// Nor whoever is not signed in.
	stranger := w.visitor()
	if b := stranger.follow(stranger.submit(confirm, "/device/decision", "decision", "approve")); b.heading() != "Sign in to connect a device" {
		t.Errorf("a stranger sees %q", b.heading())
	}
	p.wantPending()
}

func TestSecurity25ConfirmationPage(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered).rename("Evil <b>CLI</b>\u202e")
	p.startDevice()
	v := w.visitor()
	w.clock.Advance(42 * time.Second)
	a := v.follow(v.submit(v.signIn(v.get(p.CompleteLink), "ada"), "/device"))
	for what, want := range map[string]string{
		"client name, escaped and visible": "Evil &lt;b&gt;CLI&lt;/b&gt;⟨U&#43;202E⟩",
		"code to compare":                  "<code>" + p.UserCode + "</code>",
		"requesting address":               "203.0.113.77",
		"that the address is another one":  "not the address of this browser",
		"user agent":                       "aws-cli/2.23.6",
		"time":                             "42 seconds ago",
		"scopes":                           "See your AWS accounts and roles",
		"warning":                          "Only continue if you started this yourself.",
		"person":                           "Ada Lovelace",
	} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("the page lacks the %s (%q):\n%s", what, want, a.Text)
		}
	}
}

// The person who decides is the one the page was shown to.
func TestSecurity30PersonCannotBeSwapped(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	home := v.signIn(v.get("/start"), "ada")
	device := v.follow(v.submit(v.get(p.CompleteLink), "/device"))
	consent := v.get(p.authorizeLink(listening))
	v.submit(home, "/sign-out")
	v.signIn(v.get("/start"), "bob")
	for action, page := range map[string]*answer{"/device/decision": device, "/authorize/decision": consent} {
		for _, decision := range []string{"approve", "allow", "deny"} {
			a := v.submit(page, action, "decision", decision)
			if a.StatusCode != http.StatusForbidden || a.heading() != "This page was meant for another sign-in" || a.Header.Get("Location") != "" {
				t.Errorf("%s %s is answered %d %q", action, decision, a.StatusCode, a.heading())
			}
			// The way back shows the request again, to the person who is here now.
			m := regexp.MustCompile(`href="(/continue[^"]*)"`).FindStringSubmatch(a.Text)
			if m == nil {
				t.Fatalf("no way back:\n%s", a.Text)
			}
			if b := v.get(m[1]); !strings.Contains(b.Text, "Bob") || b.heading() != map[string]string{
				"/device/decision": "Connect a device", "/authorize/decision": "Allow AWS CLI to act for you?",
			}[action] {
				t.Errorf("the way back leads to %q", b.heading())
			}
		}
	}
	p.wantPending()
	// Nor with the token of a page of their own: what was looked up in one session is decided in that one.
	other := w.program("other", registered)
	other.startDevice()
	own := v.follow(v.submit(v.get(other.CompleteLink), "/device"))
	mixed := v.submit(own, "/device/decision", "decision", "approve", "return", device.Form["/device/decision"].Values.Get("return"))
	if a := v.follow(mixed); a.heading() != "Connect a device" {
		t.Errorf("the request of another session is answered with %q", a.heading())
	}
	p.wantPending()
	// The same person who signed in again is another session all the same.
	v.submit(v.get("/start"), "/sign-out")
	v.signIn(v.get("/start"), "ada")
	if a := v.submit(device, "/device/decision", "decision", "approve"); a.StatusCode != http.StatusForbidden {
		t.Errorf("an old session's page is answered %d", a.StatusCode)
	}
	p.wantPending()
}
