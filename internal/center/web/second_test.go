package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/person"
)

// set gives the organisation another policy for second factors.
func (w *world) mfa(p store.MFAPolicy) {
	w.Helper()
	o := organisation()
	o.Instance.MFA = p
	if err := w.db.Apply(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

// app gives Ada an authenticator app and returns its secret.
func (w *world) app() string {
	w.Helper()
	u := user("ada", "Ada Lovelace")
	a, err := w.factors.NewApp(w.Context(), u, "test")
	if err != nil {
		w.Fatal(err)
	}
	if err := w.factors.AddApp(w.Context(), u, "test", a.State, w.code(a.Secret.Reveal()), "Phone"); err != nil {
		w.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	return a.Secret.Reveal()
}

func (w *world) sessions(name string) int {
	w.Helper()
	all, err := w.dir.Sessions(w.Context(), user(name, "").ID)
	if err != nil {
		w.Fatal(err)
	}
	return len(all)
}

func TestSecondFactorOnTheWayToAToken(t *testing.T) {
	w := newWorld(t)
	secret := w.app()
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	a := v.signIn(v.get(p.authorizeLink(listening)), "ada")
	if a.heading() != "One more step" || v.cookie("keyfob-session") != "" || w.sessions("ada") != 0 {
		t.Fatalf("after the password: %q, %d sessions", a.heading(), w.sessions("ada"))
	}
	b := v.submit(a, "/second-factor", "code", "000000")
	if b.StatusCode != http.StatusForbidden || !strings.Contains(b.Text, `role="alert"`) {
		t.Errorf("a wrong code is answered %d", b.StatusCode)
	}
	code := w.code(secret)
	a = v.follow(v.submit(b, "/second-factor", "code", code[:3]+" "+code[3:]))
	if a.heading() != "Allow AWS CLI to act for you?" || v.cookie("keyfob-half") != "" {
		t.Fatalf("after the code: %q", a.heading())
	}
	a = v.submit(a, "/authorize/decision", "decision", "allow")
	u, err := a.Location()
	if err != nil {
		t.Fatal(err)
	}
	if tokens, err := p.redeem(u.Query().Get("code"), listening); err != nil || tokens.AccessToken == "" {
		t.Errorf("redeeming: %v", err)
	}
	// The same code in another browser.
	other := w.visitor()
	b = other.submit(other.signIn(other.get("/start"), "ada"), "/second-factor", "code", code)
	if b.StatusCode != http.StatusForbidden || !strings.Contains(b.Text, "used already") {
		t.Errorf("a used code is answered %d", b.StatusCode)
	}
}

// Package person, with which other tests sign in, has an authenticator app as well.
func TestPersonWithAnApp(t *testing.T) {
	w := newWorld(t)
	secret := w.app()
	got := make(chan url.Values, 1)
	program := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Query() }))
	defer program.Close()
	link := w.URL + w.program("AWS CLI", registered).authorizeLink(program.URL+"/oauth/callback")
	ada, err := person.New("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := ada.Approve(t.Context(), link); err != nil || !strings.Contains(page.Text, "One more step") {
		t.Errorf("without it: %q, %v", page.Text, err)
	}
	ada.Code = func() string { return w.code(secret) }
	if page, err := ada.Approve(t.Context(), link); err != nil || wait(t, got).Get("code") == "" {
		t.Errorf("with it: %q, %v", page.Text, err)
	}
}

func TestSecurity54NoPageWithoutTheSecondFactor(t *testing.T) {
	w := newWorld(t)
	w.app()
	p := w.program("AWS CLI", registered)
	p.startDevice()
	full := w.visitor()
	full.signIn(full.get("/start"), "bob")
	for policy, heading := range map[store.MFAPolicy]string{store.MFAOptional: "One more step", store.MFARequired: "Set up a second factor"} {
		w.mfa(policy)
		v, name := w.visitor(), "ada"
		if policy == store.MFARequired {
			name = "eve"
		}
		if a := v.signIn(v.get("/start"), name); a.heading() != heading {
			t.Fatalf("%s: the password alone leads to %q", policy, a.heading())
		}
		for _, path := range []string{
			"/start", "/sign-in", p.authorizeLink(listening), "/device", p.CompleteLink, "/keys?account=111111111111&role=ReadOnly", "/profile", "/profile/app",
			"/profile/passkey", "/profile/password", "/profile/sessions",
		} {
			if a := v.get(path); a.heading() != heading {
				t.Errorf("%s: GET %s shows %q", policy, path, a.heading())
			}
		}
		for _, path := range []string{
			"/authorize/decision", "/device", "/device/decision", "/keys", "/console", "/profile/device", "/profile/recovery-codes", "/profile/password",
			"/profile/sessions", "/confirm",
		} {
			a := v.do(http.MethodPost, path, url.Values{"account": {"111111111111"}, "role": {"ReadOnly"}})
			if a = v.follow(a); a.heading() != heading || strings.Contains(a.Text, "ASIA") {
				t.Errorf("%s: POST %s shows %d %q", policy, path, a.StatusCode, a.heading())
			}
		}
		// The half passes for nothing else.
		thief := w.visitor()
		thief.header.Set("Cookie", "keyfob-session="+v.cookie("keyfob-half"))
		if a := thief.get("/start"); a.heading() != "Sign in" {
			t.Errorf("%s: half a sign-in as a session shows %q", policy, a.heading())
		}
		if w.sessions(name) != 0 {
			t.Errorf("%s: there is a session", policy)
		}
		v.submit(v.get("/start"), "/sign-out")
	}
}

