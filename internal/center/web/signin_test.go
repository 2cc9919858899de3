package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPortal(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	if a := v.get("/"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/start" {
		t.Errorf("/ is answered %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	a := v.get("/start")
	if a.StatusCode != http.StatusOK || a.heading() != "Sign in" {
		t.Fatalf("/start is %d %q", a.StatusCode, a.heading())
	}
	a = v.signIn(a, "ada")
	if a.heading() != "Your accounts" {
		t.Fatalf("after signing in: %q", a.heading())
	}
	for _, want := range []string{"Ada Lovelace", "000000000042", "Sandbox", "AdministratorAccess", "111111111111", "Production", "Billing", "ReadOnly", "PowerUserAccess", "Analytical Engines"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("the portal does not show %q", want)
		}
	}
	if n := strings.Count(a.Text, `<li class="account" `); n != 3 {
		t.Errorf("the portal shows %d accounts, want 3", n)
	}
	a = v.follow(v.submit(a, "/sign-out"))
	if a.heading() != "You are signed out" {
		t.Errorf("after signing out: %q", a.heading())
	}
	if a := v.get("/start"); a.heading() != "Sign in" {
		t.Errorf("the portal then: %q", a.heading())
	}
}

// Two command lines open two tabs; signing in once is enough for both.
func TestTwoTabs(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	one, two := v.get("/start"), v.get(p.authorizeLink(listening))
	v.signIn(one, "ada")
	session := v.cookie("keyfob-session")
	a := v.follow(v.submit(two, "/sign-in", "username", "bob", "password", "whatever it is"))
	if a.heading() != "Allow AWS CLI to act for you?" || v.cookie("keyfob-session") != session || !strings.Contains(a.Text, "Ada Lovelace") {
		t.Errorf("the second tab shows %q", a.heading())
	}
}

func TestPortalPages(t *testing.T) {
	w := newWorld(t)
	o := organisation()
	for i := range 120 {
		id := fmt.Sprintf("9%011d", i)
		o.Accounts = append(o.Accounts, account(id))
		o.Assignments = append(o.Assignments, assign(id, "ps-2", "bob"))
	}
	if err := w.db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	v := w.visitor()
	a := v.signIn(v.get("/start"), "bob")
	seen := map[string]bool{}
	next := regexp.MustCompile(`href="(/start\?page=[^"]*)">More accounts`)
	for range 4 {
		for _, m := range regexp.MustCompile(`<code>(9\d{11})</code>`).FindAllStringSubmatch(a.Text, -1) {
			seen[m[1]] = true
		}
		m := next.FindStringSubmatch(a.Text)
		if m == nil {
			break
		}
		a = v.get(strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	if len(seen) != 120 {
		t.Errorf("the pages show %d accounts, want 120", len(seen))
	}
	if a := v.get("/start?page=nonsense"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a made-up page is answered %d", a.StatusCode)
	}
}

// AWS CLI 2.35.13 and later ask with HEAD whether the start URL leads to an AWS-owned name.
func TestHeadOnStartURLLeadsToAnAWSName(t *testing.T) {
	w := newWorld(t)
	a := w.visitor().do(http.MethodHead, "/start", nil)
	if want := "https://ssoins-0123456789abcdef.portal.eu-west-1.app.aws/start"; a.StatusCode != http.StatusFound || a.Header.Get("Location") != want {
		t.Errorf("HEAD is answered %d to %q, want 302 to %s", a.StatusCode, a.Header.Get("Location"), want)
	}
	if a := w.visitor().get("/start"); a.StatusCode != http.StatusOK {
		t.Errorf("GET is answered %d", a.StatusCode)
	}
}

func TestSecurity46SignInAnswersAlike(t *testing.T) {
	w := newWorld(t)
	answers := map[string]string{}
	for _, login := range []string{"ada", "nobody", "ada\u202e", strings.Repeat("x", 300)} {
		v := w.visitor()
		a := v.submit(v.get("/start"), "/sign-in", "username", login, "password", "wrong horse")
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%.20q is answered %d", login, a.StatusCode)
		}
		if !strings.Contains(a.Text, `role="alert"`) || !strings.Contains(a.Text, "<title>Error: Sign in") {
			t.Error("the refusal is not announced")
		}
		if len(a.Header["Set-Cookie"]) != 0 {
			t.Errorf("a refusal sets %q", a.Header["Set-Cookie"])
		}
		text := regexp.MustCompile(`value="[^"]*"`).ReplaceAllString(a.Text, "")
		answers[text] += login + " "
	}
	if len(answers) != 1 {
		t.Errorf("refusals can be told apart: %d kinds", len(answers))
	}
	if strings.Contains(w.log.String(), "nobody") {
		t.Error("what was typed is in the log")
	}
}

func TestSecurity47ThrottledSignInSaysWhen(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	a := v.get("/start")
	for range 5 {
		a = v.submit(a, "/sign-in", "username", "ada", "password", "wrong horse")
	}
	w.clock.Advance(time.Second)
	v.submit(a, "/sign-in", "username", "ada", "password", "wrong horse")
	b := v.submit(a, "/sign-in", "username", "ada", "password", password)
	if b.StatusCode != http.StatusTooManyRequests || b.Header.Get("Retry-After") != "2" || !strings.Contains(b.Text, "wait 2 seconds") {
		t.Errorf("answered %d, Retry-After %q:\n%s", b.StatusCode, b.Header.Get("Retry-After"), b.Text)
	}
	w.clock.Advance(2 * time.Second)
	if b := v.submit(a, "/sign-in", "username", "ada", "password", password); b.StatusCode != http.StatusSeeOther {
		t.Errorf("after waiting: %d", b.StatusCode)
	}
}

// A stranger who hammers at an account does not keep its owner out of the browser they always use.
func TestSecurity47KnownBrowserGetsIn(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.submit(v.signIn(v.get("/start"), "ada"), "/sign-out")
	stranger := w.visitor()
	a := stranger.get("/start")
	for range 8 {
		stranger.submit(a, "/sign-in", "username", "ada", "password", "wrong horse")
	}
	if b := stranger.submit(a, "/sign-in", "username", "ada", "password", password); b.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("the stranger is answered %d", b.StatusCode)
	}
	if a := v.signIn(v.get("/start"), "ada"); a.heading() != "Your accounts" {
		t.Errorf("the owner sees %q", a.heading())
	}
}

func TestSecurity48SessionIsNewAtSignIn(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	page := v.get("/start")
	u, _ := url.Parse(w.URL)
	v.client.Jar.SetCookies(u, []*http.Cookie{{Name: "keyfob-session", Value: "planted-by-an-attacker", Path: "/"}})
	v.signIn(page, "ada")
	first := v.cookie("keyfob-session")
	if first == "" || first == "planted-by-an-attacker" {
		t.Fatalf("the session cookie is %q", first)
	}
	if v.cookie("keyfob-visit") != "" {
		t.Error("the visit outlived the sign-in")
	}
	v.submit(v.get("/start"), "/sign-out")
	if v.cookie("keyfob-session") != "" {
		t.Error("signing out leaves the cookie")
	}
	v.signIn(v.get("/start"), "ada")
	if again := v.cookie("keyfob-session"); again == "" || again == first {
		t.Errorf("the second session's cookie is %q", again)
	}
}

func TestSecurity49Cookies(t *testing.T) {
	for _, c := range []struct{ base, prefix, secure string }{{"", "keyfob-", ""}, {"https://center.example", "__Host-keyfob-", "; Secure"}} {
		w := newWorldAt(t, c.base)
		page := w.visitor().get("/start")
		visit := page.Header["Set-Cookie"]
		if len(visit) != 1 || !regexp.MustCompile(`^`+c.prefix+`visit=[\w-]{43}\.[\w-]{43}; Path=/; HttpOnly`+c.secure+`; SameSite=Lax$`).MatchString(visit[0]) {
			t.Errorf("before signing in: %q", visit)
		}
		v := w.visitor()
		name, value, _ := strings.Cut(strings.SplitN(visit[0], ";", 2)[0], "=")
		v.header.Set("Cookie", name+"="+value)
		in := v.submit(page, "/sign-in", "username", "ada", "password", password).Header["Set-Cookie"]
		patterns := []string{
			`^` + c.prefix + `session=[\w-]{43}; Path=/; Max-Age=28800; HttpOnly` + c.secure + `; SameSite=Lax$`,
			`^` + c.prefix + `browser=[\w-]{80,400}; Path=/; Max-Age=31536000; HttpOnly` + c.secure + `; SameSite=Lax$`,
			`^` + c.prefix + `visit=; Path=/; Max-Age=0; HttpOnly` + c.secure + `; SameSite=Lax$`,
		}
		if len(in) != len(patterns) {
			t.Fatalf("signing in sets %q", in)
		}
		for i, p := range patterns {
			if !regexp.MustCompile(p).MatchString(in[i]) {
				t.Errorf("signing in sets %q, want %s", in[i], p)
			}
		}
		if warned := strings.Contains(page.Text, "not encrypted"); warned != (c.base == "") {
			t.Errorf("at %q, warned of plain http: %v", c.base, warned)
		}
	}
}

func TestSecurity50SignOutEndsTheSessionOnTheServer(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	a := v.signIn(v.get("/start"), "ada")
	stolen := v.cookie("keyfob-session")
	thief := w.visitor()
	thief.header.Set("Cookie", "keyfob-session="+stolen)
	if a := thief.get("/start"); a.heading() != "Your accounts" {
		t.Fatalf("the cookie alone shows %q", a.heading())
	}
	v.submit(a, "/sign-out")
	if a := thief.get("/start"); a.heading() != "Sign in" {
		t.Errorf("after signing out the cookie still shows %q", a.heading())
	}

	v.signIn(v.get("/start"), "ada")
	w.clock.Advance(61 * time.Minute)
	if a := v.get("/start"); a.heading() != "Sign in" {
		t.Errorf("after an idle hour: %q", a.heading())
	}
}
