package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"keyfob/internal/center/flow"
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

// Every form there is wants its token, and no form is taken from another site's page: a new one that
// forgets either is found here. /federation acts on the credentials it is sent, not on cookies.
func TestSecurity57EveryForm(t *testing.T) {
	w := newWorld(t)
	ada, half, stranger := w.administrator(), w.visitor(), w.visitor()
	stranger.get("/start")
	w.app()
	half.signIn(half.get("/start"), "ada")
	if half.cookie("keyfob-half") == "" || stranger.cookie("keyfob-visit") == "" || ada.cookie("keyfob-session") == "" {
		t.Fatal("somebody is not what they should be")
	}
	paths := w.door.Posts()
	if len(paths) < 20 {
		t.Fatalf("%d forms", len(paths))
	}
	body := url.Values{"account": {"111111111111"}, "role": {"ReadOnly"}, "do": {"add-group"}, "name": {"Forged"}, "username": {"ada"}, "password": {password}}
	wants := []string{""} // the page that a form came from, where the token is looked at only after that
	for _, page := range []flow.Page{flow.PageAddApp, flow.PageAddPasskey, flow.PagePassword, flow.PageSecurity} {
		sealed, err := flow.Flow{Keys: w.keys, Clock: w.clock}.Seal(flow.Want{Kind: flow.WantChange, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		wants = append(wants, sealed)
	}
	for _, path := range paths {
		refused := 0
		for who, v := range map[string]*visitor{"ada": ada, "half": half, "stranger": stranger} {
			v.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
			if a := v.do(http.MethodPost, path, body); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s from another site as %s: %d", path, who, a.StatusCode)
			}
			v.header = http.Header{"Sec-Fetch-Site": {"same-origin"}}
			for _, want := range wants {
				body.Set("return", want)
				a := v.do(http.MethodPost, path, body)
				if a.StatusCode == http.StatusForbidden {
					refused++
				}
				if path == "/sign-out" && who != "ada" {
					continue // who is not signed in may stop signing in
				}
				if a.StatusCode == http.StatusOK || len(a.Header["Set-Cookie"]) != 0 {
					t.Errorf("%s without a token as %s: %d, %q", path, who, a.StatusCode, a.Header["Set-Cookie"])
				}
			}
		}
		if refused == 0 && path != "/federation" {
			t.Errorf("%s is not refused to anybody for want of a token", path)
		}
	}
	if o, err := w.db.Organisation(t.Context(), false); err != nil || len(o.Groups) != 1 || len(w.minted()) != 0 {
		t.Errorf("something was done: %v, %v, %v", o.Groups, w.minted(), err)
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
