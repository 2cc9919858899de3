package centertest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/wire"
)

// client is a client of the center that shares no code with it but the words on the wire.
type client struct {
	*testing.T
	*centertest.Center
	reg wire.RegisterClientResponse
}

const callback = "http://127.0.0.1:45540/oauth/callback"

func newClient(t *testing.T, c *centertest.Center) *client {
	t.Helper()
	cl := &client{T: t, Center: c}
	cl.post(wire.PathRegisterClient, wire.RegisterClientRequest{
		ClientName: "centertest", ClientType: wire.ClientTypePublic, Scopes: []string{wire.ScopeAccountAccess}, IssuerURL: c.StartURL,
		GrantTypes:   []string{wire.GrantAuthorizationCode, wire.GrantRefreshToken, wire.GrantDeviceCode},
		RedirectURIs: []string{"http://127.0.0.1/oauth/callback"},
	}, &cl.reg)
	return cl
}

// try posts JSON and returns the error's name, "" for none.
func (c *client) try(path string, in, out any) wire.Code {
	c.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		c.Fatal(err)
	}
	r, err := http.Post(c.URL+path, "application/json", bytes.NewReader(b))
	if err != nil {
		c.Fatal(err)
	}
	return c.read(r, out)
}

func (c *client) read(r *http.Response, out any) wire.Code {
	c.Helper()
	defer r.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(r.Body)
	if err != nil {
		c.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		if code := wire.CodeFromType(r.Header.Get(wire.HeaderErrorType)); code != "" {
			return code
		}
		c.Fatalf("%s: %s", r.Status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			c.Fatalf("%v: %s", err, b)
		}
	}
	return ""
}

func (c *client) post(path string, in, out any) {
	c.Helper()
	if code := c.try(path, in, out); code != "" {
		c.Fatalf("POST %s: %s", path, code)
	}
}

