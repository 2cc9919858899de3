package web_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// browser starts a real one, headless. Whoever has none skips these tests, and is told so.
func browser(t *testing.T) *rod.Browser {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIP-TOOL: chromium is not on PATH: nothing was tried in a real browser")
	}
	l := launcher.New().Bin(bin).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("hide-scrollbars")
	control, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(control)
	if err := b.Connect(); err != nil {
		l.Kill()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close()
		l.Kill()
		l.Cleanup()
	})
	return b
}

// tab is one browser tab. Its methods fail the test.
type tab struct {
	*testing.T
	*rod.Page
}

func open(t *testing.T, b *rod.Browser, address string) tab {
	t.Helper()
	p, err := b.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	x := tab{t, p.Context(ctx)}
	x.visit(address)
	return x
}

func (x tab) visit(address string) {
	x.Helper()
	if err := x.Navigate(address); err != nil {
		x.Fatal(err)
	}
	if err := x.WaitLoad(); err != nil {
		x.Fatal(err)
	}
}

// heading waits until the page has the heading.
func (x tab) heading(want string) {
	x.Helper()
	if _, err := x.Timeout(20*time.Second).ElementR("h1", "^"+want); err != nil {
		got, _ := x.HTML()
		x.Fatalf("no heading %q: %v\n%s", want, err, got)
	}
}

func (x tab) fill(selector, text string) {
	x.Helper()
	e, err := x.Element(selector)
	if err == nil {
		err = e.Input(text)
	}
	if err != nil {
		x.Fatal(err)
	}
}

func (x tab) click(selector string) {
	x.Helper()
	e, err := x.Element(selector)
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		x.Fatal(err)
	}
}

func (x tab) signIn() {
	x.Helper()
	x.heading("Sign in")
	x.fill("#username", "ada")
	x.fill("#password", password)
	x.click("button.primary")
}

// listener is a command line that waits for its redirect.
func listener(t *testing.T, network, address string) (redirectURI string, got chan url.Values) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("SKIP-TOOL: this machine has no %s: %v", address, err)
	}
	got = make(chan url.Values, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/callback" {
			if r.Referer() != "" {
				t.Errorf("the redirect carries a referrer: %s", r.Referer())
			}
			got <- r.URL.Query()
			_, _ = rw.Write([]byte("<h1>You may close this window</h1>"))
		}
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL + "/oauth/callback", got
}

func wait(t *testing.T, got chan url.Values) url.Values {
	t.Helper()
	select {
	case q := <-got:
		return q
	case <-time.After(30 * time.Second):
		t.Fatal("the redirect never arrived")
		return nil
	}
}

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
