package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

func config(t *testing.T, text string) *awsconfig.Config {
	t.Helper()
	c, err := awsconfig.Load(awsconfig.Env{
		Lookup: func(string) (string, bool) { return "", false }, Home: "/home/x",
		ReadFile: func(p string) ([]byte, error) {
			if strings.HasSuffix(p, "config") {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const vanityConfig = `[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
[profile other]
sso_session = else
sso_account_id = 111111111111
sso_role_name = Admin
[sso-session corp]
sso_start_url = https://sso.example.com
sso_region = us-east-1
[sso-session else]
sso_start_url = https://d-1.awsapps.com/start
sso_region = us-east-1
`

// login is a loginOptions whose ports write down what they are asked to do.
func login(t *testing.T, text string, resolved signin.Resolved, signInErr error) (*loginOptions, *[]string, *bytes.Buffer) {
	t.Helper()
	var did []string
	var out bytes.Buffer
	note := func(format string, args ...any) { did = append(did, fmt.Sprintf(format, args...)) }
	return &loginOptions{
		Config: config(t, text), Profile: "dev", Out: &out,
		Lookup:  func(string) (string, bool) { return "", false },
		Resolve: func(context.Context, awsconfig.SSO) (signin.Resolved, error) { return resolved, nil },
		SignIn: func(_ context.Context, _ awsconfig.SSO, r signin.Request) error {
			note("sign in to %s in %s as %s", r.Target.Session, r.Target.Region, r.IssuerURL)
			return signInErr
		},
		Forget: forgotten{
			Role: func(r credentials.Role) error {
				note("forget %s in %s of %s", r.RoleName, r.AccountID, r.Target.Session)
				return nil
			},
			Assumed: func(r credentials.AssumedRole) error { note("forget %s", r.ARN); return nil },
		},
		SetKey: func(_ context.Context, path string, in awsconfig.Header, key, value string) error {
			note("set %s of %s to %s in %s", key, in.Name, value, path)
			return nil
		},
		Warn: func(format string, args ...any) { note("warn "+format, args...) },
	}, &did, &out
}

func TestLoginWritesTheRegionBack(t *testing.T) {
	o, did, out := login(t, vanityConfig, signin.Resolved{IssuerURL: "https://x.portal.eu-west-1.app.aws", Region: "eu-west-1"}, nil)
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"sign in to corp in eu-west-1 as https://x.portal.eu-west-1.app.aws",
		"forget Admin in 111111111111 of corp",
		"set sso_region of corp to eu-west-1 in /home/x/.aws/config",
	}
	if strings.Join(*did, "\n") != strings.Join(want, "\n") {
		t.Errorf("did %q, want %q", *did, want)
	}
	if got := out.String(); got != "SSO region updated to eu-west-1\nSuccessfully logged into Start URL: https://sso.example.com\n" {
		t.Errorf("printed %q", got)
	}
}

func TestLoginThatFailsChangesNothing(t *testing.T) {
	refused := &wire.ServiceError{Operation: "CreateToken", Status: 400, Code: wire.CodeInvalidGrant}
	o, did, out := login(t, vanityConfig, signin.Resolved{IssuerURL: "x", Region: "eu-west-1"}, refused)
	if err := o.Run(t.Context()); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if len(*did) != 1 || out.Len() != 0 {
		t.Errorf("did %q and printed %q", *did, out.String())
	}
}

func TestLoginInTheSameRegionLeavesTheConfigAlone(t *testing.T) {
	o, did, _ := login(t, vanityConfig, signin.Resolved{IssuerURL: "x", Region: "us-east-1"}, nil)
	if err := o.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(*did, "\n"); strings.Contains(s, "set ") {
		t.Errorf("did %q", s)
	}
}

// A sign-in that will be of no use says so: about the profile and the session it is for, and nobody else.
func TestLoginWarns(t *testing.T) {
	useless := strings.Replace(vanityConfig, "sso_role_name = Admin\n", "sso_role_name = Admin\nsso_region = eu-central-1\n", 1)
	const mismatch = `warn /home/x/.aws/config:5: profile "dev" and its sso-session "corp" differ in sso_region ("eu-central-1" and "us-east-1"): ` +
		`AWS tools refuse to give the profile credentials; fix: keyfob configure unset sso_region --profile dev`
	const keys = `warn $AWS_ACCESS_KEY_ID: the keys in AWS_ACCESS_KEY_ID go before every profile, also the one in AWS_PROFILE, unless --profile is given; ` +
		`fix: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`
	for _, c := range []struct {
		name, config, profile, session string
		keys, byFlag                   bool
		want                           []string
	}{
		{name: "a good one", config: vanityConfig, profile: "dev"},
		{name: "a useless one", config: useless, profile: "dev", want: []string{mismatch}},
		{name: "another profile", config: useless, profile: "other"},
		{name: "another session", config: useless, profile: "dev", session: "else"},
		{name: "the session", config: strings.ReplaceAll(vanityConfig, "us-east-1", "us-east1"), session: "corp", want: []string{
			`warn /home/x/.aws/config:11: sso_region "us-east1" of sso-session "corp" is no region; fix: keyfob configure set sso_region us-east-1 --sso-session corp`,
		}},
		{name: "a note", config: legacyConfig, profile: "dev"},
		{name: "keys", config: vanityConfig, profile: "dev", keys: true, want: []string{keys}},
		{name: "keys and --profile", config: vanityConfig, profile: "dev", keys: true, byFlag: true},
		{name: "keys and the session alone", config: vanityConfig, session: "corp", keys: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, did, _ := login(t, c.config, signin.Resolved{Region: "us-east-1"}, nil)
			o.Profile, o.Session, o.ByFlag = c.profile, c.session, c.byFlag
			if c.keys {
				o.Lookup = func(key string) (string, bool) {
					v, ok := map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}[key]
					return v, ok
				}
			}
			if err := o.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			var warned []string
			for _, s := range *did {
				if strings.HasPrefix(s, "warn ") {
					warned = append(warned, s)
				}
			}
			if diff := cmp.Diff(c.want, warned); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const legacyConfig = `[profile dev]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = Admin
`

func TestPresenter(t *testing.T) {
	device := wire.StartDeviceAuthorizationResponse{UserCode: "BCDF-GHJK", VerificationURI: "https://d/device", VerificationURIComplete: "https://d/device?user_code=BCDF-GHJK"}
	for _, c := range []struct {
		name    string
		browser bool
		fails   bool
		show    func(*presenter)
		want    string
		opened  string
	}{
		{
			name: "code, browser", browser: true, show: func(p *presenter) { p.OpenURL(t.Context(), "https://a") }, opened: "https://a",
			want: "Attempting to open your default browser. If the browser does not open, open the following URL.\nIf you are unable to open the URL on this device, run this command again with the '--use-device-code' option.\n\nhttps://a\n\n",
		},
		{
			name: "code, none", show: func(p *presenter) { p.OpenURL(t.Context(), "https://a") },
			want: "Browser will not be automatically opened.\nPlease visit the following URL:\n\nhttps://a\n",
		},
		{
			name: "device, browser", browser: true, show: func(p *presenter) { p.EnterCode(t.Context(), device) }, opened: device.VerificationURIComplete,
			want: "Attempting to open your default browser.\nIf the browser does not open or you wish to use a different device to authorize this request, open the following URL:\n\nhttps://d/device\n\nThen enter the code:\n\nBCDF-GHJK\n",
		},
		{
			name: "device, none", show: func(p *presenter) { p.EnterCode(t.Context(), device) },
			want: "Browser will not be automatically opened.\nPlease visit the following URL:\n\nhttps://d/device\n\nThen enter the code:\n\nBCDF-GHJK\n\nAlternatively, you may visit the following URL which will autofill the code upon loading:\nhttps://d/device?user_code=BCDF-GHJK\n",
		},
		{name: "hostile", show: func(p *presenter) { p.OpenURL(t.Context(), "https://a\x1b[2J") }, want: "Browser will not be automatically opened.\nPlease visit the following URL:\n\nhttps://a[2J\n"},
		{
			name: "browser fails", browser: true, fails: true, show: func(p *presenter) { p.OpenURL(t.Context(), "https://a") }, opened: "https://a",
			want: "Attempting to open your default browser. If the browser does not open, open the following URL.\nIf you are unable to open the URL on this device, run this command again with the '--use-device-code' option.\n\nhttps://a\n\nno browser was opened (none): open the URL yourself",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			opened := ""
			p := &presenter{out: &out, warn: func(f string, args ...any) { fmt.Fprintf(&out, f, args...) }}
			if c.browser {
				p.open = func(_ context.Context, url string) error {
					opened = url
					if c.fails {
						return errors.New("none")
					}
					return nil
				}
			}
			c.show(p)
			if out.String() != c.want || opened != c.opened {
				t.Errorf("shown %q, opened %q", out.String(), opened)
			}
		})
	}
}

// An address that cannot be printed where it belongs is not swallowed: the person would wait for nothing.
func TestPresenterWithoutOutput(t *testing.T) {
	var warned string
	p := &presenter{out: brokenOutput{}, warn: func(f string, args ...any) { warned += fmt.Sprintf(f, args...) }}
	p.OpenURL(t.Context(), "https://example.com/authorize")
	p.EnterCode(t.Context(), wire.StartDeviceAuthorizationResponse{UserCode: "ABCD-EFGH", VerificationURI: "https://example.com/device"})
	for _, want := range []string{"no space left", "https://example.com/authorize", "ABCD-EFGH", "https://example.com/device"} {
		if !strings.Contains(warned, want) {
			t.Errorf("%q is not in %q", want, warned)
		}
	}
}

type brokenOutput struct{}

func (brokenOutput) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
