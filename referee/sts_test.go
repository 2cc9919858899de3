package referee

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Roles, for real clients: role chaining, long-lived keys with a second factor, web identity.

const (
	ciSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	ciMFA    = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	ciSerial = "arn:aws:iam::111111111111:mfa/ci"
)

// moreRoles goes on where the example's list of roles ends.
const moreRoles = `
  - account: "000000000042"
    name: Release
    max_session_duration: 4h
    trust:
      - {account: "111111111111", service_users: [ci]}
  - account: "000000000042"
    name: Careful
    trust:
      - {account: "111111111111", service_users: [ci], mfa: true, external_id: tenant-7}
  - account: "000000000042"
    name: Chained
    trust:
      - {account: "000000000042", roles: [Deploy]}
  - account: "000000000042"
    name: Web
    trust:
      - web_identity: {issuer: "https://idp.example.com", audiences: [sts.amazonaws.com], subjects: ["repo:example/*"], jwks_file: jwks.json}
service_users:
  - account: "111111111111"
    name: ci
    access_keys:
      - {id: AKIAEXAMPLE000000001, secret_file: ci.txt}
    mfa: {secret_file: ci-mfa.txt}
`

// stsConfig are the profiles that assume roles; %s is the home as the tools see it.
const stsConfig = `
[profile deploy]
role_arn = arn:aws:iam::000000000042:role/Deploy
role_session_name = chain
source_profile = dev
region = us-east-1
services = example

[profile deploy-further]
role_arn = arn:aws:iam::000000000042:role/Chained
role_session_name = link
source_profile = deploy
region = us-east-1
services = example

[profile release]
role_arn = arn:aws:iam::000000000042:role/Release
role_session_name = nightly
duration_seconds = 14400
source_profile = ci
region = us-east-1
services = example

[profile not-trusted]
role_arn = arn:aws:iam::000000000042:role/Deploy
role_session_name = x1
source_profile = ci
region = us-east-1
services = example

[profile ci]
aws_access_key_id = AKIAEXAMPLE000000001
aws_secret_access_key = ` + ciSecret + `
region = us-east-1
services = example

[profile web]
role_arn = arn:aws:iam::000000000042:role/Web
role_session_name = job-1
web_identity_token_file = %s/token.jwt
region = us-east-1
services = example

[profile web-forged]
role_arn = arn:aws:iam::000000000042:role/Web
role_session_name = job-2
web_identity_token_file = %s/forged.jwt
region = us-east-1
services = example
`

// newSTSWorld is a world with roles to assume, and two web identity tokens: one is good.
func newSTSWorld(t *testing.T, tools ...tool) *world {
	t.Helper()
	needs(t, tools...)
	w := newHome(t, newCenter(t))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	w.restart(func() {
		for name, content := range map[string]string{
			"center.yaml": string(built.centerYAML) + moreRoles, "ci.txt": ciSecret, "ci-mfa.txt": ciMFA, "jwks.json": jwks(key),
		} {
			must(t, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600))
		}
	})
	config, err := os.ReadFile(w.path("config"))
	must(t, err)
	home := w.home
	for _, tool := range tools {
		if tool.name == awsCLI.name || tool.name == boto3.name {
			home = w.inside()
		}
	}
	must(t, os.WriteFile(w.path("config"), append(config, fmt.Sprintf(stsConfig, home, home)...), 0o600))
	must(t, os.WriteFile(filepath.Join(w.home, "token.jwt"), []byte(idToken(key)), 0o600))
	must(t, os.WriteFile(filepath.Join(w.home, "forged.jwt"), []byte(idToken(other)), 0o600))
	return w
}

var b64 = base64.RawURLEncoding

func jwks(key *ecdsa.PrivateKey) string {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":%q,"y":%q}]}`, b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
}

func idToken(key *ecdsa.PrivateKey) string {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": "https://idp.example.com", "aud": "sts.amazonaws.com", "sub": "repo:example/app", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		panic(err)
	}
	content := b64.EncodeToString([]byte(`{"alg":"ES256","kid":"k1"}`)) + "." + b64.EncodeToString(claims)
	sum := sha256.Sum256([]byte(content))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	return content + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// mfaCode is RFC 6238, by hand.
func mfaCode(t *testing.T, base32Secret string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(base32Secret)
	must(t, err)
	m := hmac.New(sha1.New, secret)
	must(t, binary.Write(m, binary.BigEndian, at.Unix()/30))
	sum := m.Sum(nil)
	from := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[from:])&0x7fffffff)%1000000)
}

// is wants a profile to be somebody.
func (w *world) is(tool tool, profile, arn string) {
	w.t.Helper()
	var id struct{ Account, Arn, UserID string }
	if tool.sdk {
		w.decode(w.ok(tool, "identity", profile), &id)
	} else {
		w.decode(w.ok(tool, "sts", "get-caller-identity", "--profile", profile, "--output", "json"), &id)
	}
	if id.Arn != arn {
		w.t.Errorf("%s: profile %s is %+v, want %s", tool.name, profile, id, arn)
	}
}