// From the moment on that second factors are required, what was got with a password alone is worth nothing.
func TestSecurity54RequiredEndsWhatAPasswordOpened(t *testing.T) {
	w := newWorld(t)
	w.app()
	w.mfa(store.MFAOff)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	a := v.submit(v.signIn(v.get(p.authorizeLink(listening)), "ada"), "/authorize/decision", "decision", "allow")
	u, err := a.Location()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := p.redeem(u.Query().Get("code"), listening)
	if err != nil {
		t.Fatal(err)
	}
	waiting := v.submit(v.get(p.authorizeLink(listening)), "/authorize/decision", "decision", "allow")
	bob := w.visitor()
	bob.signIn(bob.get("/start"), "bob")
	w.mfa(store.MFARequired)
	for who, v := range map[string]*visitor{"ada, who has a factor": v, "bob, who has none": bob} {
		for _, path := range []string{"/start", p.authorizeLink(listening), "/device"} {
			if a := v.get(path); !strings.HasPrefix(a.heading(), "Sign in") {
				t.Errorf("%s: %.20s shows %q", who, path, a.heading())
			}
		}
	}
	if _, err := w.grants.Tokens.Verify(t.Context(), tokens.AccessToken); err == nil {
		t.Error("the access token goes on")
	}
	if u, err = waiting.Location(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.redeem(u.Query().Get("code"), listening); err == nil {
		t.Error("the authorization code goes on")
	}
}

func TestRequiredSecondFactorIsSetUpAtSignIn(t *testing.T) {
	w := newWorld(t)
	w.mfa(store.MFARequired)
	p := w.program("AWS CLI", registered)
	v := w.visitor()
	a := v.signIn(v.get(p.authorizeLink(listening)), "bob")
	secret := regexp.MustCompile(`<code id="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(a.Text)
	if secret == nil || !strings.Contains(a.Text, "<svg viewBox") || !strings.Contains(a.Text, `href="otpauth://totp/`) {
		t.Fatalf("the page is\n%s", a.Text)
	}
	b := v.submit(a, "/profile/app", "code", "000000", "name", "")
	if b.StatusCode != http.StatusBadRequest || !strings.Contains(b.Text, secret[1]) {
		t.Errorf("a wrong code is answered %d", b.StatusCode)
	}
	b = v.submit(b, "/profile/app", "code", w.code(secret[1]), "name", "Phone")
	if b.heading() != "Your recovery codes" || v.cookie("keyfob-session") == "" {
		t.Fatalf("then comes %q", b.heading())
	}
	if n := len(regexp.MustCompile(`(?m)^(?:<pre.*>)?[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}$`).FindAllString(b.Text, -1)); n != 10 {
		t.Errorf("the page shows %d codes", n)
	}
	next := regexp.MustCompile(`class="button primary" href="([^"]+)"`).FindStringSubmatch(b.Text)
	if next == nil {
		t.Fatal("there is no way on")
	}
	if a = v.get(strings.ReplaceAll(next[1], "&amp;", "&")); a.heading() != "Allow AWS CLI to act for you?" {
		t.Errorf("it goes on with %q", a.heading())
	}
}

// What people sign in with is changed only by who has just signed in, and every change gives the
// session another cookie.
func TestSecurity48And56ChangesNeedARecentSignIn(t *testing.T) {
	w := newWorld(t)
	w.app()
	v := w.visitor()
	w.mfa(store.MFAOff)
	v.signIn(v.get("/start"), "ada")
	w.mfa(store.MFAOptional)
	old := v.get("/profile")
	before := v.cookie("keyfob-session")
	w.clock.Advance(11 * time.Minute)
	for action, fields := range map[string][]string{
		"/profile/device": {"action", "remove"}, "/profile/recovery-codes": nil,
	} {
		if a := v.follow(v.submit(old, action, fields...)); a.heading() != "Confirm that it is you" {
			t.Errorf("%s eleven minutes later shows %q", action, a.heading())
		}
	}
	a := v.get("/profile/password")
	if a.heading() != "Confirm that it is you" {
		t.Fatalf("a new password: %q", a.heading())
	}
	if b := v.submit(a, "/confirm", "password", "wrong horse"); b.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong password is answered %d", b.StatusCode)
	}
	a = v.follow(v.submit(a, "/confirm", "password", password))
	if a.heading() != "One more step" || v.cookie("keyfob-session") != before {
		t.Fatalf("the password alone: %q", a.heading())
	}
	if b := v.get("/start"); b.heading() != "Your accounts" {
		t.Errorf("meanwhile the portal is %q", b.heading())
	}
	codes, err := w.factors.NewRecoveryCodes(t.Context(), user("ada", "").ID)
	if err != nil {
		t.Fatal(err)
	}
	a = v.follow(v.submit(a, "/second-factor", "code", codes[0].Reveal()))
	if a.heading() != "Choose a password" {
		t.Fatalf("then comes %q", a.heading())
	}
	renewed := v.cookie("keyfob-session")
	if renewed == before || w.sessions("ada") != 1 {
		t.Error("the session has the cookie it had, or there are two")
	}
	thief := w.visitor()
	thief.header.Set("Cookie", "keyfob-session="+before)
	if b := thief.get("/start"); b.heading() != "Sign in" {
		t.Errorf("the old cookie shows %q", b.heading())
	}
	other := w.visitor()
	w.mfa(store.MFAOff)
	other.signIn(other.get("/start"), "ada")
	w.mfa(store.MFAOptional)
	if b := v.submit(a, "/profile/password", "password", "new password", "again", "another"); b.StatusCode != http.StatusBadRequest {
		t.Errorf("two passwords are answered %d", b.StatusCode)
	}
	b := v.follow(v.submit(a, "/profile/password", "password", "new password", "again", "new password"))
	if b.heading() != "Security" || !strings.Contains(b.Text, "Your password has been changed") || v.cookie("keyfob-session") == renewed {
		t.Errorf("after the change: %q", b.heading())
	}
	if b := other.get("/start"); b.heading() != "Sign in" {
		t.Errorf("the other session shows %q", b.heading())
	}
	all, err := w.factors.Of(t.Context(), user("ada", "").ID)
	if err != nil || len(all.Factors) != 1 {
		t.Fatal(all, err)
	}
	a = v.follow(v.submit(v.get("/profile"), "/profile/device", "id", all.Factors[0].ID, "action", "rename", "name", "<b>Tablet"))
	if !strings.Contains(a.Text, "&lt;b&gt;Tablet") {
		t.Errorf("renamed:\n%s", a.Text)
	}
	a = v.follow(v.submit(a, "/profile/device", "id", all.Factors[0].ID, "action", "remove"))
	if !strings.Contains(a.Text, "None yet") {
		t.Errorf("removed:\n%s", a.Text)
	}
}

