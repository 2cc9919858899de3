package web_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/pquerna/otp/totp"

	"keyfob/internal/center/store"
)

// namedWorld is a center that is reached by a name, as passkeys need it.
func namedWorld(t *testing.T) *world { return newWorldAt(t, "localhost") }

// code is what an app with that secret shows now.
func (w *world) code(secret string) string {
	w.Helper()
	c, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), w.clock.Now())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// authenticator gives the tab a platform authenticator that verifies its user.
func (x tab) authenticator() {
	x.Helper()
	if err := (proto.WebAuthnEnable{}).Call(x); err != nil {
		x.Fatal(err)
	}
	if _, err := (proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
		Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Transport: proto.WebAuthnAuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).Call(x); err != nil {
		x.Fatal(err)
	}
}

func (x tab) text(selector string) (s string) {
	x.Helper()
	x.await(selector, func() error {
		e, err := x.Timeout(time.Second).Element(selector)
		if err == nil {
			s, err = e.Text()
		}
		return err
	})
	return strings.TrimSpace(s)
}

// complaints collects what the browser has to complain about: errors of scripts and of the console,
// violations of the policy, answers that did not arrive. Error pages are not among it.
func (x tab) complaints() *[]string {
	var all []string
	go x.EachEvent(func(e *proto.RuntimeExceptionThrown) {
		all = append(all, "script: "+e.ExceptionDetails.Text)
	}, func(e *proto.RuntimeConsoleAPICalled) {
		all = append(all, fmt.Sprintf("console: %s %v", e.Type, e.Args))
	}, func(e *proto.LogEntryAdded) {
		if e.Entry.Source != proto.LogLogEntrySourceNetwork {
			all = append(all, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
		}
	}, func(e *proto.AuditsIssueAdded) {
		if e.Issue.Code == proto.AuditsInspectorIssueCodeContentSecurityPolicyIssue {
			all = append(all, fmt.Sprintf("policy: %+v", e.Issue.Details.ContentSecurityPolicyIssueDetails))
		}
	})()
	for _, enable := range []interface{ Call(proto.Client) error }{proto.LogEnable{}, proto.AuditsEnable{}, proto.RuntimeEnable{}} {
		if err := enable.Call(x); err != nil {
			x.Fatal(err)
		}
	}
	return &all
}

// axe is the text of axe-core, "" if scripts/setup has not fetched it.
func axe(t *testing.T) string {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", ".cache", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Log("SKIP-TOOL: axe-core is not there (scripts/setup fetches it): accessibility was looked at by our own rules only")
		return ""
	}
	return string(b)
}

// look holds one page against what all pages have in common, at three widths and in both colours.
func (x tab) look(axe, name string) {
	x.Helper()
	x.colours("light")
	for _, width := range []int{1280, 768, 320} {
		if err := x.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: 800, DeviceScaleFactor: 1}); err != nil {
			x.Fatal(err)
		}
		v, err := x.Eval(`() => JSON.stringify({
			wide: document.documentElement.scrollWidth,
			small: [...document.querySelectorAll("button, input:not([type=hidden]):not([type=radio]):not(.unseen), .button")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 36).map(e => e.outerHTML),
			unnamed: [...document.querySelectorAll("input:not([type=hidden])")].filter(e => !e.labels.length).map(e => e.outerHTML),
			h1: document.querySelectorAll("h1").length, lang: document.documentElement.lang, main: document.querySelectorAll("main").length,
		})`)
		if err != nil {
			x.Fatal(err)
		}
		if got, want := v.Value.Str(), fmt.Sprintf(`{"wide":%d,"small":[],"unnamed":[],"h1":1,"lang":"en","main":1}`, width); got != want {
			x.Errorf("%s: %s", name, got)
		}
		x.shoot(fmt.Sprintf("%s-%d", name, width))
	}
	for _, colours := range []string{"light", "dark"} {
		x.colours(colours)
		if colours == "dark" {
			x.shoot(name + "-dark")
		}
		if axe == "" {
			continue
		}
		if _, err := x.Eval("() => {" + axe + "}"); err != nil {
			x.Fatal(err)
		}
		v, err := x.Eval(`async () => JSON.stringify((await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})).violations
			.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" | ")))`)
		if err != nil {
			x.Fatal(err)
		}
		var violations []string
		if err := json.Unmarshal([]byte(v.Value.Str()), &violations); err != nil {
			x.Fatal(err)
		}
		for _, v := range violations {
			x.Errorf("%s (%s): axe: %s", name, colours, v)
		}
	}
}

