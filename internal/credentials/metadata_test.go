package credentials_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

const metadataAnswer = `{"RoleArn": "r", "AccessKeyId": "A", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-11-23T11:00:00Z"}`

func TestContainer(t *testing.T) {
	const prefix = "Error when retrieving credentials from container-role: "
	const unsupported = "'.  Can only retrieve metadata from a loopback address or one of these hosts: 169.254.170.2, 169.254.170.23, fd00:ec2::23, localhost"
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // "URL AUTHORIZATION" that is asked for, or the error
	}{
		{"ECS", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"}, "http://169.254.170.2/v2/x "},
		{"loopback", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tok"}, "http://127.0.0.1:9/x tok"},
		{"loopback, spelled otherwise", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[::1]:9/x"}, "http://[::1]:9/x "},
		{"localhost", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:9/x"}, "http://localhost:9/x "},
		{"EKS", map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "no",
		}, "http://169.254.170.23/v1 from the file"},
		{"relative goes first", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/r", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"}, "http://169.254.170.2/r "},
		{"elsewhere", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/"}, prefix + "Unsupported host 'evil.example" + unsupported},
		{"elsewhere over TLS", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://evil.example/"}, prefix + "Unsupported host 'evil.example" + unsupported},
		{"a host in a user's clothes", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.example/"}, prefix + "Unsupported host 'evil.example" + unsupported},
		{"a longer host", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ".evil.example/"}, prefix + "Unsupported host '169.254.170.2.evil.example" + unsupported},
		{"a file", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "file:///etc/passwd"}, prefix + "the address in AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL"},
		{"nothing", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": ""}, prefix + "the address in AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL"},
		{"two headers", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX: y"}, prefix + "Auth token value is not a legal header value"},
		{"no file", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/none"}, prefix + "the file in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := ""
			s := credentials.Container{
				LookupEnv: func(k string) (string, bool) { v, ok := c.env[k]; return v, ok },
				ReadFile: func(path string) ([]byte, error) {
					if path != "/token" {
						return nil, errors.New("not there")
					}
					return []byte("from the file\n"), nil
				},
				Fetch: func(_ context.Context, url string, authorization wire.Secret) ([]byte, error) {
					asked = url + " " + authorization.Reveal()
					return []byte(metadataAnswer), nil
				},
				Clock: clock.NewFake(start()),
			}
			if !s.Configured() {
				t.Error("not configured")
			}
			got, err := s.Get(t.Context())
			if strings.HasPrefix(c.want, prefix) {
				if err == nil || err.Error() != c.want || asked != "" {
					t.Errorf("got %v, asked %q, want %s", err, asked, c.want)
				}
				return
			}
			want := credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: start().Add(time.Hour)}
			if err != nil || got != want || asked != c.want {
				t.Errorf("got %+v, %v, asked %q", got, err, asked)
			}
		})
	}
	none := credentials.Container{LookupEnv: func(string) (string, bool) { return "", false }}
	if none.Configured() {
		t.Error("configured without a variable")
	}
}

func TestInstance(t *testing.T) {
	for answer, want := range map[string]string{
		metadataAnswer: "",
		`{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}`: "Error when retrieving credentials from iam-role: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role",
		`{}`: "Error when retrieving credentials from iam-role: Missing required key in response: 'AccessKeyId'",
		`no`: "Error when retrieving credentials from iam-role: its answer is not JSON with credentials",
		strings.Replace(metadataAnswer, "11:00", "09:00", 1): credentials.ErrExpiredOnArrival.Error(),
	} {
		i := credentials.Instance{Clock: clock.NewFake(start()), Fetch: func(context.Context) ([]byte, error) { return []byte(answer), nil }}
		got, err := i.Get(t.Context())
		if want == "" && (err != nil || got.SessionToken != "t") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want credentials.Credentials
		ok   bool
		err  string // of Environment or, once there are keys, of using them
	}{
		{map[string]string{}, credentials.Credentials{}, false, ""},
		{map[string]string{"AWS_ACCESS_KEY_ID": "A"}, credentials.Credentials{}, false, "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"},
		{map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}, credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, true, ""},
		{
			map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": "2026-11-23T11:00:00+00:00"},
			credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: start().Add(time.Hour)},
			true, "",
		},
		{map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CREDENTIAL_EXPIRATION": "2026-11-23T10:00:00+00:00"}, credentials.Credentials{}, true, credentials.ErrExpiredOnArrival.Error()},
		{map[string]string{"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CREDENTIAL_EXPIRATION": "soon"}, credentials.Credentials{}, false, "AWS_CREDENTIAL_EXPIRATION is not a time"},
	} {
		got, ok, err := credentials.Environment(func(k string) (string, bool) { v, ok := c.env[k]; return v, ok })
		if ok && err == nil {
			got, err = credentials.Fixed(got, clock.NewFake(start()))(t.Context())
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.want || ok != c.ok || text != c.err {
			t.Errorf("%v: %+v, %v, %v", c.env, got, ok, err)
		}
	}
}
