package cache

import (
	"os"
	"strings"
	"testing"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

const adminARN = "arn:aws:iam::111122223333:role/Admin"

// The names are what botocore's AssumeRoleCredentialFetcher and its web identity sister make of the same
// arguments.
func TestAssumedNames(t *testing.T) {
	for want, r := range map[string]credentials.AssumedRole{
		"20d1c4c47209b5c6f6727fa999b7ec9c34fe8643.json": {ARN: adminARN, Origin: "is not part of it"},
		"bae989596137985ff89b6e30beae795c3f2014e6.json": {
			ARN: adminARN, SessionName: "ada", ExternalID: "e-1", MFASerial: "arn:aws:iam::111122223333:mfa/ada", Duration: "3600",
		},
		"f400a1c79b8dc8b3ef9e495d24ca9a3fbc36e0b3.json": {ARN: adminARN, SessionName: "pod"},
		"e14a094f92a238166db21004feb1033704c1c7a2.json": {ARN: adminARN, Duration: "900"},
		"57fbfa08cb1cdbd6070480f08ad731aaa79d3678.json": {ARN: "arn:aws:iam::111122223333:role/é\"\\🔑", ExternalID: "<&>\x7f"},
	} {
		if got := assumedName(r); got != want {
			t.Errorf("%+v: %s, want %s", r, got, want)
		}
	}
}

func assumed() credentials.Assumed {
	return credentials.Assumed{
		Credentials: credentials.Credentials{
			AccessKeyID: "ASIA", SecretAccessKey: "s/e+c=", SessionToken: "tok==", ExpiresAt: utc("2026-11-23T04:07:46Z"), AccountID: "111122223333",
		},
		User: wire.AssumedRoleUser{AssumedRoleID: "AROA:ada", ARN: "arn:aws:sts::111122223333:assumed-role/Admin/ada"},
	}
}

func TestAssumed(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	r := credentials.AssumedRole{ARN: adminARN, Origin: "ada's"}
	if _, ok := f.LoadAssumed(r); ok {
		t.Error("there are some before any were saved")
	}
	if err := f.SaveAssumed(r, assumed()); err != nil {
		t.Fatal(err)
	}
	path := cliFile(home, assumedName(r))
	b, err := os.ReadFile(path)
	want := `{"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s/e+c=", "SessionToken": "tok==", "Expiration": "2026-11-23T04:07:46+00:00", "AccountId": "111122223333"}, ` +
		`"AssumedRoleUser": {"AssumedRoleId": "AROA:ada", "Arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada"}, "KeyfobOrigin": "ada's"}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	if got, ok := f.LoadAssumed(r); !ok || got != assumed().Credentials {
		t.Errorf("%+v, %v", got, ok)
	}
	other := r
	other.Origin = "somebody else's"
	if got, ok := f.LoadAssumed(other); ok {
		t.Errorf("of another origin: %+v", got)
	}
	if err := f.DropAssumed(other); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.LoadAssumed(r); ok {
		t.Error("there are some after they were dropped")
	}
}

// A file as the AWS CLI 2.23.6 writes it, and files that are no use.
func TestAssumedOfOthers(t *testing.T) {
	const theirs = `{"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s/e+c=", "SessionToken": "tok==", "Expiration": "2026-11-23T04:07:46+00:00"}, ` +
		`"AssumedRoleUser": {"AssumedRoleId": "AROA:ada", "Arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada"}, ` +
		`"ResponseMetadata": {"RequestId": "1", "HTTPStatusCode": 200, "HTTPHeaders": {"date": "x"}, "RetryAttempts": 0}}`
	for content, ok := range map[string]bool{
		theirs: true, strings.ReplaceAll(theirs, "+00:00", "UTC"): true, "": false, "[]": false, `{"Credentials": []}`: false, theirs[:len(theirs)-1]: false,
		`{"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "Expiration": "2026-11-23T04:07:46UTC"}}`: false,
		`{"Credentials": {"AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": 7}}`:   false,
	} {
		home := t.TempDir()
		f, r := New(home), credentials.AssumedRole{ARN: adminARN, Origin: "anybody's"}
		if err := f.SaveAssumed(r, assumed()); err != nil { // makes the folders
			t.Fatal(err)
		}
		if err := os.WriteFile(cliFile(home, assumedName(r)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, is := f.LoadAssumed(r); is != ok || ok && got != assumed().Credentials {
			t.Errorf("%s: %+v, %v", content, got, is)
		}
	}
}
