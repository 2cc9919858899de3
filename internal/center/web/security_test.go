package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/flow"
)

// pages are one of each page, by what it is.
func (w *world) pages() map[string]*answer {
	w.Helper()
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	all := map[string]*answer{"sign-in": v.get("/start"), "signed out": v.get("/signed-out"), "bad request": v.get("/authorize"), "expired": v.get("/continue?return=x")}
	all["wrong password"] = v.submit(all["sign-in"], "/sign-in", "username", "ada", "password", "wrong horse")
	all["redirect"] = v.submit(all["sign-in"], "/sign-in", "username", "ada", "password", password)
	all["portal"] = v.follow(all["redirect"])
	all["consent"] = v.get(p.authorizeLink(listening))
	all["redirect with code"] = v.submit(all["consent"], "/authorize/decision", "decision", "allow")
	all["device code"] = v.get(p.CompleteLink)
	all["wrong code"] = v.submit(all["device code"], "/device", "user_code", "x")
	all["device confirm"] = v.follow(v.submit(all["device code"], "/device", "user_code", p.UserCode))
	all["device result"] = v.follow(v.submit(all["device confirm"], "/device/decision", "decision", "approve"))
	all["forbidden"] = v.do(http.MethodPost, "/sign-out", url.Values{})
	all["not found"] = v.get("/nothing/here")
	all["method"] = v.do(http.MethodPut, "/start", nil)
	all["no form"] = v.do(http.MethodPost, "/sign-in", nil)
	all["head"] = v.do(http.MethodHead, "/start", nil)
	for what, status := range map[string]int{
		"sign-in": 200, "signed out": 200, "bad request": 400, "expired": 400, "wrong password": 403, "redirect": 303, "portal": 200, "consent": 200,
		"redirect with code": 303, "device code": 200, "wrong code": 400, "device confirm": 200, "device result": 200, "forbidden": 403,
		"not found": 404, "method": 405, "no form": 400, "head": 302,
	} {
		if a := all[what]; a == nil || a.StatusCode != status {
			w.Fatalf("%s: %+v, want %d", what, a, status)
		}
	}
	return all
}

func TestSecurity58Headers(t *testing.T) {
	w := newWorld(t)
	all := w.pages()
	v := w.visitor()
	for _, path := range []string{"/assets/none.css", styleOf(all["sign-in"])} {
		all[path] = v.get(path)
	}
	for what, a := range all {
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", what, name, got, want)
			}
		}
		csp := a.Header.Get("Content-Security-Policy")
		want := "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
		if what == "consent" {
			want = strings.Replace(want, "form-action 'self'", "form-action 'self' http://127.0.0.1:40545", 1)
		}
		if csp != want {
			t.Errorf("%s: the policy is\n%s, want\n%s", what, csp, want)
		}
		for _, inline := range []string{"<script", "<style", " style=", " onclick", "javascript:"} {
			if strings.Contains(strings.ToLower(ownScript().ReplaceAllString(a.Text, "")), inline) {
				t.Errorf("%s contains %s", what, inline)
			}
		}
	}
	for base, want := range map[string]string{"https://center.example": "max-age=31536000", "https://localhost:8443": "", "https://127.0.0.1:8443": "", "https://[::1]:8443": ""} {
		if got := newWorldAt(t, base).visitor().get("/start").Header.Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: HSTS is %q, want %q", base, got, want)
		}
	}
}

// ownScript is the one script that pages have, which is a file.
func ownScript() *regexp.Regexp {
	return regexp.MustCompile(`<script src="/assets/app-[0-9a-f]{16}\.js" defer></script>`)
}

func styleOf(a *answer) string {
	_, s, _ := strings.Cut(a.Text, `<link rel="stylesheet" href="`)
	s, _, _ = strings.Cut(s, `"`)
	return s
}

func TestSecurity62NoStore(t *testing.T) {
	w := newWorld(t)
	all := w.pages()
	for what, a := range all {
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", what, got)
		}
	}
	v := w.visitor()
	style := v.get(styleOf(all["sign-in"]))
	if style.StatusCode != http.StatusOK || style.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(style.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the stylesheet is answered %d, %v", style.StatusCode, style.Header)
	}
	if a := v.get("/assets/none.css"); a.StatusCode != http.StatusNotFound || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("no stylesheet is answered %d, %q", a.StatusCode, a.Header.Get("Cache-Control"))
	}
}

func TestSecurity64NoCORS(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.header = http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}}
	for _, path := range []string{"/start", "/sign-in", "/authorize", "/device", "/device/decision", "/continue"} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			a := v.do(method, path, nil)
			if method == http.MethodOptions && a.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("OPTIONS %s is answered %d", path, a.StatusCode)
			}
			for name := range a.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: %s is %q", method, path, name, a.Header[name])
				}
			}
		}
	}
}

