package grant_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/grant"
	"keyfob/internal/center/granttest"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// changed returns a copy of q in which name is value, or absent if value is "".
func changed(q url.Values, name, value string) url.Values {
	c := url.Values{}
	for k, v := range q {
		c[k] = v
	}
	if c.Set(name, value); value == "" {
		c.Del(name)
	}
	return c
}

func wantRedirect(t *testing.T, c *granttest.Center, q url.Values, oauth string) {
	t.Helper()
	_, err := c.Grants.CheckAuthorize(c.Ctx, q)
	var r *grant.RedirectError
	if !errors.As(err, &r) || r.OAuth != oauth {
		t.Fatalf("error is %v, want a redirect with %s", err, oauth)
	}
	u, err := url.Parse(r.Location)
	if err != nil || !strings.HasPrefix(r.Location, granttest.RedirectPort+"?") {
		t.Fatalf("redirect to %q", r.Location)
	}
	got := u.Query()
	if got.Get("error") != oauth || got.Get("state") != q.Get("state") || got.Get("iss") != granttest.BaseURL || got.Has("code") {
		t.Errorf("redirect carries %v", got)
	}
}

func wantPage(t *testing.T, c *granttest.Center, q url.Values) {
	t.Helper()
	_, err := c.Grants.CheckAuthorize(c.Ctx, q)
	var p *grant.PageError
	if !errors.As(err, &p) {
		t.Fatalf("error is %v, want a page", err)
	}
	if v := q.Get("redirect_uri"); v != "" && strings.Contains(p.Message, v) {
		t.Errorf("the page repeats what came with the request: %q", p.Message)
	}
}

func TestSecurity01to03PKCEIsMandatory(t *testing.T) {
	c := granttest.New(t)
	q := granttest.AuthorizeQuery(c.Register(granttest.CLI()).ClientID)
	if _, err := c.Grants.CheckAuthorize(c.Ctx, q); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct{ name, parameter, value string }{
		{"01 no challenge", "code_challenge", ""},
		{"02 no method", "code_challenge_method", ""},
		{"02 plain", "code_challenge_method", "plain"},
		{"02 lower case", "code_challenge_method", "s256"},
		{"03 short challenge", "code_challenge", granttest.Challenge("x")[:42]},
		{"03 long challenge", "code_challenge", granttest.Challenge("x") + "A"},
		{"03 padded challenge", "code_challenge", granttest.Challenge("x") + "="},
		{"03 base64 of the other alphabet", "code_challenge", "+/" + granttest.Challenge("x")[2:]},
	} {
		t.Run(bad.name, func(t *testing.T) { wantRedirect(t, c, changed(q, bad.parameter, bad.value), "invalid_request") })
	}
}

func TestSecurity03VerifierSyntax(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	for name, v := range map[string]struct {
		verifier string
		good     bool
	}{
		"43": {strings.Repeat("a", 43), true}, "128": {strings.Repeat("~", 128), true},
		"42": {strings.Repeat("a", 42), false}, "129": {strings.Repeat("a", 129), false},
		"alphabet": {strings.Repeat("a", 42) + "+", false}, "blank": {strings.Repeat("a", 43) + " ", false},
	} {
		t.Run(name, func(t *testing.T) {
			q := changed(granttest.AuthorizeQuery(client.ClientID), "code_challenge", granttest.Challenge(v.verifier))
			in := granttest.CodeRequest(client, c.Allow(q, c.Ada).Get("code"))
			in.CodeVerifier = wire.Secret(v.verifier)
			if _, err := c.Grants.Exchange(c.Ctx, in); v.good != (err == nil) {
				t.Errorf("redeemed with it: %v", err)
			}
		})
	}
}