// Every tool that knows roles assumes them by itself, from profiles.
func TestProfilesAssumeRoles(t *testing.T) {
	t.Parallel()
	for _, tool := range append([]tool{awsCLI}, sdks()...) {
		t.Run(tool.name, func(t *testing.T) {
			t.Parallel()
			w := newSTSWorld(t, tool)
			w.login(keyfob, "--profile", "dev")
			const assumed = "arn:aws:sts::000000000042:assumed-role/"
			w.is(tool, "ci", "arn:aws:iam::111111111111:user/ci")
			w.is(tool, "release", assumed+"Release/nightly")
			w.is(tool, "deploy", assumed+"Deploy/chain")
			w.is(tool, "deploy-further", assumed+"Chained/link")
			w.is(tool, "web", assumed+"Web/job-1")
			for profile, want := range map[string]string{"not-trusted": "AccessDenied", "web-forged": "InvalidIdentityToken"} {
				args := []string{"identity", profile}
				if !tool.sdk {
					args = []string{"sts", "get-caller-identity", "--profile", profile}
				}
				if r := w.fails(tool, args...); !strings.Contains(r.stderr, want) {
					t.Errorf("%s: %s", profile, r.stderr)
				}
			}
		})
	}
}

type stsAnswer struct {
	Credentials     struct{ AccessKeyID, SecretAccessKey, SessionToken, Expiration string }
	AssumedRoleUser struct{ AssumedRoleID, Arn string }
	Provider        string
	Audience        string
	Subject         string `json:"SubjectFromWebIdentityToken"`
}

// The AWS CLI's own commands, with --endpoint-url and nothing else.
func TestAWSCLICallsSTS(t *testing.T) {
	t.Parallel()
	w := newSTSWorld(t, awsCLI)
	sts := func(profile string, args ...string) []string {
		return append([]string{"sts", args[0], "--endpoint-url", w.URL, "--region", "us-east-1", "--profile", profile, "--output", "json"}, args[1:]...)
	}
	answer := func(args []string) (a stsAnswer) {
		t.Helper()
		w.decode(w.ok(awsCLI, args...), &a)
		if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(a.Credentials.AccessKeyID) || a.Credentials.SessionToken == "" {
			t.Errorf("%q answers %+v", args, a)
		}
		return a
	}
	a := answer(sts("ci", "assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Release", "--role-session-name", "by-hand", "--duration-seconds", "900"))
	if a.AssumedRoleUser.Arn != "arn:aws:sts::000000000042:assumed-role/Release/by-hand" || !strings.HasSuffix(a.AssumedRoleUser.AssumedRoleID, ":by-hand") {
		t.Errorf("assume-role: %+v", a)
	}
	if at, err := time.Parse(time.RFC3339, a.Credentials.Expiration); err != nil || time.Until(at) > 15*time.Minute || time.Until(at) < 13*time.Minute {
		t.Errorf("it expires %s, %v", a.Credentials.Expiration, err)
	}
	answer(sts("ci", "get-session-token"))
	token, err := os.ReadFile(filepath.Join(w.home, "token.jwt"))
	must(t, err)
	// No profile has keys for it: it is not signed.
	a = answer(sts("web-forged", "assume-role-with-web-identity", "--role-arn", "arn:aws:iam::000000000042:role/Web", "--role-session-name", "job",
		"--web-identity-token", string(token)))
	if a.Provider != "https://idp.example.com" || a.Audience != "sts.amazonaws.com" || a.Subject != "repo:example/app" || a.AssumedRoleUser.Arn != "arn:aws:sts::000000000042:assumed-role/Web/job" {
		t.Errorf("assume-role-with-web-identity: %+v", a)
	}

	mfa := []string{"--serial-number", ciSerial, "--token-code", mfaCode(t, ciMFA, time.Now())}
	careful := sts("ci", append([]string{"assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Careful", "--role-session-name", "with-mfa"}, mfa...)...)
	for _, c := range []struct {
		args []string
		want string
	}{
		{
			sts("ci", "assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Deploy", "--role-session-name", "x1"),
			"An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111111111111:user/ci is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000042:role/Deploy",
		},
		{
			sts("ci", "assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Release", "--role-session-name", "x1", "--duration-seconds", "14401"),
			"An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
		},
		{
			sts("ci", "assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Release", "--role-session-name", "a b"),
			"An error occurred (ValidationError) when calling the AssumeRole operation: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint",
		},
		{
			sts("ci", "assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Release", "--role-session-name", "x1", "--policy", "{}"),
			"An error occurred (MalformedPolicyDocument) when calling the AssumeRole operation",
		},
		{careful, "An error occurred (AccessDenied)"}, // its external id is missing
		{append(careful, "--external-id", "tenant-7"), "it was used already"},
		{sts("release", "get-session-token"), "An error occurred (AccessDenied) when calling the GetSessionToken operation: Cannot call GetSessionToken with session credentials"},
		{
			sts("web", "assume-role-with-web-identity", "--role-arn", "arn:aws:iam::000000000042:role/Web", "--role-session-name", "job", "--web-identity-token", "abcd"),
			"An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation",
		},
	} {
		r := w.fails(awsCLI, c.args...)
		r.stderr = strings.Replace(r.stderr, " (reached max retries: 0)", "", 1) // of the referee's own setting
		if !strings.Contains(r.stderr, c.want) {
			t.Errorf("%q says %s", c.args, r.stderr)
		}
	}
	w.control("POST", "/clock", map[string]string{"advance": "30s"}, nil)
	var clock struct{ Now time.Time }
	w.control("POST", "/clock", map[string]string{"advance": "0s"}, &clock)
	mfa[3] = mfaCode(t, ciMFA, clock.Now)
	answer(append(sts("ci", append([]string{"assume-role", "--role-arn", "arn:aws:iam::000000000042:role/Careful", "--role-session-name", "with-mfa"}, mfa...)...), "--external-id", "tenant-7"))
}
