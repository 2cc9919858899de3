package attacks

import (
	"net/url"
	"testing"

	"keyfob/centertest"
	"keyfob/internal/wire"
)

// Authorization code injection (RFC 9700 sections 2.1.1 and 4.5; RFC 7636).
//
// Who: somebody who reads what ada's browser is sent to: another program on her machine that listens on the
// port before hers, a browser extension, a log. They have her code and the state beside it, and clients of their
// own. What they want: her tokens; or that her program signs in as them, so that she puts her files into their
// account. How: they redeem her code in every way there is, or have her browser bring her program a code of theirs.
//
// What holds them off (01, 02, 04, 05, 07, 08, 09): a code is good once, for the client, the redirect and the
// verifier that it was asked for with, and the verifier has never left ada's program. A wrong attempt uses the code
// up; a second use ends what the first gave. PKCE cannot be left out or weakened.
func TestAttackCodeInjection(t *testing.T) {
	center := centertest.New(t)
	hers, theirs := register(t, center, "keyfob"), register(t, center, "other")
	const at = "http://127.0.0.1:9/callback"
	stolen := func(t *testing.T) (attempt, string) {
		t.Helper()
		a := newAttempt()
		return a, allow(t, center, a.address(hers)).Get("code")
	}

	t.Run("her code, without her verifier", func(t *testing.T) {
		for how, in := range map[string]wire.CreateTokenRequest{
			"none":                 {RedirectURI: at},
			"another":              {RedirectURI: at, CodeVerifier: newAttempt().verifier},
			"a short one":          {RedirectURI: at, CodeVerifier: "a"},
			"no redirect":          {CodeVerifier: newAttempt().verifier},
			"as a device code":     {GrantType: wire.GrantDeviceCode},
			"as a refresh token":   {GrantType: wire.GrantRefreshToken},
			"at another loopback":  {RedirectURI: "http://127.0.0.1:10/callback", CodeVerifier: newAttempt().verifier},
			"at an address of his": {RedirectURI: "https://evil.example/callback", CodeVerifier: newAttempt().verifier},
		} {
			_, code := stolen(t)
			in.Code, in.DeviceCode, in.RefreshToken = wire.Secret(code), wire.Secret(code), wire.Secret(code)
			if in.GrantType == "" {
				in.GrantType = wire.GrantAuthorizationCode
			}
			if out, refused := hers.token(in); refused == "" || out.AccessToken != "" {
				t.Errorf("%s: it is answered with tokens", how)
			}
		}
	})
	t.Run("her code and her verifier, as another client", func(t *testing.T) {
		a, code := stolen(t)
		if _, refused := a.redeem(theirs, code); refused != "invalid_grant" {
			t.Errorf("another client is told %q", refused)
		}
		if _, refused := a.redeem(hers, code); refused != "invalid_grant" {
			t.Errorf("the code is still good after that: %q", refused)
		}
	})
	t.Run("her code and her verifier, from another redirect", func(t *testing.T) {
		for _, redirect := range []string{"", "http://127.0.0.1:10/callback", "http://127.0.0.1/callback", "https://evil.example/callback"} {
			a, code := stolen(t)
			if _, refused := hers.token(wire.CreateTokenRequest{
				GrantType: wire.GrantAuthorizationCode, Code: wire.Secret(code), CodeVerifier: a.verifier, RedirectURI: redirect,
			}); refused != "invalid_grant" && refused != "invalid_request" {
				t.Errorf("%q is told %q", redirect, refused)
			}
		}
	})
	t.Run("a wrong guess is the last", func(t *testing.T) {
		a, code := stolen(t)
		if _, refused := newAttempt().redeem(hers, code); refused != "invalid_grant" {
			t.Errorf("a wrong verifier is told %q", refused)
		}
		if _, refused := a.redeem(hers, code); refused != "invalid_grant" {
			t.Errorf("the right one then gets in: %q", refused)
		}
	})
	t.Run("her code, after her", func(t *testing.T) {
		a, code := stolen(t)
		tokens, refused := a.redeem(hers, code)
		if refused != "" || hers.credentials(tokens.AccessToken) != 200 {
			t.Fatalf("ada herself is refused: %q", refused)
		}
		if _, refused := a.redeem(hers, code); refused != "invalid_grant" {
			t.Errorf("the second time is told %q", refused)
		}
		if status := hers.credentials(tokens.AccessToken); status != 401 {
			t.Errorf("what the first use gave is still good: %d", status)
		}
		if _, refused := hers.refresh(tokens.RefreshToken); refused != "invalid_grant" {
			t.Errorf("and can be refreshed: %q", refused)
		}
	})
	t.Run("a code of theirs, for her program", func(t *testing.T) {
		own := newAttempt()
		answer := allow(t, center, own.address(theirs))
		her := newAttempt()
		if answer.Get("state") == her.state {
			t.Error("her program would take it for the answer that it waits for")
		}
		if answer.Get("iss") == "" {
			t.Error("the answer does not say whose it is (RFC 9207)")
		}
		if _, refused := her.redeem(hers, answer.Get("code")); refused != "invalid_grant" {
			t.Errorf("with her program's verifier it is told %q", refused)
		}
	})
	t.Run("without PKCE", func(t *testing.T) {
		b := newBrowser(t)
		b.signIn(center.URL+"/start", "ada", centertest.Password)
		for how, changes := range map[string][]string{
			"no challenge":       {"code_challenge", "", "code_challenge_method", ""},
			"no method":          {"code_challenge_method", ""},
			"plain":              {"code_challenge_method", "plain", "code_challenge", newAttempt().verifier.Reveal()},
			"an empty method":    {"code_challenge_method", " "},
			"a challenge of one": {"code_challenge", "a"},
			"the implicit grant": {"response_type", "token"},
			"a hybrid":           {"response_type", "code token"},
		} {
			a := b.follow(b.get(newAttempt().address(hers, changes...)))
			if _, _, ok := a.form(url.Values{"decision": nil}); ok {
				t.Errorf("%s: she is asked to allow it", how)
			}
			if to, err := a.Location(); err == nil && (to.Query().Get("code") != "" || to.Query().Get("error") == "" || to.Fragment != "") {
				t.Errorf("%s: her browser is sent to %s", how, to)
			}
		}
	})
}
