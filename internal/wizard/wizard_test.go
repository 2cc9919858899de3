package wizard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

const startURL = "https://d-1234567890.awsapps.com/start"

// person answers questions in the order of their script: each line is a piece of the question, "=", and
// the answer; "esc" goes back, "^C" leaves. A row of a menu is answered by a piece of its label.
type person struct {
	t      *testing.T
	script []string
	seen   strings.Builder // questions and what was said
	last   prompt.Field
}

func (p *person) next(question string) string {
	p.t.Helper()
	if len(p.script) == 0 {
		p.t.Fatalf("nobody expected to be asked %q\n%s", question, p.seen.String())
	}
	piece, answer, ok := strings.Cut(p.script[0], "=")
	if !ok || !strings.Contains(question, piece) {
		p.t.Fatalf("asked %q, not %q\n%s", question, p.script[0], p.seen.String())
	}
	p.script = p.script[1:]
	return answer
}

func (p *person) Ask(_ context.Context, f prompt.Field) (string, error) {
	p.last = f
	fmt.Fprintln(&p.seen, f.Prompt)
	for {
		answer := p.next(f.Prompt)
		switch answer {
		case "esc":
			return "", prompt.ErrBack
		case "^C":
			return "", prompt.ErrInterrupted
		case "":
			answer = f.Default
		}
		if f.Check == nil {
			return answer, nil
		}
		err := f.Check(answer)
		if err == nil {
			return answer, nil
		}
		fmt.Fprintln(&p.seen, err)
	}
}

func (p *person) Choose(_ context.Context, m prompt.Menu) (int, error) {
	fmt.Fprintln(&p.seen, m.Title)
	answer := p.next(m.Title)
	switch answer {
	case "esc":
		return 0, prompt.ErrBack
	case "^C":
		return 0, prompt.ErrInterrupted
	}
	if answer == "" {
		return m.Selected, nil
	}
	for i, r := range m.Rows {
		if strings.Contains(r.Label, answer) {
			return i, nil
		}
	}
	p.t.Fatalf("%q is not in %v", answer, m.Rows)
	return 0, nil
}

func (p *person) Say(text string) { fmt.Fprintln(&p.seen, text) }

// world is one run of a wizard.
type world struct {
	config   string
	flags    map[string]string
	defaults bool
	accounts []wire.AccountInfo
	roles    []wire.RoleInfo
	// listErrs are what the portal answers first.
	listErrs  []error
	cached    bool // a token is cached
	signInErr error
	resolve   func(awsconfig.SSO) (signin.Resolved, error)
	profile   string // --profile

	person  *person
	signIns []string
}

func newWorld() *world {
	return &world{
		accounts: []wire.AccountInfo{{AccountID: "111111111111", AccountName: "Zulu"}, {AccountID: "000000000042", AccountName: "alpha"}},
		roles:    []wire.RoleInfo{{RoleName: "ReadOnly"}, {RoleName: "Admin"}},
	}
}

func (w *world) configure(t *testing.T, script ...string) (Configured, error) {
	t.Helper()
	w.person = &person{t: t, script: script}
	c := w.load(t)
	base := w.profile
	if base == "" {
		base = "default"
	}
	p := &Profile{Session: w.session(c, base), Name: w.profile}
	p.Token = func(_ context.Context, sso awsconfig.SSO) (wire.Secret, error) {
		if !w.cached {
			return "", &session.SignInRequiredError{}
		}
		return "token", nil
	}
	p.SignIn = func(_ context.Context, sso awsconfig.SSO, issuer string) error {
		if w.signInErr != nil {
			return w.signInErr
		}
		w.cached = true
		w.signIns = append(w.signIns, fmt.Sprintf("%s %s %s %s %v", sso.Session, sso.StartURL, issuer, sso.Region, sso.Scopes))
		return nil
	}
	fail := func() error {
		if len(w.listErrs) == 0 {
			return nil
		}
		err := w.listErrs[0]
		w.listErrs = w.listErrs[1:]
		return err
	}
	p.Accounts = func(context.Context, awsconfig.SSO, wire.Secret) ([]wire.AccountInfo, error) {
		return append([]wire.AccountInfo{}, w.accounts...), fail()
	}
	p.Roles = func(context.Context, awsconfig.SSO, wire.Secret, string) ([]wire.RoleInfo, error) {
		return append([]wire.RoleInfo{}, w.roles...), fail()
	}
	done, err := p.Run(t.Context())
	if len(w.person.script) > 0 {
		t.Errorf("never asked %q; error %v\n%s", w.person.script, err, w.person.seen.String())
	}
	return done, err
}

func (w *world) session(c *awsconfig.Config, base string) Session {
	resolve := w.resolve
	if resolve == nil {
		resolve = func(sso awsconfig.SSO) (signin.Resolved, error) {
			return signin.Resolved{IssuerURL: sso.StartURL, Region: sso.Region}, nil
		}
	}
	return Session{
		Config: c, Base: base,
		Answers:     Answers{Asker: w.person, Defaults: w.defaults, Given: func(f string) (string, bool) { v, ok := w.flags[f]; return v, ok }},
		Resolve:     func(_ context.Context, sso awsconfig.SSO) (signin.Resolved, error) { return resolve(sso) },
		OwnEndpoint: func(awsconfig.SSO) bool { return false },
	}
}