func (c *client) get(path string, token wire.Secret, out any) wire.Code {
	c.Helper()
	r, err := http.NewRequest(http.MethodGet, c.URL+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set(wire.HeaderBearerToken, token.Reveal())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	return c.read(resp, out)
}

func (c *client) token(in wire.CreateTokenRequest) (out wire.CreateTokenResponse, code wire.Code) {
	c.Helper()
	in.ClientID, in.ClientSecret = c.reg.ClientID, c.reg.ClientSecret
	code = c.try(wire.PathCreateToken, in, &out)
	return out, code
}

// signIn gets tokens by the authorization code flow.
func (c *client) signIn(user string) wire.CreateTokenResponse {
	c.Helper()
	location, err := c.Authorize(user, c.authorizeURL())
	if err != nil {
		c.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, callback+"?") || u.Query().Get("state") != "s t" || u.Query().Get("iss") != c.URL {
		c.Fatalf("location = %s, %v", location, err)
	}
	out, code := c.token(wire.CreateTokenRequest{
		GrantType: wire.GrantAuthorizationCode, Code: wire.Secret(u.Query().Get("code")), RedirectURI: callback, CodeVerifier: verifier,
	})
	if code != "" {
		c.Fatal(code)
	}
	return out
}

const verifier = "0123456789012345678901234567890123456789012"

func (c *client) authorizeURL() string {
	sum := sha256.Sum256([]byte(verifier))
	return c.URL + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {c.reg.ClientID}, "redirect_uri": {callback}, "state": {"s t"}, "scopes": {wire.ScopeAccountAccess},
		"code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}.Encode()
}

func TestDeviceCode(t *testing.T) {
	c := newClient(t, centertest.New(t))
	start := func() (d wire.StartDeviceAuthorizationResponse) {
		c.post(wire.PathStartDeviceAuthorization, wire.StartDeviceAuthorizationRequest{
			ClientID: c.reg.ClientID, ClientSecret: c.reg.ClientSecret, StartURL: c.StartURL,
		}, &d)
		return d
	}
	d := start()
	poll := wire.CreateTokenRequest{GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode}
	if _, code := c.token(poll); code != wire.CodeAuthorizationPending {
		t.Fatalf("before the approval: %s", code)
	}
	if err := c.ApproveDevice("nobody", d.UserCode); err == nil {
		t.Error("a user that does not exist could approve")
	}
	if err := c.ApproveDevice("ada", d.UserCode); err != nil {
		t.Fatal(err)
	}
	out, code := c.token(poll)
	if code != "" || out.AccessToken == "" {
		t.Fatalf("after it: %s", code)
	}

	d = start()
	if err := c.DenyDevice("ada", d.UserCode); err != nil {
		t.Fatal(err)
	}
	if _, code := c.token(wire.CreateTokenRequest{GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode}); code != wire.CodeAccessDenied {
		t.Errorf("denied: %s", code)
	}
}

func TestSignInToCallerIdentity(t *testing.T) {
	c := newClient(t, centertest.New(t))
	token := c.signIn("ada")

	var accounts wire.ListAccountsResponse
	if code := c.get(wire.PathListAccounts, token.AccessToken, &accounts); code != "" {
		t.Fatal(code)
	}
	var ids []string
	for _, a := range accounts.AccountList {
		ids = append(ids, a.AccountID)
	}
	if !slices.Equal(ids, []string{"000000000042", "111111111111"}) {
		t.Errorf("accounts = %v", ids)
	}
	var creds wire.GetRoleCredentialsResponse
	if code := c.get("/federation/credentials?account_id=000000000042&role_name=AdministratorAccess", token.AccessToken, &creds); code != "" {
		t.Fatal(code)
	}
	who := func() (*http.Response, string) {
		r, err := http.NewRequest(http.MethodPost, c.URL+"/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		k := creds.RoleCredentials
		resp, err := http.DefaultClient.Do(sigv4test.Signer{
			AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey.Reveal(), SessionToken: k.SessionToken.Reveal(),
			Region: "eu-central-1", Service: "sts", At: c.Now(),
		}.Sign(r))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // a test
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(b)
	}
	resp, body := who()
	var id wire.GetCallerIdentityResponse
	if err := xml.Unmarshal([]byte(body), &id); err != nil || !strings.HasSuffix(id.Result.ARN, "/ada") || id.Result.Account != "000000000042" {
		t.Fatalf("%s %v %s", resp.Status, err, body)
	}
	// Signing out does not end credentials already issued; time does.
	r, err := http.NewRequest(http.MethodPost, c.URL+wire.PathLogout, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(wire.HeaderBearerToken, token.AccessToken.Reveal())
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 200 {
		t.Fatalf("logout: %v", err)
	}
	if code := c.get(wire.PathListAccounts, token.AccessToken, nil); code != wire.CodeUnauthorized {
		t.Errorf("after logout: %s", code)
	}
	if resp, body := who(); resp.StatusCode != 200 {
		t.Errorf("role credentials died with the session: %s %s", resp.Status, body)
	}
	c.Advance(time.Hour)
	if resp, body := who(); resp.StatusCode != 403 || !strings.Contains(body, "<Code>ExpiredToken</Code>") {
		t.Errorf("after an hour: %s %s", resp.Status, body)
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err != nil || c.Now().Sub(date) < time.Hour {
		t.Errorf("Date = %v, %v", date, err)
	}
}

func TestGraceIsNotAda(t *testing.T) {
	c := newClient(t, centertest.New(t))
	token := c.signIn("grace")
	if code := c.get("/federation/credentials?account_id=000000000042&role_name=AdministratorAccess", token.AccessToken, nil); code != wire.CodeForbidden {
		t.Errorf("a role that is not hers: %q", code)
	}
	if code := c.get("/federation/credentials?account_id=000000000042&role_name=ReadOnlyAccess", token.AccessToken, nil); code != "" {
		t.Errorf("a role that is: %q", code)
	}
}

func TestAdvanceExpiresAndRefreshes(t *testing.T) {
	c := newClient(t, centertest.New(t))
	token := c.signIn("ada")
	c.Advance(61 * time.Minute)
	if code := c.get(wire.PathListAccounts, token.AccessToken, nil); code != wire.CodeUnauthorized {
		t.Fatalf("after 61 minutes: %q", code)
	}
	fresh, code := c.token(wire.CreateTokenRequest{GrantType: wire.GrantRefreshToken, RefreshToken: token.RefreshToken})
	if code != "" {
		t.Fatal(code)
	}
	if code := c.get(wire.PathListAccounts, fresh.AccessToken, nil); code != "" {
		t.Errorf("refreshed: %q", code)
	}
}

func TestDenyAuthorize(t *testing.T) {
	c := newClient(t, centertest.New(t))
	location, err := c.DenyAuthorize("ada", c.authorizeURL())
	if err != nil || !strings.Contains(location, "error=access_denied") {
		t.Errorf("%s %v", location, err)
	}
	if _, err := c.Authorize("ada", c.URL+"/authorize?client_id=x"); err == nil {
		t.Error("an unknown client was let in")
	}
}

func TestFaults(t *testing.T) {
	c := newClient(t, centertest.New(t))
	token := c.signIn("ada")
	fail := func(f centertest.Fault) {
		t.Helper()
		if err := c.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	fail(centertest.Fault{Operation: "ListAccounts", Skip: 1, Times: 2, Status: 429, Code: wire.CodeTooManyRequests})
	for i, want := range []wire.Code{"", wire.CodeTooManyRequests, wire.CodeTooManyRequests, ""} {
		if code := c.get(wire.PathListAccounts, token.AccessToken, nil); code != want {
			t.Errorf("call %d: %q, want %q", i, code, want)
		}
	}
	fail(centertest.Fault{Operation: "GetRoleCredentials", Drop: true, Times: -1}) // net/http tries a GET again
	if r, err := http.Get(c.URL + wire.PathGetRoleCredentials); err == nil {
		t.Errorf("the connection was not dropped: %s", r.Status)
	}
	fail(centertest.Fault{Operation: "CreateToken:refresh_token", AfterCall: true})
	b, _ := json.Marshal(wire.CreateTokenRequest{ClientID: c.reg.ClientID, ClientSecret: c.reg.ClientSecret, GrantType: wire.GrantRefreshToken, RefreshToken: token.RefreshToken})
	if r, err := http.Post(c.URL+wire.PathCreateToken, "application/json", bytes.NewReader(b)); err == nil {
		t.Errorf("the answer was not lost: %s", r.Status)
	}
	if _, code := c.token(wire.CreateTokenRequest{GrantType: wire.GrantRefreshToken, RefreshToken: token.RefreshToken}); code != "" {
		t.Errorf("the same refresh token within the grace: %s", code)
	}
	fail(centertest.Fault{Operation: "*", Times: -1, Code: wire.CodeInternalServer})
	for range 3 {
		if code := c.get(wire.PathListAccounts, token.AccessToken, nil); code != wire.CodeInternalServer {
			t.Errorf("always: %q", code)
		}
	}
	c.ClearFaults()
	if code := c.get(wire.PathListAccounts, token.AccessToken, nil); code != "" {
		t.Errorf("cleared: %q", code)
	}
	for _, f := range []centertest.Fault{{}, {Operation: "Nonsense"}, {Operation: "CreateToken", Status: 99}, {Operation: "CreateToken", Times: -2}} {
		if err := c.Fail(f); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

func TestRequestsHaveNoSecrets(t *testing.T) {
	var log bytes.Buffer
	c := newClient(t, centertest.New(t, centertest.Log(&log)))
	token := c.signIn("ada")
	var creds wire.GetRoleCredentialsResponse
	c.get("/federation/credentials?account_id=000000000042&role_name=ReadOnlyAccess", token.AccessToken, &creds)
	var ops []string
	for _, r := range c.Requests() {
		ops = append(ops, fmt.Sprintf("%s %d", r.Operation, r.Status))
	}
	if want := []string{"RegisterClient 200", "CreateToken 200", "GetRoleCredentials 200"}; !slices.Equal(ops, want) {
		t.Errorf("requests = %v, want %v", ops, want)
	}
	if r := c.Requests()[2]; r.Query["account_id"] != "000000000042" || r.Query["role_name"] != "ReadOnlyAccess" {
		t.Errorf("query = %v", r.Query)
	}
	b, err := json.Marshal(c.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]wire.Secret{
		"client secret": c.reg.ClientSecret, "access token": token.AccessToken, "refresh token": token.RefreshToken, "code verifier": verifier,
		"secret key": creds.RoleCredentials.SecretAccessKey, "session token": creds.RoleCredentials.SessionToken,
	} {
		if secret == "" || strings.Contains(string(b), secret.Reveal()) || strings.Contains(log.String(), secret.Reveal()) {
			t.Errorf("the %s is missing, or in the record or the log", what)
		}
	}
	c.ForgetRequests()
	if len(c.Requests()) != 0 {
		t.Error("not forgotten")
	}
}

func TestHome(t *testing.T) {
	t.Setenv("AWS_PROFILE", "stray")
	c := centertest.New(t)
	env := c.Home(t, centertest.Profile{}, centertest.Profile{Name: "ro", AccountID: "000000000042", RoleName: "ReadOnlyAccess", Region: "eu-west-1"})
	home := ""
	for _, v := range env {
		if strings.HasPrefix(v, "AWS_") && v != "AWS_EC2_METADATA_DISABLED=true" {
			t.Errorf("stray %s", v)
		}
		if rest, ok := strings.CutPrefix(v, "HOME="); ok {
			home = rest
		}
	}
	b, err := os.ReadFile(filepath.Join(home, ".aws", "config"))
	if err != nil {
		t.Fatal(err)
	}
	want := `[profile dev]
sso_session = centertest
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
services = centertest

[sso-session centertest]
sso_start_url = URL/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile ro]
sso_session = centertest
sso_account_id = 000000000042
sso_role_name = ReadOnlyAccess
region = eu-west-1
services = centertest

[services centertest]
sso_oidc =
  endpoint_url = URL
sso =
  endpoint_url = URL
sts =
  endpoint_url = URL
`
	if got := strings.ReplaceAll(string(b), c.URL, "URL"); got != want {
		t.Errorf("config:\n%s", got)
	}
}
