package cache

import (
	"testing"

	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/signin"
)

// The names below are the AWS CLI's own.

func TestTokenNames(t *testing.T) {
	for in, want := range map[string]string{
		"my-sso":     "0ad374308c5a4e22f723adf10145eafad7c4031c",
		"admin":      "d033e22ae348aeb5660fc2140aec35850c4da997",
		`équipe "é"`: "e160884a64d6b9101a76791533cd8323210a2508",
		"https://my-sso-portal.awsapps.com/start": "c7aaaf71fcc8777ae2475525ed049d39fe16c484",
		"https://d-abc.awsapps.com/start":         "22f00c6461897f7c3e293d9d99f86e5efed957dd",
	} {
		if got := fileName(in); got != want+".json" {
			t.Errorf("%q: %s, want %s.json", in, got, want)
		}
	}
}

func TestRegistrationNames(t *testing.T) {
	const portal = "https://my-sso-portal.awsapps.com/start"
	for _, c := range []struct {
		key  signin.RegistrationKey
		want string
	}{
		{signin.RegistrationKey{Region: "us-east-1", Scopes: []string{"sso:account:access"}, Session: "my-sso", StartURL: portal}, "c5cfae6e3e4f067423a532368c8b514b6a4b0ace"},
		{signin.RegistrationKey{Region: "us-east-1", Session: "my-sso", StartURL: portal}, "5d2ad48f7ce068c072924f44a42fb81ca0fd6b99"},
		{signin.RegistrationKey{Region: "us-east-1", Scopes: []string{"sso:account:access", "codewhisperer:completions"}, Session: "my-sso", StartURL: portal}, "b77aa3b5b944f30b6610548ed10b51228fa9d2fa"},
		{signin.RegistrationKey{Region: "us-west-2", StartURL: portal}, "0e2ea322cab7baeadc3a9c4551b22484a7fb8279"},
		{signin.RegistrationKey{Region: "us-east-1", Session: `équipe "é"`, StartURL: "https://d-abc.awsapps.com/start"}, "b5efb8b431b059f82d186949daefc4151d54e3de"},
	} {
		if got := registrationName(c.key); got != c.want+".json" {
			t.Errorf("%+v: %s, want %s.json", c.key, got, c.want)
		}
	}
	// No scopes configured and an empty list of them are two things, as they are to the AWS CLI.
	none := signin.RegistrationKey{Region: "us-east-1", Session: "s", StartURL: portal}
	empty := none
	empty.Scopes = []string{}
	if registrationName(none) == registrationName(empty) {
		t.Error("null and [] have the same name")
	}
}

func TestRoleNames(t *testing.T) {
	for _, c := range []struct {
		role credentials.Role
		want string
	}{
		{credentials.Role{AccountID: "111122223333", RoleName: "ReadOnly", Target: session.Target{
			Profile: "p", Session: "my-sso", StartURL: "https://my-sso-portal.awsapps.com/start",
		}}, "0521d1f6a6c4e68f9e18540309367cc3cccb6305"},
		{credentials.Role{AccountID: "111122223333", RoleName: "SSOReadOnlyRole", Target: session.Target{
			StartURL: "https://my-sso-portal.awsapps.com/start",
		}}, "060cf8c7c9f6d2be5821f8551f81117a37355250"},
	} {
		if got := roleName(c.role); got != c.want+".json" {
			t.Errorf("%+v: %s, want %s.json", c.role, got, c.want)
		}
	}
}