func (x tab) colours(which string) {
	x.Helper()
	if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{
		{Name: "prefers-color-scheme", Value: which},
		{Name: "prefers-reduced-motion", Value: "reduce"}, // colours that are on their way are none to look at
	}}).Call(x); err != nil {
		x.Fatal(err)
	}
}

// shoot keeps a picture of the page if the test was started with -artifacts.
func (x tab) shoot(name string) {
	x.Helper()
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		return
	}
	b, err := x.Screenshot(true, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
	if err == nil {
		err = os.WriteFile(filepath.Join(x.ArtifactDir(), strings.ReplaceAll(name, " ", "-")+".png"), b, 0o600)
	}
	if err != nil {
		x.Error(err)
	}
}

// Every page, one after the other, as somebody would see them who does everything that can be done.
func TestBrowserEveryPage(t *testing.T) {
	b := browser(t)
	w := namedWorld(t)
	axe := axe(t)
	x := open(t, b, "about:blank")
	if err := (proto.BrowserGrantPermissions{Permissions: []proto.BrowserPermissionType{
		proto.BrowserPermissionTypeClipboardReadWrite, proto.BrowserPermissionTypeClipboardSanitizedWrite,
	}}).Call(b); err != nil {
		t.Fatal(err)
	}
	x.authenticator()
	complaints := x.complaints()
	seen := 0
	look := func(name, heading string) {
		t.Helper()
		x.heading(heading)
		x.look(axe, name)
		seen++
	}
	p := w.program("AWS CLI", registered)
	p.startDevice()

	x.visit(w.URL + "/start")
	look("sign-in", "Sign in")
	x.fill("#username", "ada")
	x.fill("#password", "wrong horse")
	x.click("button.primary")
	x.text("#error")
	look("sign-in refused", "Sign in")
	x.fill("#password", password)
	x.click("button.primary")
	look("portal", "Your accounts")
	x.visit(w.URL + "/start?q=production")
	look("search", "Your accounts")
	x.visit(w.URL + "/start?q=nothing+of+the+kind")
	look("search without a find", "Your accounts")

	x.visit(w.URL + "/keys?account=111111111111&role=ReadOnly")
	look("keys", "Access keys of ReadOnly")
	x.click(".panel button.primary")
	x.text("#env-posix")
	look("credentials", "Access keys of ReadOnly")
	for _, tab := range []string{"cmd", "powershell", "config"} {
		x.click("label[for=tab-" + tab + "]")
		look("credentials "+tab, "Access keys of ReadOnly")
	}
	x.click("#console-head ~ form button")
	look("console", "Federated session")

	x.visit(w.URL + "/profile")
	look("security", "Security")
	x.visit(w.URL + "/profile/app")
	look("add app", "Add an authenticator app")
	secret := x.text("#secret")
	x.fill("#code", "000000")
	x.click("button.primary")
	x.text("#error")
	look("add app refused", "Add an authenticator app")
	if got := x.text("#secret"); got != secret {
		t.Errorf("after a wrong code the secret is %q, was %q", got, secret)
	}
	x.fill("#code", w.code(secret))
	x.fill("#name", "Phone")
	x.click("button.primary")
	look("recovery codes", "Your recovery codes")
	codes := strings.Fields(x.text("#recovery-codes"))
	if len(codes) != 10 {
		t.Fatalf("recovery codes are %q", codes)
	}
	x.click("a.primary")
	x.heading("Security")
	x.visit(w.URL + "/profile/passkey")
	look("add passkey", "Add a passkey")
	x.fill("#passkey-name", "Laptop")
	x.click("form.passkey button")
	look("security with devices", "Security")
	if got := x.text(".rows"); !strings.Contains(got, "Phone") || !strings.Contains(got, "Laptop") {
		t.Errorf("the devices are %s", got)
	}
	x.visit(w.URL + "/profile/password")
	look("password", "Choose a password")
	x.visit(w.URL + "/profile/sessions")
	look("sessions", "Sessions")
	w.clock.Advance(11 * time.Minute)
	x.visit(w.URL + "/profile/app")
	look("confirm", "Confirm that it is you")

	x.visit(w.URL + p.authorizeLink(listening))
	look("consent", "Allow AWS CLI to act for you")
	x.visit(w.URL + "/device?user_code=" + p.UserCode)
	look("device code", "Connect a device")
	p.startDevice()
	x.visit(w.URL + p.CompleteLink)
	x.click("button.primary")
	look("device confirm", "Connect AWS CLI")
	x.click("button[value=approve]")
	look("device result", "Your device is connected")
	x.visit(w.URL + "/nothing")
	look("error", "Page not found")
	x.visit(w.URL + "/start")
	x.click(".top button")
	look("signed out", "You are signed out")

	x.visit(w.URL + "/start")
	x.fill("#username", "ada")
	x.fill("#password", password)
	x.click("button.primary")
	look("second factor", "One more step")
	x.fill("#code", "000000")
	x.click("form[action='/second-factor'] button")
	x.text("#error")
	look("second factor refused", "One more step")

	link, _, err := w.dir.NewLink(t.Context(), user("bob", "").ID, store.LinkInvite)
	if err != nil {
		t.Fatal(err)
	}
	x.visit(w.URL + "/password?link=" + link.Reveal())
	look("invitation", "Welcome")
	x.fill("#password", "chosen by bob")
	x.fill("#again", "chosen by bob")
	x.click("button.primary")
	look("password set", "Your password is set")
	o := organisation()
	o.Instance.MFA = store.MFARequired
	if err := w.db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	x.visit(w.URL + "/start")
	x.click("form.aside button") // half signed in as Ada
	x.heading("You are signed out")
	x.visit(w.URL + "/start")
	x.fill("#username", "bob")
	x.fill("#password", "chosen by bob")
	x.click("button.primary")
	look("enrol", "Set up a second factor")
	if seen != 31 {
		t.Errorf("%d pages were looked at", seen)
	}
	for _, c := range *complaints {
		t.Error(c)
	}
}

