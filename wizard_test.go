//go:build unix

package keyfob_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/person"
)

// newcomer is somebody at a center who has no files yet.
func newcomer(t *testing.T, edits ...func(yaml string) string) home {
	t.Helper()
	dir := t.TempDir()
	c, err := startCenter(filepath.Join(dir, "center"), edits...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.stop(); err != nil {
			t.Error(err)
		}
	})
	h := home{dir: filepath.Join(dir, "home"), c: c}
	if err := os.MkdirAll(filepath.Join(h.dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	return h
}

// oneAccount leaves ada one account with one role.
func oneAccount(yaml string) string {
	head, _, _ := strings.Cut(yaml, "assignments:")
	return head + "assignments:\n  - account: \"000000000042\"\n    permission_set: ReadOnlyAccess\n    users: [ada]\n"
}

// accountsNamed gives ada both roles in accounts of those names, with ids from 000000000100 on.
func accountsNamed(names ...string) func(string) string {
	return func(yaml string) string {
		var accounts, assignments strings.Builder
		for i, name := range names {
			fmt.Fprintf(&accounts, "  - id: \"%012d\"\n    name: %q\n    email: a%d@example.com\n", 100+i, name, i)
			for _, set := range []string{"AdministratorAccess", "ReadOnlyAccess"} {
				fmt.Fprintf(&assignments, "  - account: \"%012d\"\n    permission_set: %s\n    users: [ada]\n", 100+i, set)
			}
		}
		yaml = strings.Replace(yaml, "\naccounts:\n", "\naccounts:\n"+accounts.String(), 1)
		head, _, _ := strings.Cut(yaml, "assignments:")
		return head + "assignments:\n" + assignments.String()
	}
}

const corpSession = "[sso-session corp]\nsso_start_url = START\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"

// writes puts a config file into the home; START is the center's start URL.
func (h home) writes(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, ".aws/config"), []byte(strings.ReplaceAll(config, "START", h.c.StartURL)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// config is the config file, with the center's start URL as START.
func (h home) config(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(h.dir, ".aws/config"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), h.c.StartURL, "START")
}

func (h home) wantConfig(t *testing.T, want string) {
	t.Helper()
	if got := h.config(t); got != want {
		t.Errorf("config:\n%s\nwant:\n%s", got, want)
	}
}

// signIn has ada sign in where the screen says.
func (s *screen) signIn(h home) {
	s.t.Helper()
	address := ""
	for deadline := time.Now().Add(20 * time.Second); address == ""; time.Sleep(20 * time.Millisecond) {
		if address = authorizeURL.FindString(s.all()); address == "" {
			address = deviceURL.FindString(s.all())
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("there is no address to open:\n%s", s.text())
		}
	}
	p, err := person.New("ada", h.c.Passwords["ada"])
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if err == nil {
		_, err = p.Approve(ctx, address)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// shows waits for a pattern and compares the whole screen. The center's address is CENTER in it, and what
// is between "Browser will" and the address' end is left out: it differs from run to run.
func (s *screen) shows(h home, pattern, want string) {
	s.t.Helper()
	got := strings.ReplaceAll(s.wait(pattern), h.c.URL, "CENTER")
	if i := strings.Index(got, "Browser will"); i >= 0 {
		j := strings.Index(got[i:], "code_challenge=")
		end := strings.Index(got[i+max(j, 0):], "\n\n")
		if j >= 0 && end >= 0 {
			got = got[:i] + "(the address)" + got[i+j+end:]
		}
	}
	if got != want {
		s.t.Errorf("%s: the screen is\n%s\nwant\n%s", pattern, got, want)
	}
}

func TestWizardNewSession(t *testing.T) {
	h := newcomer(t)
	s := newScreen(t, h, 100, 50, "configure", "sso", "--no-browser")
	s.shows(h, "A name for", `SSO session name (Recommended):
A name for the sign-in, shared by all profiles that use it: corp
`)
	s.enter("corp")
	s.wait("SSO start URL")
	s.enter("d-1234567890")
	s.shows(h, "Not a valid", `SSO session name (Recommended): corp
SSO start URL [None]: d-1234567890
Not a valid Start URL; it is like https://d-1234567890.awsapps.com/start
The AWS access portal's address, or the issuer URL: https://d-1234567890.awsapps.com/start
`)
	s.press("C-u")
	s.enter(h.c.StartURL)
	s.wait("SSO region")
	s.write("us-e")
	s.press("Tab", "Tab")
	s.shows(h, "> us-east-2", `SSO session name (Recommended): corp
SSO start URL [None]: CENTER/start
SSO region [None]: us-east-2
  us-east-1
> us-east-2
`)
	s.press("BTab", "Enter")
	s.wait("SSO registration scopes")
	s.press("Enter")
	s.signIn(h)
	s.shows(h, "Enter chooses", `SSO session name (Recommended): corp
SSO start URL [None]: CENTER/start
SSO region [None]: us-east-1
SSO registration scopes [sso:account:access]:
(the address)

There are 2 AWS accounts available to you.
Search: type to filter by name, e-mail or id
> Production, production@example.com (111111111111)
  Sandbox, sandbox@example.com (000000000042)
1 of 2 accounts
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`)
	s.write("0042")
	s.shows(h, "1 of 1 account found", `SSO session name (Recommended): corp
SSO start URL [None]: CENTER/start
SSO region [None]: us-east-1
SSO registration scopes [sso:account:access]:
(the address)

There are 2 AWS accounts available to you.
Search: 0042
> Sandbox, sandbox@example.com (000000000042)
1 of 1 account found, of 2
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`)
	s.press("Enter")
	s.wait("2 roles")
	s.press("Up", "Enter") // round to the last
	s.wait("Default client Region")
	s.enter("eu-west-1")
	s.wait("output format")
	s.enter("xml")
	s.wait(`"xml" is no output format`)
	s.press("C-u")
	s.press("Enter")
	s.wait("Profile name")
	s.enter("dev")
	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.shows(h, "get-caller-identity", `SSO session name (Recommended): corp
SSO start URL [None]: CENTER/start
SSO region [None]: us-east-1
SSO registration scopes [sso:account:access]:
(the address)

There are 2 AWS accounts available to you.
Using the account ID 000000000042
There are 2 roles available to you.
Using the role name "ReadOnlyAccess"
Default client Region [None]: eu-west-1
CLI default output format (json if not specified) [None]:
Profile name [ReadOnlyAccess-000000000042]: dev

`+h.dir+`/.aws/config:
@@ line 1 @@
+[profile dev]
+sso_session = corp
+sso_account_id = 000000000042
+sso_role_name = ReadOnlyAccess
+region = eu-west-1
+[sso-session corp]
+sso_start_url = CENTER/start
+sso_region = us-east-1
+sso_registration_scopes = sso:account:access

To use this profile, specify the profile name using --profile, as shown:

keyfob sts get-caller-identity --profile dev
`)
	h.wantConfig(t, "[profile dev]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = ReadOnlyAccess\nregion = eu-west-1\n"+corpSession)
}

func TestWizardOneAccount(t *testing.T) {
	h := newcomer(t, oneAccount)
	h.writes(t, "# mine\n"+corpSession)
	s := newScreen(t, h, 80, 30, "configure", "sso", "--no-browser", "--profile", "my dev")
	s.wait("SSO session name")
	s.write("co")
	s.shows(h, "  corp", `SSO session name (Recommended): co
  corp  CENTER/start
`)
	s.press("Tab", "Enter")
	s.signIn(h)
	s.wait("Default client Region")
	s.press("Enter", "Enter")
	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if all := s.all(); !strings.Contains(all, "The only AWS account available to you is: 000000000042") || !strings.Contains(all, "--profile 'my dev'") {
		t.Errorf("shown:\n%s", all)
	}
	h.wantConfig(t, "# mine\n"+corpSession+"[profile 'my dev']\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = ReadOnlyAccess\n")
}

// Esc goes back a step, as often as one likes; Ctrl-C leaves with nothing written.
func TestWizardBackAndInterrupt(t *testing.T) {
	h := newcomer(t)
	h.writes(t, corpSession)
	before := h.config(t)
	s := newScreen(t, h, 80, 30, "configure", "sso", "--no-browser")
	s.enter("corp")
	s.signIn(h)
	s.wait("accounts available")
	s.wait("> Production")
	s.press("Enter")
	s.wait("> AdministratorAccess")
	s.press("Escape")
	s.wait("> Production")
	s.press("Down", "Enter")
	s.wait("> AdministratorAccess")
	s.press("Enter")
	s.wait("Default client Region")
	s.press("Escape")
	s.wait("> AdministratorAccess")
	s.press("Enter")
	s.wait("Default client Region.*\n.*Enter leaves it")
	s.press("C-c")
	if code := s.exitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if got := h.config(t); got != before {
		t.Errorf("config:\n%s", got)
	}
	if n, _, err := h.c.requests("CreateToken:authorization_code"); err != nil || n != 1 {
		t.Errorf("signed in %d times, error %v", n, err)
	}
	if strings.Contains(s.all(), "keyfob: error") {
		t.Errorf("shown:\n%s", s.all())
	}
}

func TestWizardLegacyByDevice(t *testing.T) {
	h := newcomer(t)
	s := newScreen(t, h, 100, 40, "configure", "sso", "--no-browser")
	s.wait("SSO session name")
	s.press("Enter")
	s.wait("WARNING: Configuring using legacy format(.|\n)*SSO start URL")
	s.enter(h.c.StartURL)
	s.wait("SSO region")
	s.enter("us-east-1")
	s.wait("Then enter the code")
	s.press("Enter") // in vain: it does not choose an account
	s.signIn(h)
	s.wait("> Production")
	s.press("Down", "Enter")
	s.wait("> AdministratorAccess")
	s.press("Enter")
	s.wait("Default client Region")
	s.press("Enter")
	s.wait("output format")
	s.press("Enter")
	s.wait("Profile name")
	s.enter("old")
	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	h.wantConfig(t, "[profile old]\nsso_start_url = START\nsso_region = us-east-1\nsso_account_id = 000000000042\nsso_role_name = AdministratorAccess\n")
}

// Names of any script, on a terminal that changes its size.
func TestWizardWideAndResized(t *testing.T) {
	h := newcomer(t, accountsNamed("日本語アカウント", "Ångström", "קבוצה", "e\u0301clair"))
	h.writes(t, corpSession)
	s := newScreen(t, h, 100, 20, "configure", "sso", "--no-browser")
	s.enter("corp")
	s.signIn(h)
	s.wait("Enter chooses")
	s.press("End")
	s.wait(`> 日本語アカウント, a0@example.com \(000000000100\)`)
	s.resize(30, 14)
	const narrow = `Search: type to filter by n…
  éclair, a3@example.com (00…
  Ångström, a1@example.com (…
  קבוצה, a2@example.com (000…
> 日本語アカウント, a0@examp…
日本語アカウント,
a0@example.com (000000000100)
4 of 4 accounts
Enter chooses · Esc goes back
`
	if got := s.wait(`Search: type to filter by n…`); !strings.HasSuffix(got, narrow) || strings.Count(got, "Search:") != 1 {
		t.Errorf("narrow:\n%s", got)
	}
	s.resize(90, 20)
	if got := s.wait(`> 日本語アカウント, a0@example.com \(0`); !strings.HasSuffix(got, `Search: type to filter by name, e-mail or id
  éclair, a3@example.com (000000000103)
  Ångström, a1@example.com (000000000101)
  קבוצה, a2@example.com (000000000102)
> 日本語アカウント, a0@example.com (000000000100)
4 of 4 accounts
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`) {
		t.Errorf("wide again:\n%s", got)
	}
	s.write("angstrom")
	s.wait("> Ångström")
	s.press("Enter")
	s.wait("> AdministratorAccess")
	s.press("C-c")
	if code := s.exitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

func TestWizardManyAccounts(t *testing.T) {
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("Team %d", i)
	}
	h := newcomer(t, accountsNamed(names...))
	h.writes(t, corpSession)
	s := newScreen(t, h, 80, 24, "configure", "sso", "--no-browser", "--profile", "dev")
	s.enter("corp")
	s.signIn(h)
	s.wait("There are 5000 AWS accounts available to you.")
	s.press("PPage", "NPage", "NPage")
	s.wait("> Team 1024, a1024@example.com")
	s.write("team 4711")
	s.wait("> Team 4711, a4711@example.com \\(000000004811\\)(.|\n)*1 of 2 accounts found, of 5,000")
	s.press("Enter")
	s.wait("> AdministratorAccess")
	s.press("Enter")
	s.wait("Default client Region")
	s.press("Enter", "Enter")
	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	h.wantConfig(t, corpSession+"[profile dev]\nsso_session = corp\nsso_account_id = 000000004811\nsso_role_name = AdministratorAccess\n")
}

// --plain and a dumb terminal ask line by line, without a single escape sequence.
func TestWizardPlain(t *testing.T) {
	h := newcomer(t)
	h.writes(t, corpSession)
	s := newScreen(t, h, 100, 40, "configure", "sso", "--no-browser", "--plain")
	s.wait("A name for the sign-in(.|\n)*SSO session name")
	s.enter("corp")
	s.signIn(h)
	s.wait(`Choose 1-2 \[1\]:`)
	s.enter("Sandbox")
	s.wait("Using the account ID 000000000042(.|\n)*Choose 1-2")
	s.enter("2")
	s.wait("Default client Region")
	s.press("C-c")
	if code := s.exitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	h.wantConfig(t, corpSession)
}

// A token is not shown to whoever looks over a shoulder.
func TestTokenOnTerminal(t *testing.T) {
	h := signedIn(t)
	s := newScreen(t, h, 100, 24, "sso", "token", "--sso-session", "corp")
	if code := s.exitCode(); code != 252 || !strings.Contains(s.text(), "--yes") || strings.Contains(s.text(), "accessToken") {
		t.Errorf("exit code %d\n%s", code, s.text())
	}
	s = newScreen(t, h, 100, 24, "sso", "token", "--sso-session", "corp", "--yes")
	if code := s.exitCode(); code != 0 || !strings.Contains(s.text(), "accessToken") {
		t.Errorf("exit code %d\n%s", code, s.text())
	}
}

// Ctrl-Z leaves a terminal that the shell can use; fg takes the question up again.
func TestWizardSuspended(t *testing.T) {
	h := home{dir: t.TempDir(), c: &center{}}
	s := newProgramScreen(t, h, 80, 20, "/bin/sh", "-i") // bash would put the terminal right by itself
	s.enter("PS1='$ '; clear")
	s.enter(filepath.Join(bin, "keyfob") + " configure sso-session")
	s.wait("SSO session name: \nA name for|SSO session name:\nA name for")
	s.write("corp")
	s.wait("SSO session name: corp")
	s.press("C-z")
	s.wait(`Stopped(.|\n)*\n\$`)
	s.enter("stty -a | grep -o ' icanon'")
	s.wait(`\n icanon\n\$`)
	s.enter("fg")
	s.wait("SSO session name: corp")
	s.press("Enter")
	s.wait("SSO start URL")
	s.press("C-c")
	s.enter("echo it was $?")
	s.wait("it was 130")
}
