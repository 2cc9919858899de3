package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// posts are all forms of the door, each on a page that shows it to Ada (or, for sign-in, to a stranger).
func posts(v, stranger *visitor, p *program) map[string]*answer {
	v.Helper()
	all := map[string]*answer{"/sign-in": stranger.get("/start"), "/sign-out": v.signIn(v.get("/start"), "ada")}
	all["/authorize/decision"] = v.get(p.authorizeLink(listening))
	all["/device"] = v.get(p.CompleteLink)
	all["/device/decision"] = v.follow(v.submit(all["/device"], "/device"))
	for action, a := range all {
		f, ok := a.Form[action]
		if !ok {
			v.Fatalf("no form for %s", action)
		}
		switch action {
		case "/sign-in":
			f.Values.Set("username", "ada")
			f.Values.Set("password", password)
		case "/authorize/decision":
			f.Values.Set("decision", "allow")
		case "/device/decision":
			f.Values.Set("decision", "approve")
		}
	}
	return all
}

func TestSecurity19FormsAreAnswered303(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	stranger := w.visitor()
	all := posts(v, stranger, p)
	for _, action := range []string{"/authorize/decision", "/device", "/device/decision", "/sign-in"} {
		by := v
		if action == "/sign-in" {
			by = stranger
		}
		if a := by.submit(all[action], action); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") == "" {
			t.Errorf("%s is answered %d", action, a.StatusCode)
		}
	}
	if a := v.submit(v.get("/start"), "/sign-out"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("/sign-out is answered %d", a.StatusCode)
	}
}

func TestSecurity57CSRF(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	v := w.visitor()
	ada, stranger := v, w.visitor()
	all := posts(ada, stranger, p)
	if len(all) != 5 {
		t.Fatalf("%d forms", len(all))
	}
	sessions := func() int {
		n := 0
		for _, name := range []string{"ada", "bob"} {
			s, err := w.db.SessionsOf(t.Context(), user(name, "").ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range s {
				if one.Open(w.clock.Now()) {
					n++
				}
			}
		}
		return n
	}
	if sessions() != 1 {
		t.Fatalf("%d sessions before", sessions())
	}
	refused := func(what, action string, a *answer) {
		t.Helper()
		if a.StatusCode != http.StatusForbidden || a.Header.Get("Location") != "" || len(a.Header["Set-Cookie"]) != 0 {
			t.Errorf("%s: %s is answered %d to %q", action, what, a.StatusCode, a.Header.Get("Location"))
		}
	}
	for action, page := range all {
		if v = ada; action == "/sign-in" {
			v = stranger
		}
		f := page.Form[action].Values
		without := func(csrf ...string) url.Values {
			c := url.Values{"csrf": csrf}
			for k, vs := range f {
				if k != "csrf" {
					c[k] = vs
				}
			}
			return c
		}
		refused("no token", action, v.do(http.MethodPost, action, without()))
		for _, bad := range []string{"", "x", "AAAA", strings.Repeat("A", 43), f.Get("csrf") + "A"} {
			refused("token "+bad, action, v.do(http.MethodPost, action, without(bad)))
		}
		for other, o := range all {
			if other != action {
				refused("the token of "+other, action, v.do(http.MethodPost, action, without(o.Form[other].Values.Get("csrf"))))
			}
		}
		for what, header := range map[string]http.Header{
			"another site":      {"Sec-Fetch-Site": {"cross-site"}},
			"a sister site":     {"Sec-Fetch-Site": {"same-site"}},
			"a foreign origin":  {"Origin": {"https://evil.example"}},
			"another port":      {"Origin": {"http://127.0.0.1:1"}},
			"another site null": {"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
		} {
			v.header = header
			refused("from "+what, action, v.do(http.MethodPost, action, f))
		}
		v.header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"null"}} // as Chromium sends it
	}
	// The token of somebody else's visit is of no use, nor is a visit that was made up.
	other := w.visitor()
	f := other.get("/start").Form["/sign-in"].Values
	f.Set("username", "ada")
	f.Set("password", password)
	refused("another visit's token", "/sign-in", stranger.do(http.MethodPost, "/sign-in", f))
	bare := w.visitor()
	refused("no visit", "/sign-in", bare.do(http.MethodPost, "/sign-in", f))
	bare.header.Set("Cookie", "keyfob-visit=AAAA.AAAA")
	if a := bare.get("/start"); len(a.Header["Set-Cookie"]) != 1 {
		t.Error("a visit that was made up is taken over")
	}
	refused("a visit made up", "/sign-in", bare.do(http.MethodPost, "/sign-in", f))
	visit := other.cookie("keyfob-visit")
	bare.header.Set("Cookie", "keyfob-visit="+visit+"; keyfob-visit="+visit)
	refused("two visits", "/sign-in", bare.do(http.MethodPost, "/sign-in", f))

	if n := sessions(); n != 1 {
		t.Errorf("%d sessions after all that was refused", n)
	}
	p.wantPending()
	// An old browser, or one far away over plain http, says no more than this.
	other.header = http.Header{"Origin": {"null"}}
	if a := other.do(http.MethodPost, "/sign-in", f); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the right form from an old browser is answered %d", a.StatusCode)
	}
}

func TestMethods(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	for path, allow := range map[string]string{
		"/start": "GET, HEAD", "/sign-in": "GET, HEAD, POST", "/sign-out": "POST", "/signed-out": "GET, HEAD", "/continue": "GET, HEAD",
		"/authorize": "GET, HEAD", "/authorize/decision": "POST", "/device": "GET, HEAD, POST", "/device/decision": "POST",
	} {
		a := v.do(http.MethodDelete, path, nil)
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != allow || a.heading() == "" {
			t.Errorf("DELETE %s is answered %d, Allow %q", path, a.StatusCode, a.Header.Get("Allow"))
		}
	}
}

func TestBadForms(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	f := v.get("/start").Form["/sign-in"].Values
	f.Set("username", "ada")
	f.Set("password", password)
	send := func(contentType, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/sign-in", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		res, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	const urlencoded = "application/x-www-form-urlencoded"
	for what, status := range map[string]int{
		"twice":      send(urlencoded, f.Encode()+"&username=eve"),
		"huge":       send(urlencoded, f.Encode()+"&x="+strings.Repeat("x", 1<<20)),
		"percent":    send(urlencoded, f.Encode()+"&x=%zz"),
		"json":       send("application/json", `{"username":"ada"}`),
		"no type":    send("", f.Encode()),
		"text/plain": send("text/plain", f.Encode()),
	} {
		if status != http.StatusBadRequest {
			t.Errorf("%s is answered %d", what, status)
		}
	}
	if status := send(urlencoded+"; charset=utf-8", f.Encode()); status != http.StatusSeeOther {
		t.Errorf("the right form is answered %d", status)
	}
}