// What the test above would say of a page that breaks the rules.
func TestBrowserComplaintsAreHeard(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	x := open(t, b, "about:blank")
	complaints := x.complaints()
	x.visit(w.URL + "/start")
	if _, err := x.Eval(`() => { const s = document.createElement("script"); s.textContent = "1"; document.head.append(s) }`); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if slices.ContainsFunc(*complaints, func(c string) bool { return strings.HasPrefix(c, "policy: ") }) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("an inline script is reported as %q", *complaints)
}

// Passkeys in a browser: as a second factor, alone, to confirm; recovery codes and apps beside them.
func TestBrowserSecurity52PasskeySignsIn(t *testing.T) {
	b := browser(t)
	w := namedWorld(t)
	x := open(t, b, w.URL+"/start")
	x.authenticator()
	x.signIn()
	x.heading("Your accounts")
	x.visit(w.URL + "/profile/passkey")
	x.click("form.passkey button")
	x.heading("Your recovery codes")
	code := strings.Fields(x.text("#recovery-codes"))[0]
	out := func() {
		t.Helper()
		x.visit(w.URL + "/start")
		x.click(".top button")
		x.heading("You are signed out")
		x.visit(w.URL + "/start")
	}
	out()
	x.signIn()
	x.heading("One more step")
	x.click("form.passkey button")
	x.heading("Your accounts")
	out()
	x.heading("Sign in")
	x.click("form.passkey button") // without a name, without a password
	x.heading("Your accounts")
	if got := x.text(".portal-head"); !strings.Contains(got, "ada") {
		t.Errorf("signed in: %s", got)
	}
	w.clock.Advance(11 * time.Minute)
	x.visit(w.URL + "/profile/password")
	x.heading("Confirm that it is you")
	x.click("form.passkey button")
	x.heading("Choose a password")
	out()
	x.signIn()
	x.heading("One more step")
	x.fill("#code", code)
	x.click("form[action='/second-factor'] button")
	x.heading("Your accounts")
}