func (w *world) load(t *testing.T) *awsconfig.Config {
	t.Helper()
	c, err := awsconfig.Load(awsconfig.Env{
		Lookup: func(string) (string, bool) { return "", false }, Home: "/home/u",
		ReadFile: func(path string) ([]byte, error) {
			if strings.HasSuffix(path, "config") {
				return []byte(w.config), nil
			}
			return nil, fs.ErrNotExist
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// written is the config file with the changes made.
func (w *world) written(t *testing.T, changes []Change) string {
	t.Helper()
	e := awsconfig.Edit([]byte(w.config))
	if err := Apply(e, changes); err != nil {
		t.Fatal(err)
	}
	return string(e.Bytes())
}

func (w *world) want(t *testing.T, changes []Change, want string) {
	t.Helper()
	if got := w.written(t, changes); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}

func unauthorized() error { return &wire.ServiceError{Status: 401, Code: wire.CodeUnauthorized} }

const corp = "[sso-session corp]\nsso_start_url = " + startURL + "\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"

func TestNewSession(t *testing.T) {
	w := newWorld()
	done, err := w.configure(t, "SSO session name (Recommended): =corp", "SSO start URL [None]: ="+startURL, "SSO region [None]: =us-east-1",
		"SSO registration scopes [sso:account:access]: =", "There are 2 AWS accounts available to you.=Zulu", "There are 2 roles available to you.=Read",
		"Default client Region [None]: =eu-west-1", "CLI default output format (json if not specified) [None]: =yaml", "Profile name [ReadOnly-111111111111]: =dev")
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, "[profile dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\nregion = eu-west-1\noutput = yaml\n"+corp)
	if got := strings.Join(w.signIns, "; "); got != "corp "+startURL+" "+startURL+" us-east-1 [sso:account:access]" {
		t.Errorf("signed in to %s", got)
	}
	for _, said := range []string{"Using the account ID 111111111111", `Using the role name "ReadOnly"`} {
		if !strings.Contains(w.person.seen.String(), said) {
			t.Errorf("%q was not said", said)
		}
	}
}

func TestKnownSession(t *testing.T) {
	w := newWorld()
	w.config, w.cached = corp, true
	w.accounts, w.roles = w.accounts[:1], w.roles[:1]
	done, err := w.configure(t, "SSO session name (Recommended)=corp", "Default client Region=", "output format=", "Profile name=")
	if err != nil || len(w.signIns) > 0 {
		t.Fatalf("%v, signed in to %v", err, w.signIns)
	}
	w.want(t, done.Changes, corp+"[profile ReadOnly-111111111111]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n")
	for _, said := range []string{"The only AWS account available to you is: 111111111111", "The only role available to you is: ReadOnly"} {
		if !strings.Contains(w.person.seen.String(), said) {
			t.Errorf("%q was not said", said)
		}
	}
}

func TestLegacy(t *testing.T) {
	w := newWorld()
	done, err := w.configure(t, "SSO session name=", "SSO start URL="+startURL, "SSO region=us-east-1", "accounts=alpha", "roles=Admin",
		"client Region=", "output format=", "Profile name=old")
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, "[profile old]\nsso_start_url = "+startURL+"\nsso_region = us-east-1\nsso_account_id = 000000000042\nsso_role_name = Admin\n")
	if !done.HasRole || !strings.Contains(w.person.seen.String(), "WARNING: Configuring using legacy format") {
		t.Errorf("%+v\n%s", done, w.person.seen.String())
	}
	if len(w.signIns) != 1 || !strings.HasSuffix(w.signIns[0], "[]") {
		t.Errorf("signed in to %v", w.signIns)
	}
}

// Enter everywhere leaves a configured profile as it is, byte for byte.
func TestEnterEverywhere(t *testing.T) {
	w := newWorld()
	w.cached, w.profile = true, "dev"
	w.config = "# mine\n[profile dev]\nsso_session=corp ; not a comment\nregion   = eu-west-1\n" + corp
	w.config = strings.Replace(w.config, " ; not a comment", "", 1) + "[profile dev]\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\noutput = text\n"
	done, err := w.configure(t, "SSO session name [corp]: =", "accounts=", "roles=", "Default client Region [eu-west-1]: =", "[text]: =")
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, w.config)
}

func TestBack(t *testing.T) {
	w := newWorld()
	done, err := w.configure(t, "SSO session name=corp", "SSO start URL="+startURL, "SSO region=us-east-1", "scopes=esc", "SSO region [us-east-1]: =esc",
		"SSO start URL ["+startURL+"]: =", "SSO region=", "scopes=", "accounts=Zulu", "roles=esc", "accounts=alpha", "roles=Admin", "client Region=esc",
		"roles=esc", "accounts=esc", "scopes=", "accounts=alpha", "roles=Admin", "client Region=", "output=", "Profile name [Admin-000000000042]: =x")
	if err != nil || len(w.signIns) != 1 {
		t.Fatalf("%v, signed in to %v", err, w.signIns)
	}
	w.want(t, done.Changes, "[profile x]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = Admin\n"+corp)
}

// Back from the first question is the first question; another start URL is another sign-in.
func TestBackToAnotherSession(t *testing.T) {
	w := newWorld()
	other := "https://other.awsapps.com/start"
	_, err := w.configure(t, "SSO session name=esc", "SSO session name=corp", "SSO start URL="+startURL, "SSO region=us-east-1", "scopes=",
		"accounts=esc", "scopes=esc", "SSO region=esc", "SSO start URL="+other, "SSO region=", "scopes=", "accounts=Zulu", "roles=^C")
	if !errors.Is(err, prompt.ErrInterrupted) || errors.As(err, new(*UnfinishedError)) {
		t.Errorf("%v", err)
	}
	if len(w.signIns) != 2 || !strings.Contains(w.signIns[1], other) {
		t.Errorf("signed in to %v", w.signIns)
	}
}

// A revoked token is not the end: the person signs in again.
func TestRevokedToken(t *testing.T) {
	w := newWorld()
	w.config, w.cached = corp, true
	w.listErrs = []error{unauthorized()}
	_, err := w.configure(t, "SSO session name=corp", "accounts=Zulu", "roles=Admin", "client Region=", "output=", "Profile name=x")
	if err != nil || len(w.signIns) != 1 {
		t.Errorf("%v, signed in to %v", err, w.signIns)
	}
}

// A fresh token that the portal refuses is for something else: the profile is for a bearer token.
func TestWithoutAccounts(t *testing.T) {
	w := newWorld()
	w.listErrs = []error{unauthorized(), unauthorized()}
	done, err := w.configure(t, "SSO session name=corp", "SSO start URL="+startURL, "SSO region=us-east-1", "scopes=codewhisperer:completions",
		"client Region=", "output=", "Profile name [None]: =", "Profile name=bearer")
	if err != nil || done.HasRole {
		t.Fatalf("%+v, %v", done, err)
	}
	w.want(t, done.Changes, "[profile bearer]\nsso_session = corp\n"+strings.Replace(corp, "sso:account:access", "codewhisperer:completions", 1))
	for _, said := range []string{"Unable to list AWS accounts and/or roles. Skipping", "A value is required"} {
		if !strings.Contains(w.person.seen.String(), said) {
			t.Errorf("%q was not said:\n%s", said, w.person.seen.String())
		}
	}
}

// Forbidden is the answer to a token without the scope; with it, it is an error.
func TestForbidden(t *testing.T) {
	forbidden := &wire.ServiceError{Status: 403, Code: wire.CodeForbidden}
	w := newWorld()
	w.config, w.cached = strings.Replace(corp, "sso:account:access", "codewhisperer:completions", 1), true
	w.listErrs = []error{forbidden, forbidden}
	done, err := w.configure(t, "SSO session name=corp", "client Region=", "output=", "Profile name=bearer")
	if err != nil || done.HasRole || len(w.signIns) > 0 {
		t.Errorf("%+v, %v, signed in to %v", done, err, w.signIns)
	}
	w = newWorld()
	w.config, w.cached, w.listErrs = corp, true, []error{forbidden}
	if _, err := w.configure(t, "SSO session name=corp"); !errors.Is(err, forbidden) {
		t.Errorf("%v", err)
	}
}

func TestNothingAssigned(t *testing.T) {
	w := newWorld()
	w.accounts = nil
	_, err := w.configure(t, "SSO session name=corp", "SSO start URL="+startURL, "SSO region=us-east-1", "scopes=")
	var unfinished *UnfinishedError
	if !errors.As(err, &unfinished) || err.Error() != "No AWS accounts are available to you." || !errors.As(err, new(*NothingError)) {
		t.Fatalf("%v", err)
	}
	if got := strings.Join(unfinished.Flags, " "); got != "--session-name corp --start-url "+startURL+" --sso-region us-east-1 --scopes sso:account:access" {
		t.Errorf("to go on: %s", got)
	}

	w = newWorld()
	w.roles, w.config, w.cached = nil, corp, true
	_, err = w.configure(t, "SSO session name=corp", "accounts=Zulu")
	if !errors.As(err, &unfinished) || err.Error() != "No roles are available for the account 111111111111" {
		t.Fatalf("%v", err)
	}
	if got := strings.Join(unfinished.Flags, " "); got != "--session-name corp --account-id 111111111111" {
		t.Errorf("to go on: %s", got)
	}
}

func TestFailedSignIn(t *testing.T) {
	w := newWorld()
	w.signInErr = errors.New("denied")
	_, err := w.configure(t, "SSO session name=corp", "SSO start URL="+startURL, "SSO region=us-east-1", "scopes=")
	if err == nil || err.Error() != "denied" || errors.As(err, new(*UnfinishedError)) {
		t.Errorf("%v", err)
	}
}
