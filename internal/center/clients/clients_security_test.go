package clients_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/clients"
	"keyfob/internal/center/granttest"
	"keyfob/internal/center/throttle"
	"keyfob/internal/wire"
)

func TestRegister(t *testing.T) {
	c := granttest.New(t)
	out := c.Register(granttest.CLI())
	now := c.Clock.Now()
	if out.ClientIDIssuedAt != now.Unix() || out.ClientSecretExpiresAt != now.Add(90*24*time.Hour).Unix() {
		t.Errorf("registered from %d to %d", out.ClientIDIssuedAt, out.ClientSecretExpiresAt)
	}
	if out.AuthorizationEndpoint != granttest.BaseURL+"/authorize" || out.TokenEndpoint != granttest.BaseURL+"/token" {
		t.Errorf("endpoints %q, %q", out.AuthorizationEndpoint, out.TokenEndpoint)
	}
	got, err := c.Clients.Authenticate(c.Ctx, out.ClientID, out.ClientSecret)
	c.Must(err)
	if got.Name != "botocore-client-lab" || got.RemoteIP != "192.0.2.1" {
		t.Errorf("client %+v", got)
	}
	if again := c.Register(granttest.CLI()); again.ClientID == out.ClientID || again.ClientSecret == out.ClientSecret {
		t.Error("two registrations are one")
	}
}

func TestRegisterMetadata(t *testing.T) {
	c := granttest.New(t)
	long := func(n int) string { return strings.Repeat("x", n) }
	many := func(n int, s string) []string { return slices.Repeat([]string{s}, n) }
	for name, r := range map[string]struct {
		change func(*wire.RegisterClientRequest)
		want   wire.Code // "" if it is accepted
	}{
		"no name":               {func(r *wire.RegisterClientRequest) { r.ClientName = "" }, wire.CodeInvalidRequest},
		"no type":               {func(r *wire.RegisterClientRequest) { r.ClientType = "" }, wire.CodeInvalidRequest},
		"confidential":          {func(r *wire.RegisterClientRequest) { r.ClientType = "confidential" }, wire.CodeInvalidClientMetadata},
		"44 longest name":       {func(r *wire.RegisterClientRequest) { r.ClientName = long(255) }, ""},
		"44 longer name":        {func(r *wire.RegisterClientRequest) { r.ClientName = long(256) }, wire.CodeInvalidClientMetadata},
		"name with newline":     {func(r *wire.RegisterClientRequest) { r.ClientName = "a\nb" }, wire.CodeInvalidClientMetadata},
		"name right to left":    {func(r *wire.RegisterClientRequest) { r.ClientName = "a\u202eb" }, wire.CodeInvalidClientMetadata},
		"name with nothing":     {func(r *wire.RegisterClientRequest) { r.ClientName = "a\u200bb" }, wire.CodeInvalidClientMetadata},
		"name in any language":  {func(r *wire.RegisterClientRequest) { r.ClientName = "Łódź <b> 端末" }, ""},
		"issuer of another":     {func(r *wire.RegisterClientRequest) { r.IssuerURL = "https://other.awsapps.com/start" }, wire.CodeInvalidRequest},
		"no issuer":             {func(r *wire.RegisterClientRequest) { r.IssuerURL = "" }, ""},
		"44 most redirects":     {func(r *wire.RegisterClientRequest) { r.RedirectURIs = many(10, granttest.Redirect) }, ""},
		"44 more redirects":     {func(r *wire.RegisterClientRequest) { r.RedirectURIs = many(11, granttest.Redirect) }, wire.CodeInvalidRedirectURI},
		"44 long redirect":      {func(r *wire.RegisterClientRequest) { r.RedirectURIs = []string{"https://a.example/" + long(1024)} }, wire.CodeInvalidRedirectURI},
		"12 localhost":          {func(r *wire.RegisterClientRequest) { r.RedirectURIs = []string{"http://localhost/cb"} }, wire.CodeInvalidRedirectURI},
		"13 second is bad":      {func(r *wire.RegisterClientRequest) { r.RedirectURIs = append(r.RedirectURIs, "javascript:0") }, wire.CodeInvalidRedirectURI},
		"codes without a place": {func(r *wire.RegisterClientRequest) { r.RedirectURIs = nil }, wire.CodeInvalidRedirectURI},
		"wildcard scope":        {func(r *wire.RegisterClientRequest) { r.Scopes = []string{"sso-portal:*"} }, ""},
		"44 most scopes":        {func(r *wire.RegisterClientRequest) { r.Scopes = many(50, "s") }, ""},
		"44 more scopes":        {func(r *wire.RegisterClientRequest) { r.Scopes = many(51, "s") }, wire.CodeInvalidScope},
		"44 long scope":         {func(r *wire.RegisterClientRequest) { r.Scopes = []string{long(257)} }, wire.CodeInvalidScope},
		"two scopes in one":     {func(r *wire.RegisterClientRequest) { r.Scopes = []string{"a b"} }, wire.CodeInvalidScope},
		"empty scope":           {func(r *wire.RegisterClientRequest) { r.Scopes = []string{""} }, wire.CodeInvalidScope},
		"44 more grant types":   {func(r *wire.RegisterClientRequest) { r.GrantTypes = many(11, wire.GrantDeviceCode) }, wire.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			in := granttest.CLI()
			r.change(&in)
			_, err := c.Clients.Register(c.Ctx, in)
			if r.want == "" {
				c.Must(err)
				return
			}
			if s := c.Refused(err, r.want); s.Status != 400 {
				t.Errorf("status %d", s.Status)
			}
		})
	}
}