func TestBrowserCopyButtons(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	x := open(t, b, w.URL+"/start")
	if err := (proto.BrowserGrantPermissions{Permissions: []proto.BrowserPermissionType{
		proto.BrowserPermissionTypeClipboardReadWrite, proto.BrowserPermissionTypeClipboardSanitizedWrite,
	}}).Call(b); err != nil {
		t.Fatal(err)
	}
	x.signIn()
	x.heading("Your accounts")
	x.visit(w.URL + "/keys?account=111111111111&role=ReadOnly")
	x.click(".panel button.primary")
	x.text("#env-posix")
	copied := 0
	for _, id := range []string{"start-url", "issuer-url", "region", "env-posix", "file-posix", "value-0", "value-1", "value-2"} {
		x.click("[data-copy=" + id + "]")
		v, err := x.Eval(`async (id) => {
			for (let i = 0; i < 50 && !document.querySelector("[data-copy=" + id + "]").classList.contains("done"); i++) await new Promise(r => setTimeout(r, 20));
			return (await navigator.clipboard.readText()) === document.getElementById(id).textContent && document.querySelector("[data-copy=" + id + "]").innerText.trim() }`, id)
		if err != nil {
			t.Fatal(err)
		}
		if v.Value.Str() != "Copied" {
			t.Errorf("copying %s: %v", id, v.Value)
		}
		copied++
	}
	if copied != 8 {
		t.Errorf("%d were copied", copied)
	}
}

// The search sifts what is there while it is typed, and finds what is on other pages, among thousands.
func TestBrowserSearch(t *testing.T) {
	b := browser(t)
	w := newWorld(t)
	w.manyAccounts(5000)
	x := open(t, b, w.URL+"/start")
	x.heading("Sign in")
	x.fill("#username", "bob")
	x.fill("#password", password)
	x.click("button.primary")
	x.heading("Your accounts")
	visible := func() string {
		t.Helper()
		v, err := x.Eval(`() => [...document.querySelectorAll("#accounts [data-find]")].filter(e => !e.hidden).map(e => e.querySelector("code").textContent).join()`)
		if err != nil {
			return err.Error() // the page is changing
		}
		return v.Value.Str()
	}
	for _, c := range []struct{ query, want string }{
		{"auditor", "900000004998"}, // by a role that none of those on the first page has
		{"ACCOUNT 900000004321", "900000004321"},
	} {
		x.visit(w.URL + "/start")
		start := time.Now()
		x.fill("#q", c.query)
		for visible() != c.want {
			if time.Since(start) > 10*time.Second {
				t.Fatalf("%q: found: %s", c.query, visible())
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Logf("%q: found after %v", c.query, time.Since(start))
	}
	if err := x.Reload(); err != nil { // the address has the search in it
		t.Fatal(err)
	}
	x.heading("Your accounts")
	if got := x.text("#accounts"); !strings.Contains(got, "900000004321") || strings.Contains(got, "900000000001") {
		t.Errorf("after reloading: %s", got)
	}
	// What is on the page is sifted without an answer of the center, by roles too.
	for query, want := range map[string]int{"readonly guest": 50, "auditor": 0, "guest 900000000007": 1} {
		x.visit(w.URL + "/start")
		if _, err := x.Eval(`() => { window.fetch = () => new Promise(() => {}) }`); err != nil {
			t.Fatal(err)
		}
		x.fill("#q", query)
		if got := strings.Count(visible(), "90000"); got != want {
			t.Errorf("%q leaves %d accounts on the page, want %d", query, got, want)
		}
	}
}

// manyAccounts gives Bob five roles in each of n accounts; in the last but one he is Auditor where he is Guest
// everywhere else.
func (w *world) manyAccounts(n int) {
	w.Helper()
	o := organisation()
	o.PermissionSets = append(o.PermissionSets, store.PermissionSet{ID: "ps-5", Name: "Guest"}, store.PermissionSet{ID: "ps-6", Name: "Auditor"})
	for i := range n {
		id := fmt.Sprintf("9%011d", i)
		o.Accounts = append(o.Accounts, account(id))
		fifth := "ps-5"
		if i == n-2 {
			fifth = "ps-6"
		}
		for _, set := range []string{"ps-1", "ps-2", "ps-3", "ps-4", fifth} {
			o.Assignments = append(o.Assignments, assign(id, set, "bob"))
		}
	}
	if err := w.db.Apply(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}
