package awsconfig

import (
	"strconv"
	"strings"
	"testing"
)

// trace spells a source in one line: "role r of a < keys of b (config-file)".
func trace(s *Source) string {
	name := [...]string{"nothing", "role", "web identity", "sso", "keys", "process", "Environment", "EcsContainer", "Ec2InstanceMetadata"}[s.Kind]
	text := name + " of " + s.Profile
	switch s.Kind {
	case SourceRole:
		return text + " " + s.Role.ARN + " < " + trace(s.From)
	case SourceWebIdentity:
		return text + " " + s.Role.ARN + " " + s.Role.SessionName + " " + s.TokenFile
	case SourceSSO:
		return text + " " + s.SSO.RoleName
	case SourceKeys:
		id, _ := s.Keys.Get("aws_access_key_id")
		return text + " " + id + " " + s.KeysFile
	case SourceProcess:
		return text + " " + s.Command
	}
	return text
}

const keysInConfig = "aws_access_key_id = CONFIG\naws_secret_access_key = s"

func TestSource(t *testing.T) {
	sso := lines("[profile sso]", "sso_session = my-sso", "sso_account_id = 111122223333", "sso_role_name = Admin") + session
	for _, tc := range []struct {
		name, config, credentials string
		env                       []string
		explicit                  bool
		want                      string // or the error's text
	}{
		{name: "nothing", config: lines("[profile a]", "region = us-east-1"), want: "nothing of a"},
		{
			name: "role with the keys of another profile", config: lines("[profile a]", "role_arn = A", "source_profile = b"), credentials: lines("[b]", keysInConfig),
			want: "role of a A < keys of b CONFIG shared-credentials-file",
		},
		{
			name: "roles in a row", config: sso + lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "role_arn = B", "source_profile = sso"),
			want: "role of a A < role of b B < sso of sso Admin",
		},
		{
			name: "a profile that names itself", config: lines("[profile a]", "role_arn = A", "source_profile = a", keysInConfig),
			want: "role of a A < keys of a CONFIG config-file",
		},
		{
			name: "a profile that names itself without keys", config: lines("[profile a]", "role_arn = A", "source_profile = a"),
			want: "Infinite loop in credential configuration detected. Attempting to load from profile a which has already been visited. Visited profiles: ['a']",
		},
		{
			name: "a loop", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "role_arn = B", "source_profile = c", "[profile c]", "role_arn = C", "source_profile = b"),
			want: "Infinite loop in credential configuration detected. Attempting to load from profile b which has already been visited. Visited profiles: ['a', 'b', 'c']",
		},
		{
			name: "a loop is one also where it could end at keys", config: lines("[profile a]", "role_arn = A", "source_profile = b", keysInConfig, "[profile b]", "role_arn = B", "source_profile = a"),
			want: "Infinite loop in credential configuration detected. Attempting to load from profile a which has already been visited. Visited profiles: ['a', 'b']",
		},
		{
			name: "keys end a chain", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "role_arn = B", "source_profile = c", keysInConfig),
			want: "role of a A < keys of b CONFIG config-file",
		},
		{
			name: "half of the keys end it too", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "role_arn = B", "source_profile = c", "aws_secret_access_key = s"),
			want: `The source profile "b" must have credentials.`,
		},
		{
			name: "role of a web identity", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "role_arn = B", "web_identity_token_file = /t", "role_session_name = n"),
			want: "role of a A < web identity of b B n /t",
		},
		{
			name: "a web identity goes before its profile's source", config: lines("[profile a]", "role_arn = A", "source_profile = b", "web_identity_token_file = /t"),
			want: "web identity of a A  /t",
		},
		{name: "a web identity without a role", config: lines("[profile a]", "web_identity_token_file = /t"), want: (&WebIdentityWithoutRoleError{}).Error()},
		{
			name: "a web identity of the environment", config: lines("[profile a]", "role_arn = A", "web_identity_token_file = /t", "role_session_name = n"),
			env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "/env", "AWS_ROLE_ARN", "ENV", "AWS_ROLE_SESSION_NAME", "en"}, want: "web identity of a ENV en /env",
		},
		{
			name: "--profile goes past the environment", config: lines("[profile a]", "role_arn = A", "web_identity_token_file = /t"), explicit: true,
			env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "/env", "AWS_ROLE_ARN", "ENV"}, want: "web identity of a A  /t",
		},
		{
			name: "the environment's web identity is not a source profile's", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", keysInConfig),
			env: []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "/env", "AWS_ROLE_ARN", "ENV"}, want: "role of a A < keys of b CONFIG config-file",
		},
		{
			name: "Identity Center goes before keys", config: session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 111122223333", "sso_role_name = Admin", keysInConfig),
			want: "sso of a Admin",
		},
		{name: "half an SSO profile", config: session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 111122223333"), want: `The profile "a" is configured to use SSO but is missing required configuration: sso_role_name`},
		{
			name: "the credentials file goes before a process", config: lines("[profile a]", "credential_process = tool -x", keysInConfig),
			credentials: lines("[a]", "aws_access_key_id = FILE", "aws_secret_access_key = s"), want: "keys of a FILE shared-credentials-file",
		},
		{name: "a process goes before the config file", config: lines("[profile a]", "credential_process = tool -x", keysInConfig), want: "process of a tool -x"},
		{name: "a process in the credentials file", config: lines("[profile a]", keysInConfig), credentials: lines("[a]", "credential_process = tool"), want: "process of a tool"},
		{name: "Environment", config: lines("[profile a]", "role_arn = A", "credential_source = Environment"), want: "role of a A < Environment of a"},
		{name: "EcsContainer", config: lines("[profile a]", "role_arn = A", "credential_source = EcsContainer"), want: "role of a A < EcsContainer of a"},
		{name: "Ec2InstanceMetadata", config: lines("[profile a]", "role_arn = A", "credential_source = Ec2InstanceMetadata"), want: "role of a A < Ec2InstanceMetadata of a"},
		{
			name: "case of a credential_source", config: lines("[profile a]", "role_arn = A", "credential_source = environment"),
			want: `The credential source "environment" referenced in profile "a" is not valid.`,
		},
		{
			name: "both", config: lines("[profile a]", "role_arn = A", "credential_source = Environment", "source_profile = b"),
			want: `The profile "a" contains both source_profile and credential_source.`,
		},
		{name: "neither", config: lines("[profile a]", "role_arn = A"), want: "Partial credentials found in assume-role, missing: source_profile or credential_source"},
		{name: "no such source", config: lines("[profile a]", "role_arn = A", "source_profile = b"), want: `The source_profile "b" referenced in the profile "a" does not exist.`},
		{name: "a source without credentials", config: lines("[profile a]", "role_arn = A", "source_profile = b", "[profile b]", "region = x"), want: `The source profile "b" must have credentials.`},
		{name: "source_profile alone", config: lines("[profile a]", "source_profile = b", keysInConfig), want: "keys of a CONFIG config-file"},
		{name: "no such profile", config: "", want: "The config profile (a) could not be found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := loadBoth(t, tc.config, tc.credentials, tc.env...)
			s, err := c.Source("a", !tc.explicit)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = trace(&s)
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestRoleConfig(t *testing.T) {
	c := load(t, lines("[profile a]", "role_arn = A", "source_profile = a", keysInConfig,
		"external_id = e", "mfa_serial = m", "duration_seconds = 3600", "role_session_name = n"))
	s, err := c.Source("a", false)
	if want := (RoleConfig{ARN: "A", SessionName: "n", ExternalID: "e", MFASerial: "m", Duration: "3600"}); err != nil || s.Role != want {
		t.Errorf("got %+v, %v", s.Role, err)
	}
	for text, want := range map[string]string{"900": "900", "0900": "900", "+900": "900", "1h": "", "": "", "9 00": "", "3.5": ""} {
		c := load(t, lines("[profile a]", "role_arn = A", "credential_source = Environment", "duration_seconds = "+text))
		if s, err := c.Source("a", false); err != nil || s.Role.Duration != want {
			t.Errorf("%q: %q, %v", text, s.Role.Duration, err)
		}
	}
}

// A chain of as many profiles as anybody has ends, and so does one that is a loop.
func TestLongChain(t *testing.T) {
	var b strings.Builder
	const n = 2000
	for i := range n {
		b.WriteString(lines("[profile p"+strconv.Itoa(i)+"]", "role_arn = R", "source_profile = p"+strconv.Itoa(i+1)))
	}
	c := load(t, b.String()+lines("[profile p"+strconv.Itoa(n)+"]", keysInConfig))
	s, err := c.Source("p0", false)
	if err != nil || s.Root().Kind != SourceKeys {
		t.Errorf("%v, %v", s.Root().Kind, err)
	}
	c = load(t, b.String()+lines("[profile p"+strconv.Itoa(n)+"]", "role_arn = R", "source_profile = p0"))
	if _, err := c.Source("p0", false); err == nil {
		t.Error("a loop is no error")
	}
}
