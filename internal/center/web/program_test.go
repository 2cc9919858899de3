package web_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// program is a command line that wants in.
type program struct {
	w            *world
	id           string
	secret       wire.Secret
	verifier     wire.Secret
	redirectURI  string
	deviceCode   wire.Secret
	UserCode     string
	CompleteLink string
}

// program registers a client that is redirected to a loopback address.
func (w *world) program(name, redirectURI string) *program {
	w.Helper()
	reg, err := w.clients.Register(w.Context(), wire.RegisterClientRequest{
		ClientName: name, ClientType: wire.ClientTypePublic, Scopes: []string{wire.ScopeAccountAccess}, RedirectURIs: []string{redirectURI},
		GrantTypes: []string{wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken}, IssuerURL: w.base.String() + "/start",
	})
	if err != nil {
		w.Fatal(err)
	}
	return &program{w: w, id: reg.ClientID, secret: reg.ClientSecret, redirectURI: redirectURI, verifier: wire.Secret(rand.Text() + rand.Text())}
}

// rename gives the program a name that registration refuses, as an older center or another store may hold.
func (p *program) rename(name string) *program {
	p.w.Helper()
	ctx := p.w.Context()
	c, err := p.w.db.Client(ctx, p.id)
	if err != nil {
		p.w.Fatal(err)
	}
	c.Name = name
	if err := errors.Join(p.w.db.RemoveClient(ctx, p.id), p.w.db.AddClient(ctx, c, 100)); err != nil {
		p.w.Fatal(err)
	}
	return p
}

// authorizeLink is what the program opens in the browser, waiting on the given redirect URI.
func (p *program) authorizeLink(redirectURI string) string {
	sum := sha256.Sum256([]byte(p.verifier.Reveal()))
	return "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {redirectURI}, "state": {"st&te=é"}, "scopes": {wire.ScopeAccountAccess},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode()
}

// startDevice asks for a device authorization from another computer.
func (p *program) startDevice() {
	p.w.Helper()
	from := request.NewContext(p.w.Context(), request.Info{RemoteIP: "203.0.113.77", UserAgent: "aws-cli/2.23.6 ua/2.0 os/linux#6.1"})
	d, err := p.w.grants.StartDevice(from, wire.StartDeviceAuthorizationRequest{ClientID: p.id, ClientSecret: p.secret, StartURL: p.w.base.String() + "/start"})
	if err != nil {
		p.w.Fatal(err)
	}
	p.deviceCode, p.UserCode = d.DeviceCode, d.UserCode
	p.CompleteLink = strings.TrimPrefix(d.VerificationURIComplete, p.w.base.String())
}

// poll asks for the device's token.
func (p *program) poll() (wire.CreateTokenResponse, error) {
	return p.w.grants.Exchange(p.w.Context(), wire.CreateTokenRequest{
		ClientID: p.id, ClientSecret: p.secret, GrantType: wire.GrantDeviceCode, DeviceCode: p.deviceCode,
	})
}

// redeem asks for the token of an authorization code.
func (p *program) redeem(code, redirectURI string) (wire.CreateTokenResponse, error) {
	return p.w.grants.Exchange(p.w.Context(), wire.CreateTokenRequest{
		ClientID: p.id, ClientSecret: p.secret, GrantType: wire.GrantAuthorizationCode, Code: wire.Secret(code), RedirectURI: redirectURI,
		CodeVerifier: p.verifier,
	})
}
