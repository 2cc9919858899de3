package token_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/granttest"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/center/token"
	"keyfob/internal/wire"
)

func TestLifetimes(t *testing.T) {
	c := granttest.New(t)
	_, scoped := c.SignInCLI()
	if scoped.ExpiresIn != 3600 || scoped.RefreshToken == "" || scoped.TokenType != "Bearer" {
		t.Errorf("with scopes: %d s, %#v", scoped.ExpiresIn, scoped)
	}
	_, device := c.SignInDevice(wire.ScopeAccountAccess)
	if device.ExpiresIn != 3600 || device.RefreshToken == "" {
		t.Errorf("device with scopes: %d s, %#v", device.ExpiresIn, device)
	}
	_, legacy := c.SignInDevice()
	if legacy.ExpiresIn != 8*3600 || legacy.RefreshToken != "" {
		t.Errorf("without scopes: %d s, %#v", legacy.ExpiresIn, legacy)
	}
	in := granttest.CLI()
	in.Scopes = nil
	client := c.Register(in)
	q := granttest.AuthorizeQuery(client.ClientID)
	q.Del("scopes")
	unscoped, err := c.Grants.Exchange(c.Ctx, granttest.CodeRequest(client, c.Allow(q, c.Ada).Get("code")))
	c.Must(err)
	if unscoped.ExpiresIn != 8*3600 || unscoped.RefreshToken != "" {
		t.Errorf("without scopes, registered to refresh: %d s, %#v", unscoped.ExpiresIn, unscoped)
	}
	c.Clock.Advance(8*time.Hour - time.Second)
	if _, err := c.Tokens.Verify(c.Ctx, legacy.AccessToken); err != nil {
		t.Errorf("without scopes, a second before the session's end: %v", err)
	}
	_, err = c.Tokens.Verify(c.Ctx, scoped.AccessToken)
	c.Refused(err, wire.CodeUnauthorized)
	if _, late := c.SignInCLI(); late.ExpiresIn != 1 {
		t.Errorf("a second before the session's end: %d s", late.ExpiresIn)
	}
}

func TestIssue(t *testing.T) {
	c := granttest.New(t)
	client, _ := c.SignInCLI()
	f := store.TokenFamily{ID: "f", ClientID: client.ClientID, UserID: "u-ada", SessionID: c.Ada.Session.ID, Scopes: []string{wire.ScopeAccountAccess}}
	_, err := c.Tokens.Issue(c.Ctx, f, c.Ada.Session)
	c.Refused(err, wire.CodeInvalidGrant) // no such family
	c.Must(c.Store.AddCode(c.Ctx, store.AuthorizationCode{ClientID: client.ClientID}, f))
	out, err := c.Tokens.Issue(c.Ctx, f, c.Ada.Session)
	c.Must(err)
	if g, err := c.Tokens.Verify(c.Ctx, out.AccessToken); err != nil || g.User.ID != "u-ada" || g.Family.ID != "f" {
		t.Errorf("issued: %+v, %v", g, err)
	}
	c.Must(c.Store.RevokeFamily(c.Ctx, "f", "test", c.Clock.Now()))
	_, err = c.Tokens.Issue(c.Ctx, f, c.Ada.Session)
	c.Refused(err, wire.CodeInvalidGrant)
}

