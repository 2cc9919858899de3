package centertest_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/wire"
)

const (
	keyID      = "AKIAEXAMPLE000000001"
	keySecret  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)

// sts calls STS, signed if there is a signer, and returns what the answer holds or the error's code.
func sts[T any](t *testing.T, c *centertest.Center, s *sigv4test.Signer, form url.Values) (out T, code string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, c.URL+"/", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s != nil {
		s.Region, s.Service, s.At = c.Region, "sts", c.Now()
		s.Sign(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		var e wire.STSErrorResponse
		if err := xml.Unmarshal(b, &e); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		return out, e.Error.Code
	}
	if err := xml.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return out, ""
}

func assume(role string, more ...string) url.Values {
	v := url.Values{"Action": {"AssumeRole"}, "RoleArn": {"arn:aws:iam::000000000042:role/" + role}, "RoleSessionName": {"test"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func signer(c wire.STSCredentials) *sigv4test.Signer {
	return &sigv4test.Signer{AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal()}
}

// The example's own role, with credentials that the portal handed out.
func TestAssumeTheExampleRole(t *testing.T) {
	c := newClient(t, centertest.New(t))
	token := c.signIn("ada")
	for role, want := range map[string]string{"AdministratorAccess": "", "ReadOnlyAccess": "AccessDenied"} {
		var got wire.GetRoleCredentialsResponse
		path := wire.PathGetRoleCredentials + "?" + url.Values{wire.ParamAccountID: {"111111111111"}, wire.ParamRoleName: {role}}.Encode()
		if code := c.get(path, token.AccessToken, &got); code != "" {
			t.Fatal(code)
		}
		k := got.RoleCredentials
		s := signer(wire.STSCredentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken})
		a, code := sts[wire.AssumeRoleResponse](t, c.Center, s, assume("Deploy"))
		if code != want || want == "" && a.Result.AssumedRoleUser.ARN != "arn:aws:sts::000000000042:assumed-role/Deploy/test" {
			t.Errorf("%s: %q %+v", role, code, a.Result)
		}
	}
}

func TestServiceUserAndWebIdentity(t *testing.T) {
	issuer := centertest.NewIssuer(t)
	c := centertest.New(t, centertest.Seed(`instance: {name: Example, region: us-east-1}
accounts:
  - {id: "000000000042", name: Sandbox}
service_users:
  - account: "000000000042"
    name: ci
    access_keys: [{id: `+keyID+`, secret_env: CI_SECRET}]
    mfa: {secret_file: mfa.txt}
roles:
  - {account: "000000000042", name: Careful, trust: [{account: "000000000042", service_users: [ci], mfa: true}]}
  - account: "000000000042"
    name: Web
    trust:
      - web_identity: {issuer: "`+issuer.URL+`", jwks_url: "`+issuer.JWKSURL+`", audiences: [sts.amazonaws.com], subjects: ["job:*"]}
`), centertest.References(map[string]string{"CI_SECRET": keySecret, "mfa.txt": totpSecret}))

	ci := &sigv4test.Signer{AccessKeyID: keyID, Secret: keySecret}
	if _, code := sts[wire.AssumeRoleResponse](t, c, ci, assume("Careful")); code != "AccessDenied" {
		t.Errorf("without a code: %q", code)
	}
	mfa, err := c.MFACode(totpSecret)
	if err != nil {
		t.Fatal(err)
	}
	session, code := sts[wire.GetSessionTokenResponse](t, c, ci, url.Values{
		"Action": {"GetSessionToken"}, "SerialNumber": {"arn:aws:iam::000000000042:mfa/ci"}, "TokenCode": {mfa},
	})
	if code != "" {
		t.Fatal(code)
	}
	if _, code := sts[wire.AssumeRoleResponse](t, c, signer(session.Result.Credentials), assume("Careful")); code != "" {
		t.Errorf("in a session with a code: %q", code)
	}

	web := func(token string) string {
		v := assume("Web", "WebIdentityToken", token)
		v.Set("Action", "AssumeRoleWithWebIdentity")
		a, code := sts[wire.AssumeRoleWithWebIdentityResponse](t, c, nil, v)
		if code == "" && (a.Result.SubjectFromWebIdentityToken != "job:1" || a.Result.Provider != issuer.URL) {
			t.Errorf("%+v", a.Result)
		}
		return code
	}
	for _, tc := range []struct{ token, want string }{
		{issuer.Token("job:1", "sts.amazonaws.com", nil), ""},
		{issuer.Token("person:1", "sts.amazonaws.com", nil), "AccessDenied"},
		{issuer.Token("job:1", "other", nil), "InvalidIdentityToken"},
		{issuer.Token("job:1", "sts.amazonaws.com", map[string]any{"exp": 1}), "ExpiredTokenException"},
		{centertest.NewIssuer(t).Token("job:1", "sts.amazonaws.com", nil), "AccessDenied"},
		{centertest.NewIssuer(t).Token("job:1", "sts.amazonaws.com", map[string]any{"iss": issuer.URL}), "InvalidIdentityToken"},
	} {
		if got := web(tc.token); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	c.Advance(2 * time.Hour)
	if got := web(issuer.Token("job:1", "sts.amazonaws.com", nil)); got != "ExpiredTokenException" {
		t.Errorf("two hours later: %q", got)
	}
	if err := c.Fail(centertest.Fault{Operation: "AssumeRole", Code: "ServiceUnavailable", Status: 503}); err != nil {
		t.Fatal(err)
	}
	if _, code := sts[wire.GetCallerIdentityResponse](t, c, ci, url.Values{"Action": {"GetCallerIdentity"}}); code != "" {
		t.Errorf("a fault of another operation: %q", code)
	}
	if _, code := sts[wire.AssumeRoleResponse](t, c, ci, assume("Careful")); code != "ServiceUnavailable" {
		t.Errorf("the fault: %q", code)
	}
	var operations []string
	for _, r := range c.Requests() {
		operations = append(operations, r.Operation)
	}
	if s := strings.Join(operations, " "); !strings.HasPrefix(s, "AssumeRole GetSessionToken AssumeRole AssumeRoleWithWebIdentity ") {
		t.Errorf("requests were %s", s)
	}
}
