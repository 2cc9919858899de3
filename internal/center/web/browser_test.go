package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// The whole way, on the real pages, in a browser that enforces form-action on redirects.
func TestBrowserSecurity59AuthorizeReachesTheLoopbackListener(t *testing.T) {
	b := browser(t)
	for _, c := range []struct{ registered, network, address string }{
		{"http://127.0.0.1/oauth/callback", "tcp4", "127.0.0.1:0"},
		{"http://[::1]/oauth/callback", "tcp6", "[::1]:0"},
	} {
		t.Run(c.address, func(t *testing.T) {
			w := newWorld(t)
			uri, got := listener(t, c.network, c.address)
			p := w.program("AWS CLI", c.registered)
			x := open(t, b, w.URL+p.authorizeLink(uri))
			x.signIn()
			x.heading("Allow AWS CLI to act for you?")
			x.click("button[value=allow]")
			x.heading("You may close this window")
			q := wait(t, got)
			if q.Get("state") != "st&te=é" {
				t.Errorf("state is %q", q.Get("state"))
			}
			if _, err := p.redeem(q.Get("code"), uri); err != nil {
				t.Errorf("redeeming: %v", err)
			}
			x.visit(w.URL + p.authorizeLink(uri))
			x.heading("Allow AWS CLI to act for you?")
			x.click("button[value=deny]")
			if q := wait(t, got); q.Get("error") != "access_denied" {
				t.Errorf("denying brings %v", q)
			}
			if strings.Contains(w.log.String(), "level=ERROR") {
				t.Error(w.log)
			}
		})
	}
}

// What the test above shows is worth something only if the browser does hold back a redirect that
// the policy does not name.
func TestBrowserSecurity59OtherRedirectsAreBlocked(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	uri, got := listener(t, "tcp4", "127.0.0.1:0")
	p := w.program("AWS CLI", registered)
	w.spoil = func(h http.Header) {
		csp := h.Get("Content-Security-Policy")
		h.Set("Content-Security-Policy", strings.Replace(csp, " "+strings.TrimSuffix(uri, "/oauth/callback")+";", ";", 1))
	}
	x := open(t, b, w.URL+p.authorizeLink(uri))
	x.signIn()
	x.heading("Allow AWS CLI to act for you?")
	x.click("button[value=allow]")
	select {
	case <-got:
		t.Error("the redirect was followed, although form-action does not name its target")
	case <-time.After(2 * time.Second):
	}
}

func TestBrowserSecurity24DeviceIsApprovedByTheButtonOnly(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	p.startDevice()
	x := open(t, b, w.URL+p.CompleteLink)
	x.signIn()
	x.heading("Connect a device")
	p.wantPending()
	x.click("button.primary")
	x.heading("Connect AWS CLI?")
	p.wantPending()
	x.click("button[value=approve]")
	x.heading("Your device is connected")
	if tokens, err := p.poll(); err != nil || tokens.AccessToken == "" {
		t.Errorf("polling: %v", err)
	}
	// Reloading the last page sends nothing again.
	if err := x.Reload(); err != nil {
		t.Error(err)
	}
	x.heading("Your device is connected")
	x.click(".top button")
	x.heading("You are signed out")
}

// Everything can be done with Tab, Enter and Space, in an order that makes sense.
func TestBrowserKeyboardOnly(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	p := w.program("AWS CLI", registered)
	uri, got := listener(t, "tcp4", "127.0.0.1:0")
	x := open(t, b, w.URL+p.authorizeLink(uri))
	x.heading("Sign in")
	press := func(keys ...input.Key) {
		t.Helper()
		if err := x.Keyboard.Type(keys...); err != nil {
			t.Fatal(err)
		}
	}
	focused := func() string {
		t.Helper()
		v, err := x.Eval(`() => { const e = document.activeElement; return [e.tagName, e.name, e.value].filter(Boolean).join(" ") + (e.matches(":focus-visible") ? "" : " (no ring)") }`)
		if err != nil {
			t.Fatal(err)
		}
		return v.Value.Str()
	}
	write := func(s string) {
		t.Helper()
		if err := x.InsertText(s); err != nil {
			t.Fatal(err)
		}
	}
	if f := focused(); f != "INPUT username" {
		t.Errorf("the page opens on %s", f)
	}
	write("ada")
	press(input.Tab)
	if f := focused(); f != "INPUT password" {
		t.Errorf("then comes %s", f)
	}
	write("wrong horse")
	press(input.Enter)
	if _, err := x.Timeout(20 * time.Second).Element(`[role=alert]`); err != nil {
		t.Fatal("no alert")
	}
	if f := focused(); f != "INPUT password" {
		t.Errorf("after an error the page opens on %s", f)
	}
	if v, err := x.Eval(`() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).innerText`); err != nil || !strings.Contains(v.Value.Str(), "do not match") {
		t.Errorf("the field is described by %v, %v", v, err)
	}
	write(password)
	press(input.Enter)
	x.heading("Allow AWS CLI to act for you?")
	var order []string
	for range 5 {
		press(input.Tab)
		order = append(order, focused())
	}
	if got, want := strings.Join(order, ", "), "A, A, BUTTON, BUTTON decision allow, BUTTON decision deny"; got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}
	press(input.Space) // on Deny
	if q := wait(t, got); q.Get("error") != "access_denied" {
		t.Errorf("the listener got %v", q)
	}

	p.startDevice()
	x.visit(w.URL + "/device")
	x.heading("Connect a device")
	write(p.UserCode)
	press(input.Enter)
	x.heading("Connect AWS CLI?")
	for range 4 {
		press(input.Tab)
	}
	if f := focused(); f != "BUTTON decision approve" {
		t.Fatalf("the fourth stop is %s", f)
	}
	press(input.Enter)
	x.heading("Your device is connected")
	// The first Tab on a page offers to skip the header.
	x.visit(w.URL + "/start")
	press(input.Tab, input.Enter)
	if f := focused(); !strings.HasPrefix(f, "MAIN") {
		t.Errorf("skipping leads to %s", f)
	}
}

// No page is wider than a small phone, and every field and button is large enough for a finger.
func TestBrowserFitsAPhone(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	p := w.program("a-very-long-client-name-without-any-blank-in-it-that-goes-on-and-on-and-on", registered)
	p.startDevice()
	x := open(t, b, "about:blank")
	if err := x.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: 320, Height: 640, DeviceScaleFactor: 1, Mobile: true}); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		v, err := x.Eval(`() => JSON.stringify({
			wide: document.documentElement.scrollWidth,
			small: [...document.querySelectorAll("button, input:not([type=hidden]), .button")].filter(e => e.getBoundingClientRect().height < 36).map(e => e.outerHTML),
			unnamed: [...document.querySelectorAll("input:not([type=hidden])")].filter(e => !e.labels.length).map(e => e.outerHTML),
			h1: document.querySelectorAll("h1").length, lang: document.documentElement.lang, main: document.querySelectorAll("main").length,
		})`)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := v.Value.Str(), `{"wide":320,"small":[],"unnamed":[],"h1":1,"lang":"en","main":1}`; got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	x.visit(w.URL + p.authorizeLink(listening))
	check("sign-in")
	x.signIn()
	x.heading("Allow a-very")
	check("consent")
	x.visit(w.URL + p.CompleteLink)
	check("device code")
	x.click("button.primary")
	x.heading("Connect a-very")
	check("device confirm")
	x.click("button[value=deny]")
	x.heading("The request was denied")
	check("device result")
	x.visit(w.URL + "/start")
	check("portal")
	x.visit(w.URL + "/nothing")
	check("error")
}
