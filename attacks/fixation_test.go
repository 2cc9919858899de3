package attacks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"keyfob/centertest"
)

// Session fixation and login CSRF (CWE-384; RFC 6265 section 8.6).
//
// Who: somebody who can put cookies into ada's browser: another program on her machine that serves pages of
// 127.0.0.1, a sister host, a shared browser they sat at before. What they want: to be signed in as ada, by knowing
// the cookie before she signs in; or that ada works, unaware, in their session. How: they plant their cookies, sign
// her in with a form of their own, or keep a copy of the cookie for later.
//
// What holds them off (48, 49, 50, 57): signing in makes a session that nobody has known before and ends whatever
// the browser had; so does giving the password again, and changing it. A form works in the browser only that it was
// shown to.
func TestAttackSessionFixation(t *testing.T) {
	center := centertest.New(t)
	home, err := url.Parse(center.URL)
	if err != nil {
		t.Fatal(err)
	}
	start := center.URL + "/start"
	in := func(b *browser) bool {
		a := b.follow(b.get(start))
		return a.StatusCode == http.StatusOK && strings.Contains(a.body, "Production")
	}
	// with is a browser that has these cookies, as whoever knows them has.
	with := func(t *testing.T, cookies []*http.Cookie) *browser {
		t.Helper()
		b := newBrowser(t)
		b.client.Jar.SetCookies(home, cookies)
		return b
	}
	cookies := func(b *browser) []*http.Cookie { return b.client.Jar.Cookies(home) }

	t.Run("a cookie from before she signs in", func(t *testing.T) {
		attacker := newBrowser(t)
		attacker.follow(attacker.get(start))
		planted := cookies(attacker)
		if len(planted) == 0 {
			t.Fatal("there is nothing to plant")
		}
		her := with(t, planted)
		her.signIn(start, "ada", centertest.Password)
		if !in(her) {
			t.Fatal("ada cannot sign in")
		}
		if in(attacker) || in(with(t, planted)) {
			t.Error("what was planted is signed in with her")
		}
	})
	t.Run("a session of somebody else's", func(t *testing.T) {
		attacker := newBrowser(t)
		attacker.signIn(start, "grace", centertest.Password)
		planted := cookies(attacker)
		her := with(t, planted)
		her.get(center.URL + "/sign-in")
		a := her.follow(her.get(start))
		if !strings.Contains(a.body, "Grace") {
			t.Error("the page does not say who is signed in")
		}
		action, fields, _ := a.form(url.Values{"csrf": nil}) // she signs out, and in as herself
		her.follow(her.post(action, fields))
		her.signIn(start, "ada", centertest.Password)
		if !in(her) || in(attacker) {
			t.Errorf("ada is signed in: %v, the planted cookie as well: %v", in(her), in(attacker))
		}
	})
	t.Run("made-up cookies", func(t *testing.T) {
		real := newBrowser(t)
		real.signIn(start, "ada", centertest.Password)
		for _, c := range cookies(real) {
			for _, value := range []string{"", "x", "0", "ada", strings.Repeat("A", len(c.Value)), c.Value[:len(c.Value)-1], c.Value + "A", strings.ToUpper(c.Value)} {
				if value != c.Value && in(with(t, []*http.Cookie{{Name: c.Name, Value: value}})) {
					t.Errorf("%s=%q is signed in", c.Name, value)
				}
			}
		}
	})
	t.Run("a form that signs her in as them", func(t *testing.T) {
		attacker, her := newBrowser(t), newBrowser(t)
		page := attacker.follow(attacker.get(start))
		action, fields, ok := page.form(url.Values{"username": nil})
		if !ok {
			t.Fatal("no form to sign in")
		}
		fields.Set("username", "grace")
		fields.Set("password", centertest.Password)
		her.follow(her.get(start)) // she has been there
		req := her.request(http.MethodPost, action, "application/x-www-form-urlencoded", fields.Encode())
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := her.do(req); a.StatusCode != http.StatusForbidden || in(her) {
			t.Errorf("the form of another site is answered %d", a.StatusCode)
		}
		if a := her.post(action, fields); a.StatusCode != http.StatusForbidden || in(her) {
			t.Errorf("the form that was shown to another browser is answered %d", a.StatusCode)
		}
	})
	t.Run("a copy of the cookie", func(t *testing.T) {
		for what, do := range map[string]func(*testing.T, *browser){
			"signing out": func(_ *testing.T, b *browser) {
				action, fields, _ := b.get(start).form(url.Values{"csrf": nil})
				b.follow(b.post(action, fields))
			},
			"giving the password again": func(t *testing.T, b *browser) {
				t.Helper()
				center.Advance(11 * 60e9)
				a := b.follow(b.get(center.URL + "/profile/password"))
				b.follow(b.submit(a, url.Values{"password": {centertest.Password}}))
			},
		} {
			her := newBrowser(t)
			her.signIn(start, "ada", centertest.Password)
			copied := with(t, cookies(her))
			if !in(copied) {
				t.Fatal("the copy is not one")
			}
			do(t, her)
			if in(copied) {
				t.Errorf("after %s the copy still works", what)
			}
		}
	})
	t.Run("a cookie that goes astray", func(t *testing.T) {
		b := newBrowser(t)
		a := b.follow(b.get(start))
		a = b.submit(a, url.Values{"username": {"ada"}, "password": {centertest.Password}})
		set := 0
		for _, c := range a.Cookies() {
			if c.MaxAge < 0 {
				continue
			}
			set++
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || c.Domain != "" || c.Path != "/" {
				t.Errorf("cookie %s", c.Raw)
			}
		}
		if set == 0 {
			t.Error("no cookie was set")
		}
	})
}