// No secret is anywhere but in cookies, and the code only in the redirect that delivers it.
func TestSecurity37NothingSecretInPagesAndAddresses(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	p := w.program("AWS CLI", registered)
	a := v.get(p.authorizeLink(listening))
	a = v.submit(a, "/sign-in", "username", "ada", "password", password)
	where := a.Header.Get("Location")
	a = v.follow(a)
	session, browser := v.cookie("keyfob-session"), v.cookie("keyfob-browser")
	if session == "" || browser == "" {
		t.Fatal("no cookies")
	}
	b := v.submit(a, "/authorize/decision", "decision", "allow")
	u, err := b.Location()
	if err != nil || u.Query().Get("code") == "" {
		t.Fatal(u, err)
	}
	if b.Text != "" {
		t.Errorf("the redirect has a body: %q", b.Text)
	}
	for _, secret := range []string{session, browser, password, u.Query().Get("code")} {
		for what, text := range map[string]string{"page": a.Text, "address": where, "log": w.log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s contains a secret: %s", what, text)
			}
		}
	}
	if strings.Contains(u.String(), session) || strings.Contains(where, "127.0.0.1") || strings.Contains(where, p.id) {
		t.Errorf("addresses say too much: %s, %s", where, u)
	}
}

func TestSecurity60NoOpenRedirect(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{
		"//evil.example", "/\\evil.example", "%2f%2fevil.example", "https://evil.example", "/start", "javascript:alert(1)", "\r\nSet-Cookie: a=b",
	} {
		v := w.visitor()
		page := v.get("/start")
		for what, a := range map[string]*answer{
			"GET":  v.get("/continue?" + url.Values{"return": {to}}.Encode()),
			"POST": v.submit(page, "/sign-in", "username", "ada", "password", password, "return", to),
		} {
			if a.StatusCode != http.StatusBadRequest || a.Header.Get("Location") != "" || len(a.Header["Set-Cookie"]) != 0 {
				t.Errorf("%s with %q is answered %d to %q", what, to, a.StatusCode, a.Header.Get("Location"))
			}
			if strings.Contains(a.Text, "evil") {
				t.Errorf("%s with %q repeats it", what, to)
			}
		}
	}
	// The paths people try do not become redirects either.
	for _, path := range []string{"//evil.example", "/start//evil.example", "/%2f%2fevil.example", "/\\evil.example"} {
		a := w.visitor().get(w.URL + path)
		if to := a.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\") || strings.HasPrefix(to, "http") {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	v := w.visitor()
	page := v.get(w.program("AWS CLI", registered).authorizeLink(listening))
	w.clock.Advance(flow.Lifetime)
	if a := v.submit(page, "/sign-in", "username", "ada", "password", password); a.StatusCode != http.StatusBadRequest || a.heading() != "This page has expired" {
		t.Errorf("an old page is answered %d %q", a.StatusCode, a.heading())
	}
}

func TestSecurity61TextFromOutsideIsEscapedAndVisible(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered).rename("<script>alert(1)</script>\u202egnp.exe\u200b\u2066\"'><svg onload=alert(1)>")
	p.startDevice()
	v := w.visitor()
	in := v.submit(v.get("/start"), "/sign-in", "username", `"><script>alert(3)</script>`, "password", "wrong horse")
	home := v.signIn(v.get("/start"), "eve")
	for what, a := range map[string]*answer{
		"sign-in": in, "portal": home, "sign-in for it": w.visitor().get(p.authorizeLink(listening)), "consent": v.get(p.authorizeLink(listening)),
		"confirm": v.follow(v.submit(v.get(p.CompleteLink), "/device")), "code": v.get("/device?user_code=" + url.QueryEscape(`"><script>alert(4)</script>`)),
		"404": v.get("/<script>alert(5)</script>"),
	} {
		for _, bad := range []string{"<script", "<svg onload", "\u202e", "\u200b", "\u2066"} {
			if strings.Contains(ownScript().ReplaceAllString(a.Text, ""), bad) {
				t.Errorf("%s contains %q:\n%s", what, bad, a.Text)
			}
		}
	}
	for _, want := range []string{"&lt;svg onload=alert(1)&gt;⟨U&#43;202E⟩evil", "&lt;/h2&gt;&lt;script&gt;alert(2)&lt;/script&gt;⟨U&#43;200B⟩"} {
		if !strings.Contains(home.Text, want) {
			t.Errorf("the portal does not show %s", want)
		}
	}
}

func TestSecurity74BannerOnEveryPage(t *testing.T) {
	w := newWorld(t)
	w.door.Banner = "Test powers <on>"
	shown := 0
	for what, a := range w.pages() {
		if a.Text == "" {
			continue // a redirect
		}
		if shown++; !strings.Contains(a.Text, "Test powers &lt;on&gt;") {
			t.Errorf("%s has no banner", what)
		}
	}
	if shown < 12 {
		t.Errorf("only %d pages were looked at", shown)
	}
	if a := newWorld(t).visitor().get("/start"); strings.Contains(a.Text, `class="banner"`) {
		t.Error("there is a banner without a reason")
	}
}

// What goes wrong inside is logged with the request's id, and shown as that id only.
func TestInternalErrors(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.signIn(v.get("/start"), "ada")
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	a := v.get("/start")
	if a.StatusCode != http.StatusInternalServerError || !strings.Contains(a.Text, "req-1") || strings.Contains(a.Text, "sql") {
		t.Errorf("answered %d:\n%s", a.StatusCode, a.Text)
	}
	if !strings.Contains(w.log.String(), "request_id=req-1") || !strings.Contains(w.log.String(), "sql") {
		t.Errorf("logged %q", w.log)
	}
	w.clock.Advance(time.Second)
}
