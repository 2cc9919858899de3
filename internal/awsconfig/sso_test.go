package awsconfig

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const startURL = "https://my-sso-portal.awsapps.com/start"

var session = lines("[sso-session my-sso]", "sso_start_url = "+startURL, "sso_region = us-east-1", "sso_registration_scopes = sso:account:access, other")

func TestLoginTarget(t *testing.T) {
	sessionTarget := SSO{Session: "my-sso", StartURL: startURL, Region: "us-east-1", Scopes: []string{"sso:account:access", "other"}}
	with := func(change func(*SSO)) SSO { s := sessionTarget; change(&s); return s }
	for _, tc := range []struct {
		name, config, credentials string
		profile, session          string
		want                      SSO
		err                       error
		text                      string
	}{
		{
			name:    "session of the profile",
			config:  session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 111122223333", "sso_role_name = Admin"),
			profile: "a", want: with(func(s *SSO) { s.Profile, s.AccountID, s.RoleName = "a", "111122223333", "Admin" }),
		},
		{
			name: "named session without any profile", config: session, profile: "default", session: "my-sso",
			want: with(func(s *SSO) { s.Profile = "default" }),
		},
		{name: "named session and no profile name", config: session, session: "my-sso", want: sessionTarget},
		{
			name:    "named session wins over the profile's, whose account says nothing about it",
			config:  session + lines("[profile a]", "sso_session = other", "sso_account_id = 111122223333", "[sso-session other]"),
			profile: "a", session: "my-sso", want: with(func(s *SSO) { s.Profile = "a" }),
		},
		{
			name:    "profile and session need not agree, nor does the profile need a role",
			config:  session + lines("[profile a]", "sso_session = my-sso", "sso_region = eu-west-1"),
			profile: "a", want: with(func(s *SSO) { s.Profile = "a" }),
		},
		{
			name:    "legacy with URL and region alone",
			config:  lines("[default]", "sso_start_url = "+startURL, "sso_region = us-west-2", "sso_registration_scopes = ignored"),
			profile: "default", want: SSO{Profile: "default", StartURL: startURL, Region: "us-west-2"},
		},
		{
			name:    "an empty sso_session is legacy",
			config:  lines("[default]", "sso_session =", "sso_start_url = "+startURL, "sso_region = us-west-2"),
			profile: "default", want: SSO{Profile: "default", StartURL: startURL, Region: "us-west-2"},
		},
		{
			name:        "keys in the credentials file",
			config:      lines("[profile a]", "sso_start_url = https://old.awsapps.com/start", "sso_region = us-east-1"),
			credentials: lines("[a]", "sso_start_url = "+startURL),
			profile:     "a", want: SSO{Profile: "a", StartURL: startURL, Region: "us-east-1"},
		},
		{
			name: "no scopes configured", config: lines("[sso-session s]", "sso_start_url = "+startURL, "sso_region = x-1"),
			session: "s", want: SSO{Session: "s", StartURL: startURL, Region: "x-1"},
		},
		{
			name: "empty scopes", config: lines("[sso-session s]", "sso_start_url = "+startURL, "sso_region = x-1", "sso_registration_scopes = ,"),
			session: "s", want: SSO{Session: "s", StartURL: startURL, Region: "x-1", Scopes: []string{}},
		},
		{
			name: "a start URL that is not AWS's may tell the region itself", config: lines("[sso-session s]", "sso_start_url = https://aws.example.com", "sso_region ="),
			session: "s", want: SSO{Session: "s", StartURL: "https://aws.example.com"},
		},
		{
			name: "a center of one's own", config: lines("[sso-session s]", "sso_start_url = http://127.0.0.1:8080/start", "sso_region = us-east-1"),
			session: "s", want: SSO{Session: "s", StartURL: "http://127.0.0.1:8080/start", Region: "us-east-1"},
		},

		{
			name: "no such profile", profile: "ghost", session: "my-sso", config: session,
			err: &ProfileNotFoundError{"ghost"}, text: "The config profile (ghost) could not be found",
		},
		{
			name: "no such session", session: "nope", config: session,
			err: &SessionNotFoundError{Session: "nope"}, text: `The specified sso-session does not exist: "nope"`,
		},
		{
			name: "no such session of the profile", profile: "a", config: lines("[profile a]", "sso_session = nope"),
			err: &SessionNotFoundError{Session: "nope", Profile: "a"}, text: `The specified sso-session does not exist: "nope"`,
		},
		{
			name: "empty session section", session: "s", config: "[sso-session s]\n",
			err:  &MissingKeysError{Session: "s", Keys: []string{"sso_start_url", "sso_region"}},
			text: "Missing the following required SSO configuration values: sso_start_url, sso_region.",
		},
		{
			name: "empty config", profile: "default",
			err:  &MissingKeysError{Profile: "default", Keys: []string{"sso_start_url", "sso_region"}},
			text: "Missing the following required SSO configuration values: sso_start_url, sso_region. To make sure this profile is properly configured to use SSO, please run: aws configure sso",
		},
		{
			name: "only the URL", profile: "a", config: lines("[profile a]", "sso_start_url = "+startURL),
			err:  &MissingKeysError{Profile: "a", Keys: []string{"sso_region"}},
			text: "Missing the following required SSO configuration values: sso_region. To make sure this profile is properly configured to use SSO, please run: aws configure sso",
		},
		{
			name: "a nested block is no value", session: "s", config: lines("[sso-session s]", "sso_start_url =", "  "+startURL, "sso_region = x"),
			err:  &MissingKeysError{Session: "s", Keys: []string{"sso_start_url"}},
			text: "Missing the following required SSO configuration values: sso_start_url.",
		},
		{
			name: "http", session: "s", config: lines("[sso-session s]", "sso_start_url = http://x.awsapps.com/start", "sso_region = x"),
			err: &InsecureStartURLError{"http://x.awsapps.com/start"}, text: "The sso_start_url must use the https scheme.",
		},
		{
			name: "no host", session: "s", config: lines("[sso-session s]", "sso_start_url = https://", "sso_region = x"),
			err: &InvalidStartURLError{"https://"}, text: "Invalid sso_start_url: 'https://'",
		},
		{
			name: "AWS's host and no region", session: "s", config: lines("[sso-session s]", "sso_start_url = "+startURL, "sso_region ="),
			err: &MissingRegionError{startURL}, text: "Missing required configuration: sso_region. Please run 'aws configure sso' to set it.",
		},
		{
			name: "loopback and no region", session: "s", config: lines("[sso-session s]", "sso_start_url = https://[::1]/", "sso_region ="),
			err: &MissingRegionError{"https://[::1]/"}, text: "Missing required configuration: sso_region. Please run 'aws configure sso' to set it.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := loadBoth(t, tc.config, tc.credentials).LoginTarget(tc.profile, tc.session)
			checkSSO(t, got, err, tc.want, tc.err, tc.text)
			if _, family := errors.AsType[ConfigError](err); err != nil && family == (tc.name == "no such profile") {
				t.Errorf("%T is of the family of bad configuration: %v", err, family)
			}
		})
	}
}