func TestSecurity55LinksOverThePages(t *testing.T) {
	w := newWorld(t)
	link, _, err := w.dir.NewLink(t.Context(), user("bob", "").ID, store.LinkInvite)
	if err != nil {
		t.Fatal(err)
	}
	path := "/password?" + url.Values{"link": {link.Reveal()}}.Encode()
	v := w.visitor()
	for range 2 {
		if a := v.get(path); a.heading() != "Welcome" { // looking, as programs in mail do, uses nothing up
			t.Fatalf("the link shows %q", a.heading())
		}
	}
	a := v.get(path)
	stranger := w.visitor()
	if b := stranger.submit(a, "/password", "password", "chosen by bob", "again", "chosen by bob"); b.StatusCode != http.StatusForbidden {
		t.Errorf("the form in another browser is answered %d", b.StatusCode)
	}
	if b := v.submit(a, "/password", "password", "chosen by bob", "again", "chosen by bob"); b.heading() != "Your password is set" {
		t.Errorf("choosing shows %q", b.heading())
	}
	for what, b := range map[string]*answer{"GET": v.get(path), "POST": v.submit(a, "/password", "password", "again and", "again", "again and"), "none": v.get("/password")} {
		if b.StatusCode != http.StatusBadRequest || b.heading() != "This link does not work any more" || strings.Contains(b.Text, link.Reveal()) {
			t.Errorf("%s afterwards is answered %d %q", what, b.StatusCode, b.heading())
		}
	}
	if strings.Contains(w.log.String(), link.Reveal()) {
		t.Error("the link is in the log")
	}
	b := v.submit(v.get("/start"), "/sign-in", "username", "bob", "password", "chosen by bob")
	if b.StatusCode != http.StatusSeeOther {
		t.Errorf("signing in with it is answered %d", b.StatusCode)
	}
}

