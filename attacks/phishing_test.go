package attacks

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/wire"
)

// Device-code phishing (RFC 8628 section 5.4; what is known as device code phishing of AWS SSO).
//
// Who: somebody on the internet, with no account. What they want: a token of ada's. How: their own program
// asks for a device code; they send ada the link that has the code in it, with a plausible story and a
// plausible client name. She is signed in at her browser already, so one click is to be enough; if she does not
// click, a page of theirs clicks for her.
//
// What holds them off (24, 25, 27, 28, 30): opening the link decides nothing, nor does anything but the button
// on the page, sent from the page. The page shows what the program calls itself as no more than that, where and
// when the code was asked for and what it gives, and warns of codes that came from others. A refusal stands. What
// the center cannot prevent is that somebody reads all that and presses the button; the audit log then says where
// the code came from.
func TestAttackDeviceCodePhishing(t *testing.T) {
	const name = "AWS Support <b>verified</b>"
	center := centertest.New(t)
	theirs := register(t, center, name)
	her := newBrowser(t)
	her.signIn(center.URL+"/start", "ada", centertest.Password)
	// opened is the page with the buttons, as she comes to it by the link.
	opened := func(t *testing.T, d wire.StartDeviceAuthorizationResponse) answer {
		t.Helper()
		a := her.follow(her.get(d.VerificationURIComplete))
		return her.follow(her.submit(a, url.Values{"user_code": {d.UserCode}}))
	}
	pending := func(t *testing.T, d wire.StartDeviceAuthorizationResponse) {
		t.Helper()
		center.Advance(10 * time.Second)
		if _, refused := theirs.poll(d); refused != "authorization_pending" {
			t.Errorf("the attacker's program is told %q", refused)
		}
	}

	t.Run("a name that is not what it looks like", func(t *testing.T) {
		for _, name := range []string{"evil\u202egnitseT", "AWS\x1b[2K", "AWS\u200bCLI", "AWS\nCLI"} {
			var out wire.RegisterClientResponse
			if refused := theirs.send(wire.PathRegisterClient, wire.RegisterClientRequest{
				ClientName: name, ClientType: wire.ClientTypePublic, Scopes: []string{scope},
			}, &out); refused != "invalid_client_metadata" {
				t.Errorf("the name %q is answered %q", name, refused)
			}
		}
	})
	t.Run("the link alone", func(t *testing.T) {
		d := theirs.device()
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			her.follow(her.do(her.request(method, d.VerificationURIComplete, "", "")))
		}
		for _, decision := range []string{"&decision=approve", "&confirm=1&approve=true"} {
			her.follow(her.get(d.VerificationURIComplete + decision))
			her.follow(her.get(center.URL + "/device/decision?user_code=" + d.UserCode + decision))
		}
		pending(t, d)
	})
	t.Run("a page that clicks for her", func(t *testing.T) {
		d := theirs.device()
		page := opened(t, d)
		action, fields, ok := page.form(url.Values{"decision": {"approve"}})
		if !ok {
			t.Fatalf("no page to decide: %s", page.body)
		}
		fields.Set("decision", "approve")
		// It knows the code, not what is in her page.
		guessed := url.Values{"decision": {"approve"}, "user_code": {d.UserCode}}
		own := newBrowser(t)
		ofTheirs := own.follow(own.get(d.VerificationURIComplete))
		if _, f, ok := ofTheirs.form(url.Values{"username": {""}}); ok {
			guessed.Set("csrf", f.Get("csrf"))
		}
		for _, values := range []url.Values{guessed, fields} { // and what if they knew
			for _, header := range []map[string]string{
				{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
				{"Origin": "null", "Sec-Fetch-Site": "cross-site"},
				{"Sec-Fetch-Site": "same-site"},
				{"Origin": "https://evil.example"},
			} {
				req := her.request(http.MethodPost, action, "application/x-www-form-urlencoded", values.Encode())
				for k, v := range header {
					req.Header.Set(k, v)
				}
				if a := her.do(req); a.StatusCode != http.StatusForbidden {
					t.Errorf("a form of another site is answered %d", a.StatusCode)
				}
			}
		}
		if a := her.post(action, guessed); a.StatusCode != http.StatusForbidden {
			t.Errorf("a form without her page's token is answered %d", a.StatusCode)
		}
		pending(t, d)
	})
	t.Run("what she is shown", func(t *testing.T) {
		before := center.Now().Truncate(time.Second)
		d := theirs.device()
		after := center.Now()
		center.Advance(2 * time.Minute) // it is the time of asking that counts, not of looking
		page := opened(t, d).body
		for what, want := range map[string]string{
			"the code": d.UserCode, "the address that asked": "<code>127.0.0.1</code>", "what it gives": "fetch short-lived credentials for them",
			"the name as text": "&lt;b&gt;verified&lt;/b&gt;", "a warning": "If the code or link came from somebody else, deny it",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not show %s, %q", what, want)
			}
		}
		m := regexp.MustCompile(`<dt>Asked</dt>.*<time datetime="([^"]+)"`).FindStringSubmatch(page)
		if m == nil {
			t.Error("the page does not show when it was asked for")
		} else if at, err := time.Parse(time.RFC3339, m[1]); err != nil || at.Before(before) || at.After(after) {
			t.Errorf("the page says that it was asked for at %s, %v", m[1], err)
		}
		if strings.Contains(page, "<b>verified") {
			t.Error("the name does more than be shown")
		}
	})
	t.Run("a refusal stands", func(t *testing.T) {
		d := theirs.device()
		page := opened(t, d)
		her.submit(page, url.Values{"decision": {"deny"}})
		her.submit(page, url.Values{"decision": {"approve"}}) // which is too late
		for range 2 {
			center.Advance(10 * time.Second)
			if _, refused := theirs.poll(d); refused != "access_denied" {
				t.Errorf("the attacker's program is told %q", refused)
			}
		}
	})
	t.Run("too late", func(t *testing.T) {
		d := theirs.device()
		page := opened(t, d)
		center.Advance(time.Duration(d.ExpiresIn)*time.Second + time.Second)
		her.submit(page, url.Values{"decision": {"approve"}})
		if _, refused := theirs.poll(d); refused != "expired_token" {
			t.Errorf("the attacker's program is told %q", refused)
		}
	})
	t.Run("somebody else's approved code", func(t *testing.T) {
		hers := register(t, center, "keyfob")
		d := hers.device()
		if err := center.ApproveDevice("ada", d.UserCode); err != nil {
			t.Fatal(err)
		}
		if _, refused := theirs.poll(d); refused != "invalid_grant" {
			t.Errorf("another client is told %q", refused)
		}
		if _, refused := hers.poll(d); refused != "" {
			t.Errorf("her own program is told %q", refused)
		}
		if _, refused := hers.poll(d); refused != "invalid_grant" {
			t.Errorf("the second time it is told %q", refused)
		}
	})
}