func checkSSO(t *testing.T, got SSO, err error, want SSO, wantErr error, wantText string) {
	t.Helper()
	if diff := cmp.Diff(wantErr, err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if text(err) != wantText {
		t.Errorf("text %q, want %q", text(err), wantText)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCredentialSource(t *testing.T) {
	full := SSO{
		Profile: "a", Session: "my-sso", StartURL: startURL, Region: "us-east-1", Scopes: []string{"sso:account:access", "other"},
		AccountID: "111122223333", RoleName: "Admin",
	}
	for _, tc := range []struct {
		name, config string
		want         SSO
		err          error
		text         string
	}{
		{
			name:   "session",
			config: session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 111122223333", "sso_role_name = Admin"), want: full,
		},
		{
			name:   "the same values in both",
			config: session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 111122223333", "sso_role_name = Admin", "sso_region = us-east-1", "sso_start_url = "+startURL),
			want:   full,
		},
		{
			name:   "role in the session",
			config: lines("[profile a]", "sso_session = s", "sso_account_id = 1", "[sso-session s]", "sso_role_name = R", "sso_start_url = U", "sso_region = X"),
			want:   SSO{Profile: "a", Session: "s", AccountID: "1", RoleName: "R", StartURL: "U", Region: "X"},
		},
		{
			name:   "legacy",
			config: lines("[profile a]", "sso_start_url = "+startURL, "sso_region = us-west-2", "sso_account_id = 1", "sso_role_name = R"),
			want:   SSO{Profile: "a", StartURL: startURL, Region: "us-west-2", AccountID: "1", RoleName: "R"},
		},
		{
			name: "no profile", config: session,
			err: &ProfileNotFoundError{"a"}, text: "The config profile (a) could not be found",
		},
		{
			name: "bearer only", config: session + lines("[profile a]", "sso_session = nope", "region = x"),
			err: &NotSSOError{"a"}, text: `The profile "a" is not configured to use SSO: it has neither sso_account_id nor sso_role_name`,
		},
		{
			name: "dangling session", config: lines("[profile a]", "sso_session = nope", "sso_role_name = R"),
			err: &DanglingSessionError{"a", "nope"}, text: `The specified sso-session does not exist: "nope"`,
		},
		{
			name: "empty session name", config: lines("[profile a]", "sso_session =", "sso_role_name = R"),
			err: &DanglingSessionError{"a", ""}, text: `The specified sso-session does not exist: ""`,
		},
		{
			name: "legacy, only a role", config: lines("[profile a]", "sso_role_name = R"),
			err:  &IncompleteProfileError{Profile: "a", Keys: []string{"sso_account_id", "sso_start_url", "sso_region"}},
			text: `The profile "a" is configured to use SSO but is missing required configuration: sso_account_id, sso_start_url, sso_region`,
		},
		{
			name: "session, only an account", config: lines("[profile a]", "sso_account_id = 1", "sso_session = s", "[sso-session s]"),
			err:  &IncompleteProfileError{Profile: "a", Session: "s", Keys: []string{"sso_role_name", "sso_start_url", "sso_region"}},
			text: `The profile "a" is configured to use SSO but is missing required configuration: sso_role_name, sso_start_url, sso_region`,
		},
		{
			name: "region differs", config: session + lines("[profile a]", "sso_session = my-sso", "sso_account_id = 1", "sso_region = eu-west-1"),
			err: &InconsistentValueError{
				Profile: "a", Session: "my-sso", Key: "sso_region", ProfileValue: "eu-west-1", SessionValue: "us-east-1",
			},
			text: "The value for sso_region is inconsistent between profile (eu-west-1) and sso-session (us-east-1).",
		},
		{
			name:   "any key differs, not only those of SSO; the session's first is told",
			config: lines("[profile a]", "region = x", "output = json", "sso_session = s", "sso_account_id = 1", "[sso-session s]", "Output = text", "region = y"),
			err:    &InconsistentValueError{Profile: "a", Session: "s", Key: "output", ProfileValue: "json", SessionValue: "text"},
			text:   "The value for output is inconsistent between profile (json) and sso-session (text).",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := load(t, tc.config).CredentialSource("a")
			checkSSO(t, got, err, tc.want, tc.err, tc.text)
			if _, family := errors.AsType[ConfigError](err); family {
				t.Errorf("%T is of the family of bad configuration", err)
			}
		})
	}
	if _, err := load(t, "").CredentialSource("default"); text(err) == "" || !errors.As(err, new(*NotSSOError)) {
		t.Errorf("default profile of an empty config: %v", err)
	}
}

func TestSectionOfAnSSO(t *testing.T) {
	if got, want := (SSO{Profile: "p", Session: "s"}).Header(), (Header{SessionSection, "s"}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := (SSO{Profile: "p"}).Header(), (Header{ProfileSection, "p"}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseScopes(t *testing.T) {
	for list, want := range map[string][]string{
		"scope":               {"scope"},
		"a,b":                 {"a", "b"},
		"a, b":                {"a", "b"},
		" a , b ":             {"a", "b"},
		"a,":                  {"a"},
		"a,,b":                {"a", "b"},
		"":                    {},
		" , ":                 {},
		"sso:account:access,": {"sso:account:access"},
	} {
		if diff := cmp.Diff(want, ParseScopes(list)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", list, diff)
		}
	}
}
