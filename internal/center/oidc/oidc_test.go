package oidc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/clients"
	"keyfob/internal/center/granttest"
	"keyfob/internal/center/oidc"
	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files")

type door struct {
	*granttest.Center
	*httptest.Server
}

func open(t *testing.T) door {
	c := granttest.New(t)
	mux := http.NewServeMux()
	oidc.New(oidc.Config{Clients: c.Clients, Grants: c.Grants, Logger: c.Logger}).Routes(mux)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(request.NewContext(r.Context(), request.Info{ID: "req-1", RemoteIP: "192.0.2.1"})))
	}))
	t.Cleanup(s.Close)
	return door{c, s}
}

type answer struct {
	*http.Response
	body string
}

// bytes is everything of an answer that a client may look at.
func (a answer) bytes() string {
	var b strings.Builder
	fmt.Fprintln(&b, a.StatusCode)
	for _, h := range []string{"Content-Type", "Cache-Control", "Pragma", wire.HeaderErrorType, wire.HeaderRequestID} {
		fmt.Fprintf(&b, "%s: %s\n", h, a.Header.Get(h))
	}
	return b.String() + a.body + "\n"
}

func (d door) post(path, contentType, body string) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Ctx, http.MethodPost, d.URL+path, strings.NewReader(body))
	d.Must(err)
	r.Header.Set("Content-Type", contentType)
	res, err := d.Server.Client().Do(r)
	d.Must(err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	d.Must(err)
	return answer{res, string(b)}
}

func (d door) send(path string, in any) answer {
	d.Helper()
	b, err := json.Marshal(in)
	d.Must(err)
	return d.post(path, "application/json", string(b))
}

// The code flow and the device flow with the very bodies that the AWS CLI sends.
func TestFlowsOverHTTP(t *testing.T) {
	d := open(t)
	a := d.post("/client/register", "application/json", `{"clientName":"botocore-client-lab","clientType":"public","grantTypes":["authorization_code","refresh_token"],`+
		`"redirectUris":["http://127.0.0.1/oauth/callback"],"issuerUrl":"https://my-lab.awsapps.com/start","scopes":["sso:account:access"]}`)
	var client map[string]any
	d.Must(json.Unmarshal([]byte(a.body), &client))
	if a.StatusCode != 200 || client["clientSecretExpiresAt"].(float64)-client["clientIdIssuedAt"].(float64) != 90*24*3600 || client["authorizationEndpoint"] != granttest.BaseURL+"/authorize" {
		t.Fatalf("RegisterClient: %s", a.bytes())
	}
	code := d.Allow(granttest.AuthorizeQuery(client["clientId"].(string)), d.Ada).Get("code")
	token := func(members string) (out map[string]any) {
		t.Helper()
		a := d.post("/token", "application/json; charset=utf-8", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,%s}`, client["clientId"], client["clientSecret"], members))
		d.Must(json.Unmarshal([]byte(a.body), &out))
		if a.StatusCode != 200 || out["tokenType"] != "Bearer" || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get(wire.HeaderRequestID) != "req-1" {
			t.Fatalf("CreateToken: %s", a.bytes())
		}
		return out
	}
	out := token(fmt.Sprintf(`"grantType":"authorization_code","code":%q,"redirectUri":%q,"codeVerifier":%q`, code, granttest.RedirectPort, granttest.Verifier))
	if out["expiresIn"].(float64) != 3600 || out["idToken"] != nil {
		t.Errorf("token: %v", out)
	}
	out = token(fmt.Sprintf(`"grantType":"refresh_token","refreshToken":%q`, out["refreshToken"]))
	_, err := d.Tokens.Verify(d.Ctx, wire.Secret(out["accessToken"].(string)))
	d.Must(err)

	a = d.post("/client/register", "application/json", `{"clientName":"botocore-client-1","clientType":"public"}`)
	d.Must(json.Unmarshal([]byte(a.body), &client))
	a = d.post("/device_authorization", "application/json", fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"startUrl":"https://my-lab.awsapps.com/start/"}`, client["clientId"], client["clientSecret"]))
	var device map[string]any
	d.Must(json.Unmarshal([]byte(a.body), &device))
	for _, member := range []string{"deviceCode", "userCode", "verificationUri", "verificationUriComplete", "expiresIn", "interval"} {
		if device[member] == nil {
			t.Errorf("StartDeviceAuthorization lacks %s: %s", member, a.bytes())
		}
	}
	d.Must(d.Grants.DecideDevice(d.Ctx, device["userCode"].(string), true, d.Ada))
	out = token(fmt.Sprintf(`"grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":%q`, device["deviceCode"]))
	if out["expiresIn"].(float64) != 8*3600 || out["refreshToken"] != nil {
		t.Errorf("token without scopes: %v", out)
	}
}

