package attacks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"keyfob/centertest"
	"keyfob/internal/wire"
)

// Redirect tricks (RFC 9700 sections 4.1 and 4.11, RFC 8252 sections 7.3 and 8.3; CWE-601).
//
// Who: somebody who can have ada open a link to the center she trusts, and who may register clients, as anybody
// may. What they want: her code, sent to them; or that the center's own address leads her to a page of theirs that
// looks like it. How: redirect addresses that are not what they look like, in the registration and in the request;
// and whatever the pages take along to come back to.
//
// What holds them off (10 to 14, 17, 60): a redirect goes to a registered address, compared as text; only the port
// of the literal loopback addresses is free. What does not fit is answered with a page and never with a redirect.
// Where the pages come back to is sealed by the center.
func TestAttackRedirectTricks(t *testing.T) {
	center := centertest.New(t)
	p := register(t, center, "keyfob")
	b := newBrowser(t)
	b.signIn(center.URL+"/start", "ada", centertest.Password)
	own := strings.TrimPrefix(center.URL, "http://")
	stays := func(t *testing.T, what string, a answer) {
		t.Helper()
		if to := a.Header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`)) &&
			!strings.HasPrefix(to, center.URL+"/") {
			t.Errorf("%s: the browser is sent to %s", what, to)
		}
		if refresh := a.Header.Get("Refresh"); refresh != "" || strings.Contains(strings.ToLower(a.body), `http-equiv="refresh"`) {
			t.Errorf("%s: the page goes elsewhere by itself", what)
		}
		if strings.Contains(a.body, `href="javascript:`) || strings.Contains(a.body, `href="https://evil`) || strings.Contains(a.body, `action="http`) {
			t.Errorf("%s: the page leads elsewhere", what)
		}
	}
	addresses := []string{
		"https://evil.example/callback", "http://evil.example/callback", "//evil.example/callback", "/callback", "callback", "",
		"http://localhost:9/callback", "http://127.0.0.1.evil.example/callback", "http://127.0.0.1@evil.example/callback",
		"http://127.0.0.1:9@evil.example/callback", `http://127.0.0.1:9\@evil.example/callback`, "http://evil.example#@127.0.0.1/callback",
		"http://127.0.0.1:9/callback#x", "http://127.0.0.1:9/callback/../evil", "http://127.0.0.1:9/callback/", "http://127.0.0.1:9/Callback",
		"http://127.0.0.1:9/callback?x=1", "http://127.0.0.1:9/%63allback", "http://127.0.0.1:9//callback", "https://127.0.0.1:9/callback",
		"http://127.1:9/callback", "http://2130706433:9/callback", "http://0x7f.0.0.1:9/callback", "http://0177.0.0.1:9/callback",
		"http://127.0.0.2:9/callback", "http://0.0.0.0:9/callback", "http://[::ffff:127.0.0.1]:9/callback", "http://[::1%25eth0]:9/callback",
		"http://127.0.0.1.:9/callback", "http://127。0。0。1:9/callback", "http://127.0.0.1:9\r\nX: y/callback", " http://127.0.0.1:9/callback",
		"http://127.0.0.1:99999/callback", "http://127.0.0.1:/callback", "javascript:alert(1)", "data:text/html,x", "urn:ietf:wg:oauth:2.0:oob",
	}

	t.Run("in the request", func(t *testing.T) {
		good := newAttempt()
		if a := b.follow(b.get(good.address(p))); !strings.Contains(a.body, `value="allow"`) {
			t.Fatalf("the registered address is not taken: %d", a.StatusCode)
		}
		for _, address := range addresses {
			a := b.follow(b.get(newAttempt().address(p, "redirect_uri", address)))
			if a.StatusCode != http.StatusBadRequest || strings.Contains(a.body, `value="allow"`) {
				t.Errorf("%q is answered %d", address, a.StatusCode)
			}
			stays(t, address, a)
		}
		// Two of them: one that is looked at, one that is used.
		for _, two := range []string{"http://127.0.0.1:9/callback", "https://evil.example/callback"} {
			a := b.follow(b.get(newAttempt().address(p) + "&redirect_uri=" + url.QueryEscape(two)))
			if a.StatusCode != http.StatusBadRequest {
				t.Errorf("two redirects are answered %d", a.StatusCode)
			}
			stays(t, "two", a)
		}
		// Another client's address, and an error that would go there.
		for _, changes := range [][]string{
			{"client_id", "nobody"},
			{"redirect_uri", "https://evil.example/callback", "response_type", "token"},
			{"redirect_uri", "https://evil.example/callback", "scopes", "no:such"},
			{"client_id", ""},
		} {
			a := b.follow(b.get(newAttempt().address(p, changes...)))
			if a.StatusCode != http.StatusBadRequest {
				t.Errorf("%q is answered %d", changes, a.StatusCode)
			}
			stays(t, strings.Join(changes, " "), a)
		}
	})
	t.Run("in the registration", func(t *testing.T) {
		tried := 0
		for _, address := range addresses {
			if u, err := url.Parse(address); err == nil && u.Fragment == "" && u.User == nil &&
				(u.Scheme == "https" || u.Scheme == "http" && u.Host == "127.0.0.1:9") {
				continue // an address of one's own; it is the request that must not name another
			}
			tried++
			var out wire.RegisterClientResponse
			if refused := p.send(wire.PathRegisterClient, wire.RegisterClientRequest{
				ClientName: "x", ClientType: wire.ClientTypePublic, Scopes: []string{scope}, RedirectURIs: []string{address}, IssuerURL: center.StartURL,
				GrantTypes: []string{wire.GrantAuthorizationCode},
			}, &out); refused == "" {
				t.Errorf("%q is registered", address)
			}
		}
		if tried < 20 {
			t.Errorf("only %d addresses were tried", tried)
		}
	})
	t.Run("on the way back to where one was", func(t *testing.T) {
		for _, address := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "/%2f%2fevil.example", "javascript:alert(1)", own + ".evil.example"} {
			for _, page := range []string{"/start", "/sign-in", "/signed-out", "/device", "/sign-out"} {
				for _, parameter := range []string{"return", "next", "redirect_uri", "return_to", "url", "RelayState"} {
					stays(t, page, b.get(center.URL+page+"?"+url.Values{parameter: {address}}.Encode()))
				}
			}
			other := newBrowser(t)
			a := other.follow(other.get(center.URL + "/start"))
			stays(t, "signing in", other.submit(a, url.Values{"username": {"ada"}, "password": {centertest.Password}, "return": {address}}))
			other = newBrowser(t)
			action, fields, ok := other.signIn(center.URL+"/start", "ada", centertest.Password).form(url.Values{"csrf": nil})
			if !ok || !strings.HasSuffix(action, "/sign-out") {
				t.Fatalf("no way to sign out, but %q", action)
			}
			fields.Set("return", address)
			stays(t, "signing out", other.post(action, fields))
		}
	})
}
