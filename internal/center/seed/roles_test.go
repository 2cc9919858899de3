package seed_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"

	"keyfob/internal/center/keyring"
)

// people is a file with one of everything that roles can trust, but for what a case puts into it.
func people(more string) string {
	return minimal(`accounts:
  - {id: "000000000042", name: Zero}
  - {id: "111111111111", name: One}
users:
  - {name: Ada}
groups:
  - {name: Everyone, members: [ada]}
permission_sets:
  - {name: Admin}
` + more)
}

const peopleLines = 12

const keySecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func sources(t testing.TB) seed.Sources {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k"}}})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"jwks.json": string(jwks), "empty.json": `{"keys":[]}`, "key.txt": keySecret + "\n", "short.txt": "short", "totp.txt": "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n",
	}
	return seed.Sources{
		ReadFile: func(name string) ([]byte, error) {
			if s, ok := files[name]; ok {
				return []byte(s), nil
			}
			return nil, os.ErrNotExist
		},
		LookupEnv: func(name string) (string, bool) { return keySecret + "2", name == "CI_SECRET" },
	}
}

func TestRoles(t *testing.T) {
	src := sources(t)
	s, err := seed.Parse("c.yaml", []byte(people(`service_users:
  - account: "111111111111"
    name: ci
    access_keys:
      - {id: AKIAIOSFODNN7EXAMPLE, secret_file: key.txt}
      - {id: AKIAIOSFODNN8EXAMPLE, secret_env: CI_SECRET}
    mfa: {secret_file: totp.txt}
  - {account: "000000000042", name: ci}
roles:
  - account: "000000000042"
    name: Deploy
    path: /team/x/
    description: Deploys
    max_session_duration: 4h
    trust:
      - account: "111111111111"
        permission_sets: [Admin]
        users: [ADA]
        groups: [everyone]
        roles: [Build]
        service_users: [ci]
        external_id: tenant-7
        mfa: true
      - arns:
          - arn:aws:iam::111111111111:root
          - arn:aws:iam::111111111111:role/Build
          - arn:aws:iam::000000000042:role/team/x/Deploy
          - arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef
          - arn:aws:iam::111111111111:user/ci
          - arn:aws:sts::111111111111:assumed-role/Build/nightly
      - web_identity:
          issuer: https://token.actions.githubusercontent.com
          audiences: [sts.amazonaws.com]
          subjects: ["repo:acme/*"]
          jwks_url: https://token.actions.githubusercontent.com/.well-known/jwks
      - web_identity: {issuer: "http://127.0.0.1:9", audiences: [a, b], subjects: ["s"], jwks_file: jwks.json}
  - {account: "111111111111", name: Build, trust: []}
`)), src)
	if err != nil {
		t.Fatal(err)
	}
	inst := directory.InstanceID("Example")
	jwks, _ := src.ReadFile("jwks.json")
	const one = "111111111111"
	want := []store.Role{
		{
			AccountID: "000000000042", Name: "Deploy", Path: "/team/x/", Description: "Deploys", MaxSessionDuration: 4 * time.Hour,
			Trust: []store.Trust{
				{
					Principals: []store.TrustPrincipal{
						{Kind: store.TrustPermissionSet, AccountID: one, Name: "Admin"},
						{Kind: store.TrustUser, AccountID: one, Name: directory.UserID(inst, "ada")},
						{Kind: store.TrustGroup, AccountID: one, Name: directory.GroupID(inst, "Everyone")},
						{Kind: store.TrustRole, AccountID: one, Name: "Build"},
						{Kind: store.TrustServiceUser, AccountID: one, Name: "ci"},
					},
					ExternalID: "tenant-7", MFA: true,
				},
				{Principals: []store.TrustPrincipal{
					{Kind: store.TrustAccount, AccountID: one},
					{Kind: store.TrustRole, AccountID: one, Name: "Build"},
					{Kind: store.TrustRole, AccountID: "000000000042", Name: "Deploy"},
					{Kind: store.TrustRole, AccountID: one, Name: "AWSReservedSSO_Admin_0123456789abcdef"},
					{Kind: store.TrustServiceUser, AccountID: one, Name: "ci"},
					{Kind: store.TrustRoleSession, AccountID: one, Name: "Build/nightly"},
				}},
				{WebIdentity: &store.WebIdentity{
					Issuer: "https://token.actions.githubusercontent.com", Audiences: []string{"sts.amazonaws.com"}, Subjects: []string{"repo:acme/*"},
					JWKSURL: "https://token.actions.githubusercontent.com/.well-known/jwks",
				}},
				{WebIdentity: &store.WebIdentity{Issuer: "http://127.0.0.1:9", Audiences: []string{"a", "b"}, Subjects: []string{"s"}, JWKS: string(jwks)}},
			},
		},
		{AccountID: one, Name: "Build", Path: "/", MaxSessionDuration: time.Hour},
	}
	if d := cmp.Diff(want, s.Organisation.Roles); d != "" {
		t.Errorf("roles (-want +got)\n%s", d)
	}
	const serial = "arn:aws:iam::111111111111:mfa/ci"
	users := []store.ServiceUser{
		{AccountID: one, Name: "ci", AccessKeys: []store.AccessKey{{ID: "AKIAIOSFODNN7EXAMPLE"}, {ID: "AKIAIOSFODNN8EXAMPLE"}}, MFASerial: serial},
		{AccountID: "000000000042", Name: "ci"},
	}
	if d := cmp.Diff(users, s.Organisation.ServiceUsers); d != "" {
		t.Errorf("service users before Seal (-want +got)\n%s", d)
	}
	ring, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(func(of string, secret wire.Secret) ([]byte, error) { return rolecreds.SealSecret(ring, of, secret) }); err != nil {
		t.Fatal(err)
	}
	u := s.Organisation.ServiceUsers[0]
	for of, c := range map[string]struct {
		sealed []byte
		want   wire.Secret
	}{
		"AKIAIOSFODNN7EXAMPLE": {u.AccessKeys[0].Secret, keySecret},
		"AKIAIOSFODNN8EXAMPLE": {u.AccessKeys[1].Secret, keySecret + "2"},
		serial:                 {u.MFASecret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
	} {
		if got, err := rolecreds.OpenSecret(ring, of, c.sealed); err != nil || got != c.want {
			t.Errorf("%s: %v %v", of, got == c.want, err)
		}
	}
	if _, err := rolecreds.OpenSecret(ring, serial, u.AccessKeys[0].Secret); err == nil {
		t.Error("a sealed secret can be moved to somebody else")
	}
}

func TestProblemsOfRoles(t *testing.T) {
	role := func(trust string) string {
		return `roles:
  - account: "111111111111"
    name: Deploy
    trust:
      - ` + trust + "\n"
	}
	web := func(more string) string {
		return role("web_identity: {issuer: \"https://idp\", audiences: [a], " + more + "}")
	}
	user := func(more string) string {
		return "service_users:\n  - {account: \"111111111111\", name: ci, " + more + "}\n"
	}
	for name, c := range map[string]struct{ yaml, want string }{
		"no trust":               {"roles:\n  - {account: \"111111111111\", name: A}\n", "needs the key trust"},
		"reserved":               {"roles:\n  - {account: \"111111111111\", name: AWSReservedSSO_A, trust: []}\n", "names that begin with AWSReservedSSO_ are those of permission sets"},
		"twice":                  {"roles:\n  - {account: \"111111111111\", name: A, trust: []}\n  - {account: \"111111111111\", name: a, trust: []}\n", "role a is declared twice in account 111111111111"},
		"path":                   {"roles:\n  - {account: \"111111111111\", name: A, path: team, trust: []}\n", "path must be / or like /team/"},
		"too long":               {"roles:\n  - {account: \"111111111111\", name: A, max_session_duration: 13h, trust: []}\n", "max_session_duration must be between 1h and 12h"},
		"nobody":                 {role("{account: \"111111111111\"}"), "the element trusts nobody"},
		"no account":             {role("{users: [ada]}"), "say in which account they have their credentials"},
		"unknown user":           {role("{account: \"111111111111\", users: [eve]}"), `there is no user "eve"`},
		"unknown role":           {role("{account: \"000000000042\", roles: [Deploy]}"), `there is no role "Deploy" in account "000000000042"`},
		"unknown permission set": {role("{account: \"000000000042\", permission_sets: [admin]}"), `there is no permission set "admin"`},
		"unknown service user":   {role("{account: \"000000000042\", service_users: [ci]}"), `there is no service user "ci"`},
		"everybody":              {role("{arns: [\"*\"]}"), "a trusted principal's ARN looks like arn:aws:iam::111111111111:root"},
		"another partition":      {role("{arns: [\"arn:aws-cn:iam::111111111111:root\"]}"), "a trusted principal's ARN looks like"},
		"all users":              {role("{arns: [\"arn:aws:iam::111111111111:user/*\"]}"), `there is no service user "*"`},
		"a group":                {role("{arns: [\"arn:aws:iam::111111111111:group/x\"]}"), "a trusted principal's ARN looks like"},
		"another account":        {role("{arns: [\"arn:aws:iam::222222222222:root\"]}"), `there is no account "222222222222"`},
		"role of another path":   {role("{arns: [\"arn:aws:iam::111111111111:role/x/Deploy\"]}"), "there is no role of this ARN"},
		"external id":            {role("{arns: [\"arn:aws:iam::111111111111:root\"], external_id: x}"), "external_id must be 2 to 1000"},
		"both":                   {role("{mfa: true, web_identity: {issuer: \"https://idp\", audiences: [a], subjects: [s], jwks_file: jwks.json}}"), "web_identity stands alone"},
		"any subject":            {web("subjects: [\"*?\"], jwks_file: jwks.json"), `the subject "*?" is everybody who has a token of the issuer`},
		"no keys":                {web("subjects: [s]"), "the issuer's public keys are in either jwks_file or jwks_url"},
		"keys twice":             {web("subjects: [s], jwks_file: jwks.json, jwks_url: \"https://idp/jwks\""), "the issuer's public keys are in either jwks_file or jwks_url"},
		"no file":                {web("subjects: [s], jwks_file: none.json"), "jwks_file: file does not exist"},
		"empty keys":             {web("subjects: [s], jwks_file: empty.json"), "jwks_file: it has no RSA key"},
		"plain http":             {web("subjects: [s], jwks_url: \"http://idp/jwks\""), "jwks_url must be an https URL"},
		"an odd scheme":          {web("subjects: [s], jwks_url: \"file:///etc/passwd\""), "jwks_url must be an https URL"},
		"inline secret":          {user("access_keys: [{id: AKIAIOSFODNN7EXAMPLE, secret: \"" + keySecret + "\"}]"), `a secret is not written here`},
		"no secret":              {user("access_keys: [{id: AKIAIOSFODNN7EXAMPLE}]"), "the secret is in either secret_file or secret_env"},
		"short secret":           {user("access_keys: [{id: AKIAIOSFODNN7EXAMPLE, secret_file: short.txt}]"), "the secret of an access key must be 32 to 128"},
		"no variable":            {user("access_keys: [{id: AKIAIOSFODNN7EXAMPLE, secret_env: NONE}]"), "secret_env: the environment has no variable NONE"},
		"key id":                 {user("access_keys: [{id: ASIAIOSFODNN7EXAMPLE, secret_file: key.txt}]"), "id must be AKIA and 16"},
		"key twice":              {user("access_keys: [{id: AKIAIOSFODNN7EXAMPLE, secret_file: key.txt}, {id: AKIAIOSFODNN7EXAMPLE, secret_file: key.txt}]"), "access key AKIAIOSFODNN7EXAMPLE is declared twice"},
		"short mfa":              {user("mfa: {secret_file: short.txt}"), "the secret of an MFA device must be"},
		"mfa of another account": {user("mfa: {serial: \"arn:aws:iam::000000000042:mfa/x\", secret_file: totp.txt}"), "serial must be like arn:aws:iam::111111111111:mfa/ci"},
	} {
		_, err := seed.Parse("c.yaml", []byte(people(c.yaml)), sources(t))
		var ps seed.Problems
		if !errors.As(err, &ps) {
			t.Errorf("%s: error is %v", name, err)
			continue
		}
		if !strings.Contains(ps[0].Message, c.want) || ps[0].Line <= peopleLines || ps[0].Column == 0 {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if len(ps) != 1 {
			t.Errorf("%s: %d problems: %v", name, len(ps), err)
		}
		if strings.Contains(err.Error(), keySecret) {
			t.Errorf("%s: the secret is in the message", name)
		}
	}
}
