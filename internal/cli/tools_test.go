package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

func TestAsDockerHelper(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"keyfob", "get"},
		{"", "get"},
		{"/usr/bin/docker-credential-ecr-login", "get"},
		{"docker-credential-keyfob", "ecr docker-credential get"},
		{"/usr/local/bin/docker-credential-keyfob", "ecr docker-credential get"},
		{`C:\bin\docker-credential-keyfob.exe`, "ecr docker-credential get"},
		{"docker-credential-keyfob-dev", "ecr docker-credential --profile=dev get"},
		{"docker-credential-keyfob--v", "ecr docker-credential --profile=-v get"},
		{"docker-credential-keyfob-", "get"},
		{"docker-credential-keyfobs", "get"},
	} {
		if got := strings.Join(asDockerHelper(c.name, []string{"get"}), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestDockerCredentialGet(t *testing.T) {
	var out string
	o := &dockerCredentialOptions{
		Print: func(s string) error { out += s; return nil },
		Password: func(_ context.Context, r awsconfig.Registry) (string, wire.Secret, error) {
			if r.Region != "eu-west-1" {
				return "", "", errors.New("what region is " + r.Region)
			}
			return "AWS", "a<b>&\"c", nil
		},
	}
	get := func(server string) error {
		out, o.Stdin = "", strings.NewReader(server)
		return o.Run(t.Context())
	}
	const server = "000000000042.dkr.ecr.eu-west-1.amazonaws.com"
	if err := get(" " + server + "\r\n"); err != nil || out != `{"ServerURL":"`+server+`","Username":"AWS","Secret":"a<b>&\"c"}`+"\n" {
		t.Errorf("%v, %s", err, out)
	}
	for stdin, want := range map[string]error{
		"": errNoServerURL, " \n": errNoServerURL, "ghcr.io": errNotInKeychain, server + "\n" + server: errNotInKeychain,
		strings.Repeat("x", 10*maxServerURL) + "." + server: errNotInKeychain,
	} {
		if err := get(stdin); !errors.Is(err, want) || out != "" {
			t.Errorf("%.80q: %v, %s", stdin, err, out)
		}
	}
	if err := get("public.ecr.aws"); err == nil || out != "" {
		t.Errorf("%v, %s", err, out)
	}
}

// Docker is told on stdout, and what it knows what to do about does not bother a person.
func TestReportToDocker(t *testing.T) {
	required := &session.SignInRequiredError{Target: session.Target{Session: "corp"}}
	for _, c := range []struct {
		err            error
		code           int
		stdout, stderr string
	}{
		{errNotInKeychain, 1, "credentials not found in native keychain\n", ""},
		{errNoServerURL, 1, "no credentials server URL\n", ""},
		{
			required, 255, "Error loading SSO Token: Token for corp does not exist; run keyfob sso login --sso-session corp\n",
			"keyfob: error: Error loading SSO Token: Token for corp does not exist\nkeyfob: hint: run keyfob sso login --sso-session corp\n",
		},
		{errors.New("a\x1b[2J\nb"), 255, "a[2J b\n", "keyfob: error: a[2J b\n"},
	} {
		var stdout, stderr strings.Builder
		a := &app{sys: System{Stdout: &stdout, Stderr: &stderr}}
		if code := a.report(&helperError{c.err}); code != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
			t.Errorf("%v: %d\n%s%s", c.err, code, stdout.String(), stderr.String())
		}
	}
}

func TestExecVersion(t *testing.T) {
	const api = "client.authentication.k8s.io/"
	for info, want := range map[string]string{
		"":                               api + "v1beta1",
		`{"apiVersion":"` + api + `v1"}`: api + "v1",
		`{"kind":"ExecCredential","apiVersion":"` + api + `v1beta1","spec":{"interactive":true}}`: api + "v1beta1",
		`{"apiVersion":"` + api + `v1alpha1"}`:                                                    api + "v1alpha1 !",
		`{"apiVersion":"` + api + `v2"}`:                                                          api + "v1beta1 !",
		`{"apiVersion":"\u001b[2J"}`:                                                              api + "v1beta1 !",
		`{}`:                                                                                      api + "v1beta1 !",
		`{"apiVersion":1}`:                                                                        api + "v1beta1 !",
		`[]`:                                                                                      api + "v1beta1 !",
		`{"apiVersion":"` + api + `v1"`:                                                           api + "v1beta1 !",
	} {
		got, warning := execVersion(info)
		if warning != "" {
			got += " !"
		}
		if got != want || strings.Contains(warning, "\x1b") {
			t.Errorf("%s: %s %q", info, got, warning)
		}
	}
}

// consoleOf is a console command whose ports write down what they are asked.
func consoleOf(keys credentials.Credentials) (*consoleOptions, *[]string) {
	var did []string
	note := func(format string, args ...any) { did = append(did, fmt.Sprintf(format, args...)) }
	return &consoleOptions{
		Profile: "dev", Login: "https://signin.example/federation", Destination: "https://console.example/?a=1&b=2", Issuer: "https://start.example",
		Credentials: func(context.Context) (credentials.Credentials, error) { return keys, nil },
		SigninToken: func(_ context.Context, session wire.Secret, seconds int) (wire.Secret, error) {
			note("token for %s, %d", session.Reveal(), seconds)
			return "t+/=", nil
		},
		Open:  func(_ context.Context, page wire.Secret) error { note("open %s", page.Reveal()); return nil },
		Print: func(s string) error { note("print %s", s); return nil },
		Warn:  func(format string, args ...any) { note("warn "+format, args...) },
	}, &did
}

func TestConsole(t *testing.T) {
	role := credentials.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t", ExpiresAt: time.Unix(1e9, 0)}
	const (
		asked = `token for {"sessionId":"ASIA","sessionKey":"s","sessionToken":"t"}, 0`
		page  = "https://signin.example/federation?Action=login&Destination=https%3A%2F%2Fconsole.example%2F%3Fa%3D1%26b%3D2&Issuer=https%3A%2F%2Fstart.example&SigninToken=t%2B%2F%3D"
	)
	check := func(name string, o *consoleOptions, did *[]string, want ...string) {
		t.Helper()
		if err := o.Run(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, *did); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	o, did := consoleOf(role)
	check("opened", o, did, asked, "open "+page, "print Opened the console in your browser.\n")
	o, did = consoleOf(role)
	o.Open, o.Duration = nil, time.Hour
	check("printed", o, did, strings.Replace(asked, ", 0", ", 3600", 1), "print "+page+"\n")
	o, did = consoleOf(role)
	o.Open, o.Terminal = func(context.Context, wire.Secret) error { return errors.New("gone") }, true
	check("no browser", o, did, asked, "warn no browser was opened (gone): open the address yourself",
		"warn the address is good for 15 minutes; whoever has it can act as you", "print "+page+"\n")

	// Ctrl-C while the browser starts: no address is left on the screen.
	o, did = consoleOf(role)
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Open = func(context.Context, wire.Secret) error { cancel(errors.New("stop")); return ctx.Err() }
	if err := o.Run(ctx); err == nil || err.Error() != "stop" || len(*did) != 1 {
		t.Errorf("%v, %q", err, *did)
	}
	// Long-lived keys are sent nowhere.
	o, did = consoleOf(credentials.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "s"})
	if err := o.Run(t.Context()); !errors.As(err, new(*longLivedKeysError)) || len(*did) != 0 {
		t.Errorf("%v, %q", err, *did)
	}
	if u, err := url.Parse(page); err != nil || u.Query().Get("SigninToken") != "t+/=" {
		t.Errorf("%v, %v", u, err)
	}
}

func TestEKSTokenEndsWithItsCredentials(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for expires, want := range map[time.Time]string{
		{}:                       "2026-03-04T05:20:07Z",
		now.Add(time.Hour):       "2026-03-04T05:20:07Z",
		now.Add(5 * time.Minute): "2026-03-04T05:11:07Z",
	} {
		var printed execCredential
		o := &eksTokenOptions{
			Cluster: "prod", Now: func() time.Time { return now },
			Credentials: func(context.Context) (credentials.Credentials, error) {
				return credentials.Credentials{ExpiresAt: expires}, nil
			},
			Presign: func(_ credentials.Credentials, headers map[string]string) (wire.Secret, error) {
				return wire.Secret("https://x/?" + headers["x-k8s-aws-id"] + "??>"), nil
			},
			JSON:  func(v any) error { printed = v.(execCredential); return nil },
			Print: func(string) error { return nil },
		}
		if err := o.Run(t.Context()); err != nil || printed.Status.ExpirationTimestamp != want || printed.Status.Token != "k8s-aws-v1.aHR0cHM6Ly94Lz9wcm9kPz8-" {
			t.Errorf("%v: %+v, %v", expires, printed, err)
		}
	}
}