func TestAbsentGrantTypes(t *testing.T) {
	c := granttest.New(t)
	for _, r := range []struct {
		scopes []string
		want   []string
	}{
		{nil, []string{wire.GrantDeviceCode}},
		{[]string{"a", "a"}, []string{wire.GrantDeviceCode, wire.GrantRefreshToken}},
	} {
		got, err := c.Store.Client(c.Ctx, c.Register(granttest.Device(r.scopes...)).ClientID)
		c.Must(err)
		if !slices.Equal(got.GrantTypes, r.want) || len(got.Scopes) > 1 {
			t.Errorf("scopes %q: %+v", r.scopes, got)
		}
	}
}

func TestSecurity43SecretExpires(t *testing.T) {
	c := granttest.New(t)
	out := c.Register(granttest.CLI())
	c.Clock.Advance(clients.Lifetime - time.Second)
	_, err := c.Clients.Authenticate(c.Ctx, out.ClientID, out.ClientSecret)
	c.Must(err)
	c.Clock.Advance(time.Second)
	_, expired := c.Clients.Authenticate(c.Ctx, out.ClientID, out.ClientSecret)
	_, unknown := c.Clients.Authenticate(c.Ctx, "nobody", out.ClientSecret)
	for _, err := range []error{expired, unknown} {
		s := c.Refused(err, wire.CodeInvalidClient)
		if s.Status != 401 || !strings.Contains(s.Message, "Remove the cached client registration") {
			t.Errorf("%d %s", s.Status, s.Message)
		}
	}
	if expired.Error() != unknown.Error() {
		t.Errorf("%q and %q differ", expired, unknown)
	}
}

func TestSecurity44RegistrationLimits(t *testing.T) {
	t.Run("rate per network", func(t *testing.T) {
		c := granttest.New(t)
		c.Clients.Limits.PerNetwork = throttle.Limit{Free: 3, Window: time.Minute, Block: 10 * time.Second, MaxBlock: time.Minute}
		for i := range 3 {
			_, err := c.Clients.Register(granttest.At(fmt.Sprint("2001:db8::", i+1)), granttest.CLI())
			c.Must(err)
		}
		_, err := c.Clients.Register(granttest.At("2001:db8::9"), granttest.CLI())
		if s := c.Refused(err, wire.CodeSlowDown); !strings.Contains(s.Message, "2026-11-23T09:00:10Z") {
			t.Errorf("message %q", s.Message)
		}
		_, err = c.Clients.Register(granttest.At("198.51.100.1"), granttest.CLI())
		c.Must(err)
		c.Clock.Advance(10 * time.Second)
		_, err = c.Clients.Register(granttest.At("2001:db8::9"), granttest.CLI())
		c.Must(err)
	})
	t.Run("total, with expiry", func(t *testing.T) {
		c := granttest.New(t)
		c.Clients.Limits.Registrations = 2
		first := c.Register(granttest.CLI())
		c.Register(granttest.CLI())
		_, err := c.Clients.Register(c.Ctx, granttest.CLI())
		c.Refused(err, wire.CodeSlowDown)
		c.Clock.Advance(clients.Lifetime + 25*time.Hour)
		c.Register(granttest.CLI())
		_, err = c.Clients.Authenticate(c.Ctx, first.ClientID, first.ClientSecret)
		c.Refused(err, wire.CodeInvalidClient)
	})
	// Strangers who fill the store keep nobody out for longer than an hour, and end nobody's registration
	// that was of use.
	t.Run("total, filled by strangers", func(t *testing.T) {
		c := granttest.New(t)
		c.Clients.Limits.Registrations = 5
		used, tokens := c.SignInCLI()
		for range 4 {
			c.Register(granttest.CLI())
		}
		c.Clock.Advance(59 * time.Minute)
		_, err := c.Clients.Register(c.Ctx, granttest.CLI())
		c.Refused(err, wire.CodeSlowDown)
		c.Clock.Advance(2 * time.Minute)
		c.Register(granttest.CLI())
		_, err = c.Grants.Exchange(c.Ctx, granttest.RefreshRequest(used, tokens.RefreshToken))
		c.Must(err)
	})
	t.Run("refused requests leave nothing behind", func(t *testing.T) {
		c := granttest.New(t)
		before := len(c.Audited("RegisterClient"))
		in := granttest.CLI()
		in.ClientName = "\n"
		_, err := c.Clients.Register(c.Ctx, in)
		c.Refused(err, wire.CodeInvalidClientMetadata)
		if got := len(c.Audited("RegisterClient")); got != before {
			t.Errorf("%d more audit events", got-before)
		}
	})
}