func TestSessionsAreShownAndEnded(t *testing.T) {
	w := newWorld(t)
	p := w.program("AWS <CLI>", registered)
	desk, phone := w.visitor(), w.visitor()
	phone.header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/605.1")
	desk.signIn(desk.get("/start"), "ada")
	a := phone.submit(phone.signIn(phone.get(p.authorizeLink(listening)), "ada"), "/authorize/decision", "decision", "allow")
	u, err := a.Location()
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := p.redeem(u.Query().Get("code"), listening)
	if err != nil {
		t.Fatal(err)
	}
	a = desk.get("/profile/sessions")
	for _, want := range []string{"Safari on iPhone", "127.0.0.1", "AWS &lt;CLI&gt;", "this browser", "End all others"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	works := func() bool {
		t.Helper()
		_, err := w.grants.Tokens.Verify(t.Context(), tokens.AccessToken)
		return err == nil
	}
	eve := w.visitor()
	eve.signIn(eve.get("/start"), "eve")
	id := regexp.MustCompile(`name="id" value="(ses-[0-9a-f]+)">\n<button type="submit" name="end" value="session">End<`).FindStringSubmatch(a.Text)
	family := regexp.MustCompile(`name="id" value="([^"]+)">\n<button class="quiet" type="submit" name="end" value="client"`).FindStringSubmatch(a.Text)
	if id == nil || family == nil {
		t.Fatalf("nothing to end:\n%s", a.Text)
	}
	eve.submit(eve.get("/profile/sessions"), "/profile/sessions", "id", id[1], "end", "session")
	eve.submit(eve.get("/profile/sessions"), "/profile/sessions", "id", family[1], "end", "client")
	if !works() || w.sessions("ada") != 2 {
		t.Fatal("somebody else ended it")
	}
	a = desk.follow(desk.submit(a, "/profile/sessions", "id", family[1], "end", "client"))
	if works() || strings.Contains(a.Text, "AWS &lt;CLI&gt;") || w.sessions("ada") != 2 {
		t.Error("the client goes on")
	}
	a = desk.follow(desk.submit(a, "/profile/sessions", "id", id[1], "end", "session"))
	if w.sessions("ada") != 1 || phone.get("/start").heading() != "Sign in" {
		t.Error("the session goes on")
	}
	if a = desk.follow(desk.submit(a, "/profile/sessions", "end", "all")); a.heading() != "You are signed out" || w.sessions("ada") != 0 {
		t.Errorf("signing out everywhere shows %q", a.heading())
	}
}

// German, by the browser's wish and by choice.
func TestPagesInGerman(t *testing.T) {
	w := newWorld(t)
	v := w.visitor()
	v.header.Set("Accept-Language", "de-CH, de;q=0.9")
	a := v.get("/start")
	if a.heading() != "Anmelden" || !strings.Contains(a.Text, `<html lang="de">`) || a.Header.Get("Content-Language") != "de" {
		t.Fatalf("the page is %q", a.heading())
	}
	if b := v.submit(a, "/sign-in", "username", "ada", "password", "wrong horse"); !strings.Contains(b.Text, "passen nicht zusammen") {
		t.Errorf("a refusal is\n%s", b.Text)
	}
	a = v.get("/start?lang=en")
	if a.heading() != "Sign in" || v.get("/start").heading() != "Sign in" {
		t.Error("English cannot be chosen")
	}
	if set := a.Header["Set-Cookie"]; len(set) != 1 || !strings.HasPrefix(set[0], "keyfob-language=en; Path=/; Max-Age=31536000; HttpOnly") {
		t.Errorf("choosing sets %q", set)
	}
	p := w.program("AWS CLI", registered)
	a = v.get(p.authorizeLink(listening) + "&lang=de")
	if a = v.signIn(a, "ada"); a.heading() != "Darf AWS CLI in Ihrem Namen handeln?" {
		t.Errorf("the request is lost on the way: %q", a.heading())
	}
	if b := v.get("/nothing?lang=xx&q=%3Cscript%3E"); strings.Contains(b.Text, "lang=xx") || b.heading() != "Seite nicht gefunden" {
		t.Errorf("an error page: %q", b.heading())
	}
}
