package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/sources"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// Every kind of error has its exit code and, where there is something to do, the exact thing to do.
func TestReport(t *testing.T) {
	corp := session.Target{Profile: "dev", Session: "my corp", StartURL: "https://d-1.awsapps.com/start"}
	legacy := session.Target{Profile: "it's old", StartURL: "https://d-1.awsapps.com/start"}
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{nil, 0, ""},
		{Interrupted{os.Interrupt}, 130, "\n"},
		{fmt.Errorf("x: %w", Interrupted{syscall.SIGTERM}), 143, "\n"},
		{Interrupted{syscall.SIGHUP}, 129, "\n"},
		{errors.New("a\x1b[31m\nb"), 255, "keyfob: error: a[31m b\n"},
		{&awsconfig.ProfileNotFoundError{Profile: "p"}, 255, "keyfob: error: The config profile (p) could not be found\nkeyfob: hint: keyfob configure list-profiles shows the profiles there are\n"},
		{&awsconfig.SessionNotFoundError{Session: "s"}, 253, "keyfob: error: The specified sso-session does not exist: \"s\"\nkeyfob: hint: sessions are the [sso-session NAME] sections of the config file\n"},
		{&credentials.NotFoundError{Profile: "p"}, 253, "keyfob: error: Unable to locate credentials for profile \"p\"\nkeyfob: hint: profile \"p\" has no SSO role and no keys; keyfob configure list-profiles shows the profiles there are\n"},
		{&sources.UnavailableError{Err: &credentials.NotFoundError{Profile: "p"}}, 253, "keyfob: error: Unable to retrieve credentials: no credentials found\nkeyfob: hint: profile \"p\" has no SSO role and no keys; keyfob configure list-profiles shows the profiles there are\n"},
		{&faultyError{1}, 253, "keyfob: error: the configuration has 1 error: something will not work\n"},
		{&unconfirmedError{}, 252, "keyfob: error: nothing was written: there is no terminal to ask at, and no --yes\n"},
		{&awsconfig.NoRegionError{}, 253, "keyfob: error: You must specify a region. You can also configure your region by running \"aws configure\".\n"},
		{&awsconfig.DanglingSessionError{Profile: "p", Session: "s"}, 255, "keyfob: error: The specified sso-session does not exist: \"s\"\nkeyfob: hint: add [sso-session s] to the config file, or correct sso_session in profile \"p\"\n"},
		{&sources.UnavailableError{Err: &awsconfig.DanglingSessionError{Profile: "p", Session: "s"}}, 253, "keyfob: error: Unable to retrieve credentials: The specified sso-session does not exist: \"s\"\nkeyfob: hint: add [sso-session s] to the config file, or correct sso_session in profile \"p\"\n"},
		{&longLivedKeysError{"p"}, 253, "keyfob: error: the credentials of profile \"p\" are long-lived keys; only those of a role open the console\nkeyfob: hint: name a profile of a role with --profile; one with role_arn and source_profile assumes a role with these keys\n"},
		{&awsconfig.InvalidDestinationError{Destination: "a b"}, 252, "keyfob: error: \"a b\" is not a page of the console: it must be a service's name such as ec2, a path that begins with /, or a URL\n"},
		{
			&wire.ServiceError{Operation: "getSigninToken", Status: 400, Message: "Bad Request", Attempts: 1}, 254,
			"keyfob: error: An error occurred (400) when calling the getSigninToken operation: Bad Request\nkeyfob: hint: the federation endpoint takes credentials of a role that have not expired; it takes --duration for some of them only\n",
		},
		{&tokenProviderError{Profile: "p", Session: "s"}, 255, "keyfob: error: The profile \"p\" is configured to use the SSO token provider but the \"s\" sso_session configuration does not exist.\nkeyfob: hint: add [sso-session s] to the config file, or correct sso_session in profile \"p\"\n"},
		{&tokenProviderError{Profile: "p", Session: "s", Missing: []string{"sso_start_url", "sso_region"}}, 255, "keyfob: error: The profile \"p\" is configured to use the SSO token provider but is missing the following configuration: ['sso_start_url', 'sso_region'].\nkeyfob: hint: add sso_start_url and sso_region to [sso-session s] in the config file\n"},
		{&session.SignInRequiredError{Target: corp}, 255, "keyfob: error: Error loading SSO Token: Token for my corp does not exist\nkeyfob: hint: run keyfob sso login --sso-session 'my corp'\n"},
		{&session.SignInRequiredError{Target: legacy, Reason: session.TokenExpired}, 255, "keyfob: error: The SSO session associated with this profile has expired or is otherwise invalid.\nkeyfob: hint: run keyfob sso login --profile 'it'\\''s old'\n"},
		{&signin.ExpiredError{}, 255, "keyfob: error: The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted.\nkeyfob: hint: nothing was changed; run the same command again\n"},
		{&signin.AuthorizeError{Code: "access_denied"}, 255, "keyfob: error: Error loading authorization code: Failed to retrieve an authorization code. access_denied\nkeyfob: hint: the request was denied in the browser; nothing was changed\n"},
		{&signin.ListenError{Err: errors.New("no")}, 255, "keyfob: error: Unable to initialize the OAuth 2.0 authorization callback handler: no\nkeyfob: hint: --use-device-code needs no listener\n"},
		{credentials.ErrExpiredOnArrival, 255, "keyfob: error: Credentials were refreshed, but the refreshed credentials are still expired.\nkeyfob: hint: check this machine's clock\n"},
		{
			&wire.ServiceError{Operation: "GetRoleCredentials", Status: 403, Code: wire.CodeForbidden, Message: "No access", Attempts: 1}, 254,
			"keyfob: error: An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access\nkeyfob: hint: this role is not assigned to you; keyfob sso list-accounts and list-account-roles show what is\n",
		},
		{
			&wire.ServiceError{Operation: "GetRoleCredentials", Status: 404, Message: "Not Found", Attempts: 1}, 254,
			"keyfob: error: An error occurred (404) when calling the GetRoleCredentials operation: Not Found\nkeyfob: hint: this is not an answer of the service; check the configured endpoint and region\n",
		},
		{
			&wire.ServiceError{Operation: "ListAccounts", Status: 429, Code: wire.CodeTooManyRequests, Message: "slow", Attempts: 3}, 254,
			"keyfob: error: An error occurred (TooManyRequestsException) when calling the ListAccounts operation (reached max retries: 2): slow\nkeyfob: hint: the service is throttling; try again in a moment\n",
		},
		{
			&wire.ServiceError{Operation: "GetCallerIdentity", Status: 403, Code: "SignatureDoesNotMatch", Message: "Signature expired: 1 is now earlier than 2", Attempts: 1}, 254,
			"keyfob: error: An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired: 1 is now earlier than 2\nkeyfob: hint: check this machine's clock: the service's differs\n",
		},
	} {
		var stderr bytes.Buffer
		a := &app{sys: System{Stderr: &stderr}}
		if code := a.report(c.err); code != c.code || stderr.String() != c.want {
			t.Errorf("%v: exit code %d, said\n%s\nwant %d\n%s", c.err, code, stderr.String(), c.code, c.want)
		}
	}
	for _, err := range []error{&ssoapi.TLSError{URL: "u", Err: errors.New("x")}, &ssoapi.ConnectError{URL: "u", Err: errors.New("x")}} {
		var stderr bytes.Buffer
		if code := (&app{sys: System{Stderr: &stderr}}).report(err); code != 255 || !strings.Contains(stderr.String(), "keyfob: hint: ") {
			t.Errorf("%T: %d, %s", err, code, stderr.String())
		}
	}
}

// An interrupted step's own error does not hide why it ended.
func TestMainInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(Interrupted{os.Interrupt})
	var stderr bytes.Buffer
	code := Main(ctx, System{
		Args: []string{"sso", "login"}, LookupEnv: func(string) (string, bool) { return "", false }, Home: t.TempDir(),
		Stdout: &bytes.Buffer{}, Stderr: &stderr,
	})
	if code != 130 {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

// A result is the same document to a program, and harmless to a terminal.
func TestPrintJSONIsHarmless(t *testing.T) {
	var b bytes.Buffer
	a := &app{sys: System{Stdout: &b}}
	name := "é日\x1b[2J\u009b2J\u202e\u2066\x7f\r\n<&>"
	if err := a.printJSON(map[string]string{"name": name}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(strings.ReplaceAll(b.String(), "\n", ""), hostile) {
		t.Errorf("%q", b.String())
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["name"] != name || !strings.Contains(b.String(), "é日") || !strings.Contains(b.String(), "<&>") {
		t.Errorf("%q, %v", b.String(), err)
	}
}
