package handover_test

import (
	"slices"
	"testing"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/handover"
)

func TestEnviron(t *testing.T) {
	base := []string{
		"PATH=/bin", "AWS_PROFILE=stale", "aws_profile=kept", "AWS_ACCESS_KEY_ID=stale", "AWS_SESSION_TOKEN=stale", "AWS_REGION=eu-west-1", "AWS_CA_BUNDLE=/ca",
		"AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", "AWS_CONFIG_FILE=/c", "=C:=C:\\", "ODD", "AWS_BEARER_TOKEN_BEDROCK=stale", "AWS_ROLE_ARN=stale", "KEYFOB_PROFILE=stale",
	}
	set := handover.Keys(credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s=="}, "")
	want := []string{
		"PATH=/bin", "aws_profile=kept", "AWS_REGION=eu-west-1", "AWS_CA_BUNDLE=/ca", "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", "AWS_CONFIG_FILE=/c", "=C:=C:\\", "ODD",
		"AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s==",
	}
	if got := handover.Environ(base, set, false); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	folded := slices.DeleteFunc(slices.Clone(want), func(e string) bool { return e == "aws_profile=kept" })
	if got := handover.Environ(base, set, true); !slices.Equal(got, folded) {
		t.Errorf("folded: got %q", got)
	}
}

func TestKeys(t *testing.T) {
	got := handover.Keys(credentials.Credentials{
		AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: time.Date(2026, 11, 23, 5, 7, 46, 0, time.FixedZone("", 3600)),
	}, "us-east-1")
	want := []handover.Variable{
		{"AWS_ACCESS_KEY_ID", "A"},
		{"AWS_SECRET_ACCESS_KEY", "s"},
		{"AWS_SESSION_TOKEN", "t"},
		{"AWS_CREDENTIAL_EXPIRATION", "2026-11-23T04:07:46+00:00"},
		{"AWS_REGION", "us-east-1"},
		{"AWS_DEFAULT_REGION", "us-east-1"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for _, v := range want {
		if !slices.Contains(handover.Given(), v.Name) {
			t.Errorf("%s is not among what is given", v.Name)
		}
	}
}

func TestWithoutCredentials(t *testing.T) {
	file := "# mine\n[default]\nregion = eu-west-1\nsso_session = corp\nSSO_ACCOUNT_ID = 1\n# why\nrole_arn = x\ns3 =\n  role_arn = nested\n[default]\ncredential_process = x\n[profile a]\nrole_arn = kept\n"
	want := "# mine\n[default]\nregion = eu-west-1\n# why\ns3 =\n  role_arn = nested\n[default]\n[profile a]\nrole_arn = kept\n"
	section := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "default"}
	if got, changed := handover.WithoutCredentials([]byte(file), section); string(got) != want || !changed {
		t.Errorf("got %s", got)
	}
	if got, changed := handover.WithoutCredentials([]byte(want), section); string(got) != want || changed {
		t.Errorf("again: %s", got)
	}
}