func TestSecurity04NoDowngrade(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	in := granttest.CodeRequest(client, c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code"))
	without := in
	without.CodeVerifier = ""
	_, err := c.Grants.Exchange(c.Ctx, without)
	c.Refused(err, wire.CodeInvalidRequest)

	// Even a code that somehow came into the store without a challenge cannot be redeemed.
	code, hash, err := opaque.New(c.Grants.Random, opaque.AuthorizationCode)
	c.Must(err)
	c.Must(c.Store.AddCode(c.Ctx, store.AuthorizationCode{
		CodeHash: hash, ClientID: client.ClientID, RedirectURI: granttest.RedirectPort, ExpiresAt: c.Clock.Now().Add(time.Minute),
	}, store.TokenFamily{ID: "f", ClientID: client.ClientID, UserID: c.Ada.User.ID, SessionID: c.Ada.Session.ID}))
	in.Code = code
	_, err = c.Grants.Exchange(c.Ctx, in)
	c.Refused(err, wire.CodeInvalidGrant)
	in.Code, in.CodeVerifier = code, ""
	_, err = c.Grants.Exchange(c.Ctx, in)
	c.Refused(err, wire.CodeInvalidRequest)
}

func TestSecurity05CodeReuseRevokes(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	in := granttest.CodeRequest(client, c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code"))
	tokens, err := c.Grants.Exchange(c.Ctx, in)
	c.Must(err)
	if _, err := c.Tokens.Verify(c.Ctx, tokens.AccessToken); err != nil {
		t.Fatal(err)
	}
	// The reuse is noticed as long as the tokens may live, not just as long as the code.
	c.Clock.Advance(50 * time.Minute)
	c.Must(c.Store.DeleteExpired(c.Ctx, c.Clock.Now()))
	_, err = c.Grants.Exchange(c.Ctx, in)
	c.Refused(err, wire.CodeInvalidGrant)
	_, err = c.Tokens.Verify(c.Ctx, tokens.AccessToken)
	c.Refused(err, wire.CodeUnauthorized)
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
	c.Refused(err, wire.CodeInvalidGrant)
	if got := c.Audited("CreateToken"); len(got) != 2 || !strings.Contains(got[0], "used again") {
		t.Errorf("audited: %q", got)
	}
}

func TestSecurity06CodeExpires(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	for _, age := range []time.Duration{59 * time.Second, 60 * time.Second} {
		in := granttest.CodeRequest(client, c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code"))
		c.Clock.Advance(age)
		_, err := c.Grants.Exchange(c.Ctx, in)
		if age < time.Minute {
			c.Must(err)
		} else {
			c.Refused(err, wire.CodeInvalidGrant)
		}
	}
}

func TestSecurity07and08CodeIsBoundAndUsedUp(t *testing.T) {
	c := granttest.New(t)
	client, other := c.Register(granttest.CLI()), c.Register(granttest.CLI())
	for name, change := range map[string]func(*wire.CreateTokenRequest){
		"client":           func(in *wire.CreateTokenRequest) { in.ClientID, in.ClientSecret = other.ClientID, other.ClientSecret },
		"redirect URI":     func(in *wire.CreateTokenRequest) { in.RedirectURI = granttest.Redirect },
		"port of redirect": func(in *wire.CreateTokenRequest) { in.RedirectURI = "http://127.0.0.1:40546/oauth/callback" },
		"08 challenge":     func(in *wire.CreateTokenRequest) { in.CodeVerifier = wire.Secret(granttest.Verifier[1:] + "A") },
		"session that ends": func(*wire.CreateTokenRequest) {
			c.Must(c.Store.EndSession(c.Ctx, c.Ada.Session.ID, "test", c.Clock.Now()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.Ada = c.SignIn("u-ada", "session for "+name)
			good := granttest.CodeRequest(client, c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code"))
			bad := good
			change(&bad)
			_, err := c.Grants.Exchange(c.Ctx, bad)
			c.Refused(err, wire.CodeInvalidGrant)
			// 08: whatever was wrong, the code is used up.
			_, err = c.Grants.Exchange(c.Ctx, good)
			c.Refused(err, wire.CodeInvalidGrant)
		})
	}
}

func TestSecurity09ConcurrentRedemption(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	for range 5 {
		in := granttest.CodeRequest(client, c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code"))
		won := c.Race(10, func() error {
			_, err := c.Grants.Exchange(c.Ctx, in)
			return err
		}, isRefusal(wire.CodeInvalidGrant))
		if won != 1 {
			t.Errorf("%d of 10 redemptions of one code succeeded", won)
		}
	}
}

func isRefusal(code wire.Code) func(error) bool {
	return func(err error) bool {
		var s *wire.ServiceError
		return errors.As(err, &s) && s.Code == code
	}
}

func TestSecurity14to18AuthorizeRequest(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	q := granttest.AuthorizeQuery(client.ClientID)
	t.Run("14 page, never a redirect", func(t *testing.T) {
		for _, bad := range []url.Values{
			{},
			changed(q, "client_id", ""),
			changed(q, "client_id", "nobody"),
			changed(q, "redirect_uri", ""),
			changed(q, "redirect_uri", "https://evil.example/cb"),
			changed(q, "redirect_uri", "http://127.0.0.1:40545/other"),
		} {
			wantPage(t, c, bad)
		}
		c.Clock.Advance(90 * 24 * time.Hour)
		wantPage(t, c, q)
	})
	client = c.Register(granttest.CLI())
	c.Ada = c.SignIn("u-ada", "s2")
	q = granttest.AuthorizeQuery(client.ClientID)
	t.Run("15 state comes back byte for byte", func(t *testing.T) {
		for _, state := range []string{"", "a b+c%20&=#/?\x00\r\n", "ünï·😀", strings.Repeat("x", 1024)} {
			if got := c.Allow(changed(q, "state", state), c.Ada); got.Get("state") != state || got.Has("state") != (state != "") {
				t.Errorf("state %q comes back as %q", state, got.Get("state"))
			}
		}
		wantPage(t, c, changed(q, "state", strings.Repeat("x", 1025)))
		wantPage(t, c, changed(q, "state", "\xff"))
	})
	t.Run("16 issuer", func(t *testing.T) {
		if got := c.Allow(q, c.Ada); got.Get("iss") != granttest.BaseURL || got.Get("code") == "" {
			t.Errorf("redirect carries %v", got)
		}
	})
	t.Run("17 repeated parameters", func(t *testing.T) {
		twice := func(name string) url.Values {
			bad := changed(q, name, q.Get(name))
			bad[name] = append([]string{q.Get(name)}, "x")
			return bad
		}
		for _, name := range []string{"client_id", "redirect_uri", "state"} {
			wantPage(t, c, twice(name))
		}
		for _, name := range []string{"response_type", "code_challenge", "code_challenge_method", "scopes", "unheard_of"} {
			wantRedirect(t, c, twice(name), "invalid_request")
		}
	})
	t.Run("18 response type", func(t *testing.T) {
		wantRedirect(t, c, changed(q, "response_type", ""), "invalid_request")
		for _, v := range []string{"token", "code token", "id_token", "CODE"} {
			wantRedirect(t, c, changed(q, "response_type", v), "unsupported_response_type")
		}
	})
	t.Run("18 grant types", func(t *testing.T) {
		for _, v := range []string{"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
			in := granttest.CodeRequest(client, "x")
			in.GrantType = v
			_, err := c.Grants.Exchange(c.Ctx, in)
			c.Refused(err, wire.CodeUnsupportedGrantType)
			reg := granttest.CLI()
			reg.GrantTypes = []string{v}
			_, err = c.Clients.Register(c.Ctx, reg)
			c.Refused(err, wire.CodeUnsupportedGrantType)
		}
	})
	t.Run("scopes", func(t *testing.T) {
		for _, c2 := range []struct {
			scope, scopes, want string
			ok                  bool
		}{
			{"", wire.ScopeAccountAccess, wire.ScopeAccountAccess, true},
			{wire.ScopeAccountAccess, "", wire.ScopeAccountAccess, true},
			{wire.ScopeAccountAccess, wire.ScopeAccountAccess, wire.ScopeAccountAccess, true},
			{"", "", wire.ScopeAccountAccess, true},
			{wire.ScopeAccountAccess, "other", "", false},
			{"", wire.ScopeAccountAccess + " more", "", false},
		} {
			a, err := c.Grants.CheckAuthorize(c.Ctx, changed(changed(q, "scopes", c2.scopes), "scope", c2.scope))
			if c2.ok != (err == nil) || strings.Join(a.Scopes, " ") != c2.want {
				t.Errorf("scope %q, scopes %q: %v, %v", c2.scope, c2.scopes, a.Scopes, err)
			}
		}
	})
	t.Run("client not registered for codes", func(t *testing.T) {
		in := granttest.CLI()
		in.GrantTypes = []string{wire.GrantDeviceCode}
		wantRedirect(t, c, granttest.AuthorizeQuery(c.Register(in).ClientID), "unauthorized_client")
	})
}

func TestDenyAuthorize(t *testing.T) {
	c := granttest.New(t)
	a, err := c.Grants.CheckAuthorize(c.Ctx, granttest.AuthorizeQuery(c.Register(granttest.CLI()).ClientID))
	c.Must(err)
	u, err := url.Parse(c.Grants.DenyAuthorize(a))
	c.Must(err)
	if q := u.Query(); q.Get("error") != "access_denied" || q.Get("state") != a.State || q.Get("iss") != granttest.BaseURL || q.Has("code") {
		t.Errorf("redirect carries %v", q)
	}
}

func TestAllowAuthorizeLooksAgain(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	a, err := c.Grants.CheckAuthorize(c.Ctx, granttest.AuthorizeQuery(client.ClientID))
	c.Must(err)
	swapped := c.Ada
	swapped.User = c.Grace.User
	disabled := c.Ada
	disabled.User.Disabled = true
	for name, p := range map[string]grant.Person{"nobody": {}, "somebody else's session": swapped, "disabled": disabled} {
		if _, err := c.Grants.AllowAuthorize(c.Ctx, a, p); !errors.Is(err, grant.ErrNotSignedIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	evil := a
	evil.RedirectURI = "https://evil.example/"
	var page *grant.PageError
	if _, err := c.Grants.AllowAuthorize(c.Ctx, evil, c.Ada); !errors.As(err, &page) {
		t.Errorf("another redirect URI: %v", err)
	}
	c.Must(c.Store.RemoveClient(c.Ctx, client.ClientID))
	if _, err := c.Grants.AllowAuthorize(c.Ctx, a, c.Ada); !errors.As(err, &page) {
		t.Errorf("removed client: %v", err)
	}
	c.Clock.Advance(8 * time.Hour)
	if _, err := c.Grants.AllowAuthorize(c.Ctx, a, c.Ada); !errors.Is(err, grant.ErrNotSignedIn) {
		t.Errorf("session over: %v", err)
	}
}