// Every error that the door answers with, to the byte.
func TestErrorBytes(t *testing.T) {
	d := open(t)
	client, device := d.Register(granttest.CLI()), d.Register(granttest.Device())
	start := func(url string) wire.StartDeviceAuthorizationRequest {
		return wire.StartDeviceAuthorizationRequest{ClientID: device.ClientID, ClientSecret: device.ClientSecret, StartURL: url}
	}
	waiting, denied, expired := d.StartDevice(device), d.StartDevice(device), d.StartDevice(device)
	d.Must(d.Grants.DecideDevice(d.Ctx, denied.UserCode, false, d.Ada))
	register := func(change func(*wire.RegisterClientRequest)) wire.RegisterClientRequest {
		in := granttest.CLI()
		change(&in)
		return in
	}
	var got bytes.Buffer
	codes := map[wire.Code]bool{}
	show := func(name string, a answer) {
		t.Helper()
		code := wire.Code(a.Header.Get(wire.HeaderErrorType))
		codes[code] = true
		if oauth, _, ok := code.OAuth(); !ok || !strings.Contains(a.body, `"error":"`+oauth+`"`) {
			t.Errorf("%s: %s", name, a.bytes())
		}
		fmt.Fprintf(&got, "# %s\n%s\n", name, a.bytes())
	}
	show("RegisterClient, empty object", d.post("/client/register", "application/json", "{}"))
	show("RegisterClient, confidential", d.send("/client/register", register(func(r *wire.RegisterClientRequest) { r.ClientType = "confidential" })))
	show("RegisterClient, scope", d.send("/client/register", register(func(r *wire.RegisterClientRequest) { r.Scopes = []string{""} })))
	show("RegisterClient, redirect", d.send("/client/register", register(func(r *wire.RegisterClientRequest) { r.RedirectURIs = []string{"http://localhost/"} })))
	show("RegisterClient, grant type", d.send("/client/register", register(func(r *wire.RegisterClientRequest) { r.GrantTypes = []string{"password"} })))
	show("StartDeviceAuthorization, unknown start URL", d.send("/device_authorization", start("https://other.awsapps.com/start")))
	show("CreateToken, unknown client", d.send("/token", wire.CreateTokenRequest{ClientID: "a", ClientSecret: "b", GrantType: "c"}))
	show("CreateToken, grant type", d.send("/token", wire.CreateTokenRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: "password"}))
	show("CreateToken, not registered for it", d.send("/token", granttest.PollRequest(client, "x")))
	show("CreateToken, member missing", d.send("/token", granttest.PollRequest(device, "")))
	show("CreateToken, wrong code", d.send("/token", granttest.CodeRequest(client, "x")))
	show("CreateToken, wrong refresh token", d.send("/token", granttest.RefreshRequest(client, "x")))
	show("CreateToken, wrong device code", d.send("/token", granttest.PollRequest(device, "x")))
	show("CreateToken, pending", d.send("/token", granttest.PollRequest(device, waiting.DeviceCode)))
	show("CreateToken, pending still", d.send("/token", granttest.PollRequest(device, waiting.DeviceCode)))
	show("CreateToken, too early", d.send("/token", granttest.PollRequest(device, waiting.DeviceCode)))
	show("CreateToken, denied", d.send("/token", granttest.PollRequest(device, denied.DeviceCode)))
	show("CreateTokenWithIAM", d.post("/token?aws_iam=t", "application/json", "{}"))
	show("no JSON", d.post("/token", "application/json", "{"))
	show("no object", d.post("/token", "application/json", "[]"))
	show("a member twice", d.post("/token", "application/json", `{"clientId":"a","clientId":"b"}`))
	show("a member of another type", d.post("/token", "application/json", `{"clientId":1}`))
	show("65 form", d.post("/token", "application/x-www-form-urlencoded", "grant_type=authorization_code"))
	show("44 large", d.post("/client/register", "application/json", `{"clientName":"`+strings.Repeat("x", 64<<10)+`"}`))
	d.Clock.Advance(10 * time.Minute)
	show("CreateToken, expired", d.send("/token", granttest.PollRequest(device, expired.DeviceCode)))
	d.Clients.Limits.Registrations = 0
	show("44 RegisterClient, full", d.send("/client/register", granttest.CLI()))
	d.Clients.Random = failing{}
	show("RegisterClient, broken", d.send("/client/register", granttest.CLI()))
	if len(codes) != 13 {
		t.Errorf("%d of the service's 13 errors shown", len(codes))
	}
	if !strings.Contains(d.Log.String(), "no entropy") || strings.Contains(got.String(), "no entropy") {
		t.Error("the center's own trouble is not in the log, or is in the answer")
	}
	const golden = "testdata/errors.txt"
	if *update {
		d.Must(os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	d.Must(err)
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it:\n%s", golden, diff)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestSecurity65ContentType(t *testing.T) {
	d := open(t)
	b, err := json.Marshal(granttest.CLI())
	d.Must(err)
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "text/plain; application/json", "application/json, text/plain"} {
		for _, path := range []string{"/client/register", "/device_authorization", "/token"} {
			if a := d.post(path, contentType, string(b)); a.StatusCode != 415 || a.Header.Get(wire.HeaderErrorType) != "InvalidRequestException" {
				t.Errorf("%s with %q: %s", path, contentType, a.bytes())
			}
		}
	}
	if n := len(d.Audited("RegisterClient")); n != 0 {
		t.Errorf("%d registrations", n)
	}
	for _, contentType := range []string{"application/json", "Application/JSON; charset=UTF-8"} {
		if a := d.post("/client/register", contentType, string(b)); a.StatusCode != 200 {
			t.Errorf("with %q: %s", contentType, a.bytes())
		}
	}
	// And no other origin is invited to send it.
	r, err := http.NewRequestWithContext(d.Ctx, http.MethodOptions, d.URL+"/client/register", nil)
	d.Must(err)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	res, err := d.Server.Client().Do(r)
	d.Must(err)
	res.Body.Close() //nolint:errcheck // empty
	if res.StatusCode < 400 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight: %d %v", res.StatusCode, res.Header)
	}
}

func TestSecurity09OverHTTP(t *testing.T) {
	d := open(t)
	client := d.Register(granttest.CLI())
	in := granttest.CodeRequest(client, d.Allow(granttest.AuthorizeQuery(client.ClientID), d.Ada).Get("code"))
	errLost := errors.New("lost")
	won := d.Race(8, func() error {
		if a := d.send("/token", in); a.StatusCode != 200 {
			return errLost
		}
		return nil
	}, func(err error) bool { return errors.Is(err, errLost) })
	if won != 1 {
		t.Errorf("%d of 8 redemptions succeeded", won)
	}
}

func TestStaleClientIsToldWhatToDo(t *testing.T) {
	d := open(t)
	client := d.Register(granttest.Device())
	d.Clock.Advance(clients.Lifetime)
	a := d.send("/device_authorization", wire.StartDeviceAuthorizationRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: granttest.BaseURL})
	var body wire.ErrorBody
	d.Must(json.Unmarshal([]byte(a.body), &body))
	if a.StatusCode != 401 || body.Message != body.ErrorDescription || !strings.Contains(body.Message, "Remove the cached client registration") {
		t.Errorf("%s", a.bytes())
	}
}