// A copy of everything on disk and everything logged contains no secret.
func TestSecurity32and37NothingUsableIsKept(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	query := granttest.AuthorizeQuery(client.ClientID)
	spent, waiting := c.Allow(query, c.Ada).Get("code"), c.Allow(query, c.Ada).Get("code")
	first, err := c.Grants.Exchange(c.Ctx, granttest.CodeRequest(client, spent))
	c.Must(err)
	second, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Must(err)
	c.Clock.Advance(time.Minute)
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Refused(err, wire.CodeInvalidGrant)
	for _, text := range []string{err.Error()} {
		if strings.Contains(text, first.RefreshToken.Reveal()) {
			t.Errorf("an error repeats a token")
		}
	}
	c.Must(c.Tokens.Revoke(c.Ctx, second.AccessToken))
	device := c.StartDevice(c.Register(granttest.Device()))
	if strings.Contains(device.VerificationURIComplete, device.DeviceCode.Reveal()) {
		t.Error("the device code is in a URL")
	}
	secrets := map[string]string{
		"client secret": client.ClientSecret.Reveal(), "spent code": spent, "code": waiting,
		"access token": first.AccessToken.Reveal(), "refresh token": first.RefreshToken.Reveal(),
		"second access token": second.AccessToken.Reveal(), "second refresh token": second.RefreshToken.Reveal(),
		"device code": device.DeviceCode.Reveal(), "user code": strings.ReplaceAll(device.UserCode, "-", ""), "user code as shown": device.UserCode,
	}
	kept := map[string]string{"the log": c.Log.String()}
	files, err := filepath.Glob(c.Path + "*")
	c.Must(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		c.Must(err)
		kept[filepath.Base(f)] = string(b)
	}
	// The search would find something: what is not secret is there.
	if all := kept["center.db"] + kept["center.db-wal"]; !strings.Contains(all, client.ClientID) || !strings.Contains(kept["the log"], client.ClientID) {
		t.Fatal("the client id is neither in the database nor in the log")
	}
	for where, text := range kept {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in %s", what, where)
			}
		}
	}
}

func TestSecurity33Rotation(t *testing.T) {
	c := granttest.New(t)
	client, first := c.SignInCLI()
	second, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Must(err)
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || second.ExpiresIn != 3600 {
		t.Errorf("after a refresh: %#v", second)
	}
	// Two programs that share a cache file use the same token at about the same time.
	c.Clock.Advance(token.DefaultGrace)
	third, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Must(err)
	for _, good := range []wire.Secret{first.AccessToken, second.AccessToken, third.AccessToken} {
		if _, err := c.Tokens.Verify(c.Ctx, good); err != nil {
			t.Errorf("within the grace: %v", err)
		}
	}
	c.Clock.Advance(time.Second)
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Refused(err, wire.CodeInvalidGrant)
	for _, dead := range []wire.Secret{first.AccessToken, second.AccessToken, third.AccessToken} {
		_, err := c.Tokens.Verify(c.Ctx, dead)
		c.Refused(err, wire.CodeUnauthorized)
	}
	// Tokens of a dead family are refused; that it died is written down once.
	for _, dead := range []wire.Secret{first.RefreshToken, second.RefreshToken, third.RefreshToken} {
		_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, dead))
		c.Refused(err, wire.CodeInvalidGrant)
	}
	if got := c.Audited("CreateToken"); len(got) != 4 || got[0] != "refresh token reused" {
		t.Errorf("audited: %q", got)
	}
	// Another sign-in of the same person is not touched.
	if _, other := c.SignInCLI(); other.AccessToken != "" {
		_, err = c.Tokens.Verify(c.Ctx, other.AccessToken)
		c.Must(err)
	}
}

func TestRefreshTokenExpires(t *testing.T) {
	c := granttest.New(t)
	client, tokens := c.SignInCLI()
	g, err := c.Tokens.Verify(c.Ctx, tokens.AccessToken)
	c.Must(err)
	short, hash, err := opaque.New(c.Tokens.Random, opaque.RefreshToken)
	c.Must(err)
	until := c.Clock.Now().Add(time.Minute)
	c.Must(c.Store.IssueTokens(c.Ctx, store.AccessToken{FamilyID: g.Family.ID, ExpiresAt: until},
		&store.RefreshToken{Hash: hash, FamilyID: g.Family.ID, ExpiresAt: until}, c.Clock.Now()))
	c.Clock.Advance(time.Minute)
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, short))
	c.Refused(err, wire.CodeInvalidGrant)
}

func TestSecurity33NoGrace(t *testing.T) {
	c := granttest.New(t)
	c.Tokens.Grace = -1
	client, first := c.SignInCLI()
	_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Must(err)
	c.Clock.Advance(time.Millisecond)
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Refused(err, wire.CodeInvalidGrant)
}

