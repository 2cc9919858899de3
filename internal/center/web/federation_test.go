package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// credentials are ada's in an account.
func (w *world) credentials() wire.RoleCredentials {
	w.Helper()
	c, err := w.minter.Mint(context.Background(), store.Grant{User: user("ada", "")}, "000000000042", store.PermissionSet{Name: "Admin", SessionDuration: time.Hour})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// session is credentials as the Session parameter has them.
func session(c wire.RoleCredentials) string {
	b, err := json.Marshal(map[string]string{
		"sessionId": c.AccessKeyID, "sessionKey": c.SecretAccessKey.Reveal(), "sessionToken": c.SessionToken.Reveal(),
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func signinTokenForm(session string, more ...string) url.Values {
	v := url.Values{"Action": {"getSigninToken"}, "Session": {session}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// signinToken asks as a program does, which has neither cookies nor an origin.
func (w *world) signinToken(method string, form url.Values) (string, int) {
	w.Helper()
	u, body := w.URL+"/federation", form.Encode()
	if method == http.MethodGet {
		u, body = u+"?"+body, ""
	}
	r, err := http.NewRequest(method, u, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	var out struct{ SigninToken, Message string }
	err = json.NewDecoder(resp.Body).Decode(&out)
	if resp.Header.Get("Cache-Control") != "no-store" {
		w.Errorf("headers = %v", resp.Header)
	}
	if resp.StatusCode == http.StatusOK && (err != nil || out.SigninToken == "") || resp.StatusCode != http.StatusOK && out.SigninToken != "" {
		w.Errorf("%d %+v, %v", resp.StatusCode, out, err)
	}
	return out.SigninToken, resp.StatusCode
}

func loginPath(token string, more ...string) string {
	v := url.Values{"Action": {"login"}, "SigninToken": {token}, "Issuer": {"https://broker.example.com"}, "Destination": {"https://console.aws.amazon.com/s3/"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return "/federation?" + v.Encode()
}

func TestFederation(t *testing.T) {
	w := newWorld(t)
	c := w.credentials()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		token, _ := w.signinToken(method, signinTokenForm(session(c)))
		page := w.visitor().get(loginPath(token))
		if page.StatusCode != 200 || page.Header.Get("Location") != "" || len(page.Header.Values("Set-Cookie")) != 0 ||
			!strings.HasPrefix(page.Header.Get("Content-Security-Policy"), "default-src 'none'; ") {
			t.Fatalf("%s: %d %v", method, page.StatusCode, page.Header)
		}
		for _, want := range []string{
			"000000000042", ":assumed-role/AWSReservedSSO_Admin_", "/ada", "https://console.aws.amazon.com/s3/", "https://broker.example.com",
			w.clock.Now().Add(time.Hour).UTC().Format("15:04 UTC"),
		} {
			if !strings.Contains(page.Text, want) {
				t.Errorf("%s: %q is not on the page", method, want)
			}
		}
	}
	token, _ := w.signinToken(http.MethodPost, signinTokenForm(session(c), "SessionDuration", "43200"))
	if page := w.visitor().get(loginPath(token)); !strings.Contains(page.Text, w.clock.Now().Add(12*time.Hour).UTC().Format("15:04 UTC")) {
		t.Errorf("for 12 hours: %s", page.Text)
	}
}

func TestSecurity54FederationNeedsGoodCredentials(t *testing.T) {
	w := newWorld(t)
	c := w.credentials()
	with := func(change func(*wire.RoleCredentials)) string { c := c; change(&c); return session(c) }
	other := w.credentials()
	ofProgram, err := w.minter.MintSession(store.ServiceUser{AccountID: "000000000042", Name: "ci"}, false, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]url.Values{
		"nothing":              signinTokenForm(""),
		"no JSON":              signinTokenForm("x"),
		"a list":               signinTokenForm("[]"),
		"huge":                 signinTokenForm(`{"sessionId":"` + strings.Repeat("x", 17<<10) + `"}`),
		"wrong key":            signinTokenForm(with(func(c *wire.RoleCredentials) { c.SecretAccessKey = other.SecretAccessKey })),
		"no key":               signinTokenForm(with(func(c *wire.RoleCredentials) { c.SecretAccessKey = "" })),
		"token of another key": signinTokenForm(with(func(c *wire.RoleCredentials) { c.SessionToken = other.SessionToken })),
		"no token":             signinTokenForm(with(func(c *wire.RoleCredentials) { c.SessionToken = "" })),
		"a program's session": signinTokenForm(session(wire.RoleCredentials{
			AccessKeyID: ofProgram.AccessKeyID, SecretAccessKey: ofProgram.SecretAccessKey, SessionToken: ofProgram.SessionToken,
		})),
		"too short":       signinTokenForm(session(c), "SessionDuration", "899"),
		"too long":        signinTokenForm(session(c), "SessionDuration", "43201"),
		"for ever":        signinTokenForm(session(c), "SessionDuration", "99999999999999999999"),
		"zero":            signinTokenForm(session(c), "SessionDuration", "0"),
		"negative":        signinTokenForm(session(c), "SessionDuration", "-900"),
		"given two times": {"Action": {"getSigninToken"}, "Session": {session(c), session(c)}},
	} {
		if _, status := w.signinToken(http.MethodPost, form); status != 400 {
			t.Errorf("%s: %d", name, status)
		}
	}
	w.clock.Advance(time.Hour)
	if _, status := w.signinToken(http.MethodPost, signinTokenForm(session(c))); status != 400 {
		t.Errorf("expired: %d", status)
	}
}

func TestSecurity60SigninTokensWorkOnceAndLeadNowhere(t *testing.T) {
	w := newWorld(t)
	c := w.credentials()
	token, _ := w.signinToken(http.MethodPost, signinTokenForm(session(c)))
	if strings.Contains(token, c.SecretAccessKey.Reveal()) {
		t.Error("the token shows the key")
	}
	v := w.visitor()
	altered := "A"
	if token[0] == 'A' {
		altered = "B"
	}
	for name, bad := range map[string]string{
		"none": "", "altered": altered + token[1:], "cut": token[:len(token)-2], "line break": token[:9] + "\n" + token[9:], "padded": token + "=",
		"another sealed value": c.SessionToken.Reveal(),
	} {
		if got := v.get(loginPath(bad)); got.StatusCode != 400 || strings.Contains(got.Text, "assumed-role") {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	if got := v.do(http.MethodHead, loginPath(token), nil); got.StatusCode != 405 {
		t.Errorf("HEAD: %d", got.StatusCode)
	}
	page := v.get(loginPath(token, "Destination", "javascript:alert(1)", "Issuer", "https://evil.example/\u202e<script>"))
	if page.StatusCode != 200 || strings.Contains(page.Text, "<script>") || strings.Contains(page.Text, `href="javascript`) || strings.Contains(page.Text, "\u202e") ||
		strings.Contains(page.Text, `href="https://evil`) {
		t.Errorf("%d %s", page.StatusCode, page.Text)
	}
	if got := v.get(loginPath(token)); got.StatusCode != 400 || strings.Contains(got.Text, "assumed-role") {
		t.Errorf("a second time: %d", got.StatusCode)
	}
	token, _ = w.signinToken(http.MethodPost, signinTokenForm(session(c)))
	w.clock.Advance(15 * time.Minute)
	if got := v.get(loginPath(token)); got.StatusCode != 400 {
		t.Errorf("a quarter of an hour later: %d", got.StatusCode)
	}
	if got := v.get("/federation"); got.StatusCode != 404 {
		t.Errorf("no action: %d", got.StatusCode)
	}
	if strings.Contains(w.log.String(), token) || strings.Contains(w.log.String(), c.SecretAccessKey.Reveal()) {
		t.Error("a secret is in the log")
	}
}
