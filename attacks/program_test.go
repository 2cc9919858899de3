package attacks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"keyfob/centertest"
	"keyfob/internal/wire"
)

const scope = "sso:account:access"

// program is an OAuth client: the command line somebody uses, or an attacker's.
type program struct {
	*browser
	center *centertest.Center
	id     string
	secret wire.Secret
}

const redirectURI = "http://127.0.0.1/callback"

// register makes a client with all grants there are, whose redirects go to loopback addresses.
func register(t *testing.T, center *centertest.Center, name string) program {
	t.Helper()
	p := program{browser: newBrowser(t), center: center}
	var out wire.RegisterClientResponse
	p.must(p.send(wire.PathRegisterClient, wire.RegisterClientRequest{
		ClientName: name, ClientType: wire.ClientTypePublic, Scopes: []string{scope}, RedirectURIs: []string{redirectURI}, IssuerURL: center.StartURL,
		GrantTypes: []string{wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken},
	}, &out))
	p.id, p.secret = out.ClientID, out.ClientSecret
	return p
}

// send makes a call of the OIDC service and returns the error's name, "" if there is none.
func (p program) send(path string, in, out any) string {
	p.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	a := p.postJSON(p.center.URL+path, string(body))
	if a.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			p.t.Fatal(err)
		}
		return ""
	}
	var refused struct{ Error string }
	if err := json.Unmarshal([]byte(a.body), &refused); err != nil || refused.Error == "" || a.StatusCode/100 != 4 {
		p.t.Fatalf("%s is answered %d %s", path, a.StatusCode, a.body)
	}
	return refused.Error
}

func (p program) must(refused string) {
	p.t.Helper()
	if refused != "" {
		p.t.Fatal(refused)
	}
}

// device asks for a device code.
func (p program) device() (d wire.StartDeviceAuthorizationResponse) {
	p.t.Helper()
	p.must(p.send(wire.PathStartDeviceAuthorization, wire.StartDeviceAuthorizationRequest{
		ClientID: p.id, ClientSecret: p.secret, StartURL: p.center.StartURL,
	}, &d))
	return d
}

// token asks for tokens, with the client's own id and secret.
func (p program) token(in wire.CreateTokenRequest) (out wire.CreateTokenResponse, refused string) {
	p.t.Helper()
	in.ClientID, in.ClientSecret = p.id, p.secret
	refused = p.send(wire.PathCreateToken, in, &out)
	return out, refused
}

func (p program) poll(d wire.StartDeviceAuthorizationResponse) (wire.CreateTokenResponse, string) {
	p.t.Helper()
	return p.token(wire.CreateTokenRequest{GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode})
}

func (p program) refresh(token wire.Secret) (wire.CreateTokenResponse, string) {
	p.t.Helper()
	return p.token(wire.CreateTokenRequest{GrantType: wire.GrantRefreshToken, RefreshToken: token})
}

// credentials is the status of a call for role credentials with a token.
func (p program) credentials(token wire.Secret) int {
	p.t.Helper()
	req := p.request(http.MethodGet, p.center.URL+"/federation/credentials?account_id=111111111111&role_name=AdministratorAccess", "", "")
	req.Header.Set("x-amz-sso_bearer_token", token.Reveal())
	return p.do(req).StatusCode
}

// attempt is one sign-in with the authorization code as its program began it.
type attempt struct {
	state    string
	verifier wire.Secret
}

func newAttempt() attempt { return attempt{rand.Text(), wire.Secret(rand.Text() + rand.Text())} }

// address is where the program sends the browser; with changes a parameter is another, or gone if it is "".
func (a attempt) address(p program, changes ...string) string {
	challenge := sha256.Sum256([]byte(a.verifier.Reveal()))
	v := url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {"http://127.0.0.1:9/callback"}, "state": {a.state},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "scopes": {scope},
	}
	for i := 0; i < len(changes); i += 2 {
		if v.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			v.Del(changes[i])
		}
	}
	return p.center.URL + wire.PathAuthorize + "?" + v.Encode()
}

// redeem exchanges a code, with the verifier of the attempt.
func (a attempt) redeem(p program, code string) (wire.CreateTokenResponse, string) {
	p.t.Helper()
	return p.token(wire.CreateTokenRequest{
		GrantType: wire.GrantAuthorizationCode, Code: wire.Secret(code), RedirectURI: "http://127.0.0.1:9/callback", CodeVerifier: a.verifier,
	})
}

// allow is a person at their browser who signs in and allows the client. It returns where the browser is sent.
func allow(t *testing.T, center *centertest.Center, address string) url.Values {
	t.Helper()
	b := newBrowser(t)
	a := b.submit(b.signIn(address, "ada", centertest.Password), url.Values{"decision": {"allow"}})
	to, err := a.Location()
	if err != nil || to.Host != "127.0.0.1:9" || to.Query().Get("code") == "" {
		t.Fatalf("the browser is sent to %v, %v\n%s", to, err, a.body)
	}
	return to.Query()
}