func TestSecurity33ConcurrentRefresh(t *testing.T) {
	c := granttest.New(t)
	client, first := c.SignInCLI()
	got := make(chan wire.Secret, 10)
	won := c.Race(10, func() error {
		out, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
		got <- out.RefreshToken
		return err
	}, func(error) bool { return false })
	if won != 10 {
		t.Errorf("%d of 10 refreshes at once succeeded", won)
	}
	close(got)
	seen := map[wire.Secret]bool{}
	for s := range got {
		seen[s] = true
	}
	if len(seen) != 10 {
		t.Errorf("10 refreshes gave %d tokens", len(seen))
	}
}

func TestSecurity34RefreshTokenIsBoundToClient(t *testing.T) {
	c := granttest.New(t)
	client, first := c.SignInCLI()
	other := c.Register(granttest.CLI())
	_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(other, first.RefreshToken))
	c.Refused(err, wire.CodeInvalidGrant)
	if got := c.Audited("CreateToken"); len(got) != 2 || got[0] != "refresh token of another client" {
		t.Errorf("audited: %q", got)
	}
	_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, first.RefreshToken))
	c.Must(err)
}

func TestSecurity35RefreshNeverOutlives(t *testing.T) {
	for name, end := range map[string]func(c *granttest.Center, clientID string){
		"the session's time": func(c *granttest.Center, _ string) { c.Clock.Advance(8 * time.Hour) },
		"the session": func(c *granttest.Center, _ string) {
			c.Must(c.Store.EndSession(c.Ctx, c.Ada.Session.ID, "test", c.Clock.Now()))
		},
		"39 the person, disabled": func(c *granttest.Center, _ string) {
			c.Must(c.Store.SetDisabled(c.Ctx, "u-ada", true, c.Clock.Now()))
		},
		"the person's password": func(c *granttest.Center, _ string) {
			c.Must(c.Store.SetPassword(c.Ctx, "u-ada", "h", "", c.Clock.Now()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := granttest.New(t)
			client, tokens := c.SignInCLI()
			end(c, client.ClientID)
			_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
			c.Refused(err, wire.CodeInvalidGrant)
			_, err = c.Tokens.Verify(c.Ctx, tokens.AccessToken)
			c.Refused(err, wire.CodeUnauthorized)
		})
	}
	t.Run("the registration", func(t *testing.T) {
		c := granttest.New(t)
		client, tokens := c.SignInCLI()
		c.Must(c.Store.RemoveClient(c.Ctx, client.ClientID))
		_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
		c.Refused(err, wire.CodeInvalidClient)
		_, err = c.Tokens.Verify(c.Ctx, tokens.AccessToken)
		c.Refused(err, wire.CodeUnauthorized)
	})
	t.Run("by refreshing again and again", func(t *testing.T) {
		c := granttest.New(t)
		client, tokens := c.SignInCLI()
		for range 15 {
			c.Clock.Advance(31 * time.Minute)
			out, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
			c.Must(err)
			tokens = out
		}
		if tokens.ExpiresIn != 15*60 {
			t.Errorf("with a quarter of an hour of the session left, the token lasts %d s", tokens.ExpiresIn)
		}
		c.Clock.Advance(15 * time.Minute)
		_, err := c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
		c.Refused(err, wire.CodeInvalidGrant)
	})
}

func TestSecurity36ScopeCannotGrow(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(wire.RegisterClientRequest{
		ClientName: "c", ClientType: wire.ClientTypePublic, Scopes: []string{"codewhisperer:completions", wire.ScopeAccountAccess},
		GrantTypes: []string{wire.GrantAuthorizationCode, wire.GrantRefreshToken}, RedirectURIs: []string{granttest.Redirect},
	})
	q := granttest.AuthorizeQuery(client.ClientID)
	q.Set("scopes", "codewhisperer:completions") // less than the registration allows
	in := granttest.CodeRequest(client, c.Allow(q, c.Ada).Get("code"))
	in.Scope = []string{wire.ScopeAccountAccess}
	out, err := c.Grants.Exchange(c.Ctx, in)
	c.Must(err)
	for range 2 {
		_, err = c.Tokens.Verify(c.Ctx, out.AccessToken)
		if s := c.Refused(err, wire.CodeForbidden); s.Status != 403 {
			t.Errorf("41 status %d", s.Status)
		}
		refresh := granttest.RefreshRequest(client, out.RefreshToken)
		refresh.Scope = []string{"codewhisperer:completions", wire.ScopeAccountAccess}
		out, err = c.Grants.Exchange(c.Ctx, refresh)
		c.Must(err)
	}
}

func TestSecurity38Logout(t *testing.T) {
	for name, before := range map[string]func(c *granttest.Center){
		"a good token": func(*granttest.Center) {},
		"an expired one": func(c *granttest.Center) {
			c.Clock.Advance(2 * time.Hour)
			c.Must(c.Store.DeleteExpired(c.Ctx, c.Clock.Now()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := granttest.New(t)
			client, tokens := c.SignInCLI()
			_, sibling := c.SignInDevice()
			before(c)
			for range 2 {
				c.Must(c.Tokens.Revoke(c.Ctx, tokens.AccessToken))
			}
			_, err := c.Tokens.Verify(c.Ctx, tokens.AccessToken)
			c.Refused(err, wire.CodeUnauthorized)
			_, err = c.Tokens.Verify(c.Ctx, sibling.AccessToken)
			c.Refused(err, wire.CodeUnauthorized)
			_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(client, tokens.RefreshToken))
			c.Refused(err, wire.CodeInvalidGrant)
			if got := c.Audited("Logout"); len(got) != 1 {
				t.Errorf("audited: %q", got)
			}
			for _, s := range []wire.Secret{"", "junk", tokens.RefreshToken, "kfat_"} {
				c.Must(c.Tokens.Revoke(c.Ctx, s))
			}
		})
	}
}

func TestSecurity41PortalScope(t *testing.T) {
	for scope, ok := range map[string]bool{
		"": true, wire.ScopeAccountAccess: true, "sso-portal:*": true,
		"codewhisperer:completions": false, "sso:account:acces": false, "*": false,
	} {
		c := granttest.New(t)
		var scopes []string
		if scope != "" {
			scopes = []string{scope}
		}
		_, tokens := c.SignInDevice(scopes...)
		_, err := c.Tokens.Verify(c.Ctx, tokens.AccessToken)
		if ok {
			c.Must(err)
		} else {
			c.Refused(err, wire.CodeForbidden)
		}
	}
}

// 42: what is compared is a digest of the whole string, so every character counts and no prefix helps.
func TestSecurity42EveryCharacterCounts(t *testing.T) {
	c := granttest.New(t)
	client, tokens := c.SignInCLI()
	for i := range len(client.ClientSecret.Reveal()) {
		bad := []byte(client.ClientSecret.Reveal())
		bad[i] ^= 1
		_, err := c.Clients.Authenticate(c.Ctx, client.ClientID, wire.Secret(bad))
		c.Refused(err, wire.CodeInvalidClient)
	}
	for i := range len(tokens.AccessToken.Reveal()) {
		bad := []byte(tokens.AccessToken.Reveal())
		bad[i] ^= 1
		_, err := c.Tokens.Verify(c.Ctx, wire.Secret(bad))
		c.Refused(err, wire.CodeUnauthorized)
	}
	stranger, _, err := opaque.New(c.Tokens.Random, opaque.AccessToken) // well-formed, never issued
	c.Must(err)
	for _, s := range []wire.Secret{"", stranger, tokens.RefreshToken, client.ClientSecret, tokens.AccessToken + "A"} {
		_, err := c.Tokens.Verify(c.Ctx, s)
		if e := c.Refused(err, wire.CodeUnauthorized); e.Status != 401 {
			t.Errorf("status %d", e.Status)
		}
	}
}
