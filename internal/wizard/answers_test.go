package wizard

import (
	"errors"
	"strings"
	"testing"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
	"keyfob/internal/signin"
)

func allFlags() map[string]string {
	return map[string]string{
		FlagSession: "corp", FlagStartURL: startURL, FlagRegion: "us-east-1", FlagScopes: "sso:account:access",
		FlagAccount: "000000000042", FlagRole: "Admin", FlagDefault: "eu-west-1", FlagOutput: "json", FlagProfile: "dev",
	}
}

func TestFlagsAlone(t *testing.T) {
	w := newWorld()
	w.flags = allFlags()
	done, err := w.configure(t)
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, "[profile dev]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = Admin\nregion = eu-west-1\noutput = json\n"+corp)

	// What a cached token is good for is not signed in to again.
	w = newWorld()
	w.flags, w.cached = allFlags(), true
	if _, err := w.configure(t); err != nil || len(w.signIns) > 0 {
		t.Errorf("%v, signed in to %v", err, w.signIns)
	}
}

func TestDefaults(t *testing.T) {
	w := newWorld()
	w.defaults, w.config, w.cached = true, corp, true
	w.flags = map[string]string{FlagSession: "corp", FlagAccount: "111111111111", FlagRole: "ReadOnly"}
	done, err := w.configure(t)
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, corp+"[profile ReadOnly-111111111111]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n")

	for _, flag := range []string{FlagSession, FlagAccount, FlagRole} {
		w.flags = map[string]string{FlagSession: "corp", FlagAccount: "111111111111", FlagRole: "ReadOnly"}
		delete(w.flags, flag)
		_, err := w.configure(t)
		var missing *prompt.MissingError
		if !errors.As(err, &missing) || missing.Flag != flag {
			t.Errorf("without %s: %v", flag, err)
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for flag, c := range map[string]struct{ value, want string }{
		FlagSession:  {"a\nb", "--session-name: Invalid section name: newline"},
		FlagStartURL: {"d-1234567890", "--start-url: Not a valid Start URL; it is like https://"},
		FlagRegion:   {"us east", `--sso-region: "us east" is not the name of a region`},
		FlagScopes:   {"a b", "--scopes: Scope values must be separated by commas"},
		FlagAccount:  {"42", `--account-id: "42" is none of the 2 accounts available to you`},
		FlagRole:     {"Root", `--role-name: "Root" is none of the 2 roles available to you in the account 000000000042`},
		FlagDefault:  {"-", `--region: "-" is not the name of a region`},
		FlagOutput:   {"xml", `--output: "xml" is no output format; one of json, text`},
		FlagProfile:  {"a]b", "--profile-name: Invalid section name: brackets are not allowed"},
	} {
		w := newWorld()
		w.flags = allFlags()
		w.flags[flag] = c.value
		_, err := w.configure(t)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %s", flag, c.value, err, c.want)
		}
	}
}

func TestCheckedAtOnce(t *testing.T) {
	w := newWorld()
	w.config = "[profile taken]\nrole_arn = arn:aws:iam::111111111111:role/x\n"
	_, err := w.configure(t, "SSO session name=corp", "SSO start URL=d-1234567890", "SSO start URL=http://x.awsapps.com/start", "SSO start URL=", "SSO start URL="+startURL,
		"SSO region=", "SSO region=eu-west1", "SSO region=zz", "SSO region=us-east-9", "SSO region=us-east-9", "scopes=a b", "scopes=a, b",
		"accounts=Zulu", "roles=Admin", "client Region=", "output=xml", "output=text", "Profile name=taken", "Profile name=a]b", "Profile name=x")
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		"Not a valid Start URL; it is like", "must begin with https://", "A value is required", `"eu-west1"; did you mean eu-west-1? (give it again to use it all the same)`,
		`"us-east-9"; did you mean us-east-1?`, "separated by commas", `"xml" is no output format`,
		`profile "taken" is there already, and has its credentials from role_arn`, "brackets are not allowed",
	} {
		if !strings.Contains(w.person.seen.String(), said) {
			t.Errorf("%q was not said:\n%s", said, w.person.seen.String())
		}
	}
	if len(w.signIns) != 1 || !strings.Contains(w.signIns[0], "us-east-9 [a b]") {
		t.Errorf("signed in to %v", w.signIns)
	}
}

// The region is found where the start URL says it, or leads to it.
func TestRegionFound(t *testing.T) {
	w := newWorld()
	_, err := w.configure(t, "SSO session name=corp", "SSO start URL=https://ssoins-1.portal.eu-west-1.app.aws", "scopes=^C")
	if !errors.Is(err, prompt.ErrInterrupted) || !strings.Contains(w.person.seen.String(), "SSO region: eu-west-1 (as the start URL says)") {
		t.Errorf("%v\n%s", err, w.person.seen.String())
	}

	w = newWorld()
	vanity, asked := "https://sso.example.com", 0
	w.resolve = func(sso awsconfig.SSO) (signin.Resolved, error) {
		asked++
		return signin.Resolved{IssuerURL: startURL, Region: "eu-north-1"}, nil
	}
	done, err := w.configure(t, "SSO session name=corp", "SSO start URL="+vanity, "scopes=", "accounts=Zulu", "roles=Admin", "client=", "output=", "Profile=x")
	if err != nil || asked != 1 || len(w.signIns) != 1 || w.signIns[0] != "corp "+vanity+" "+startURL+" eu-north-1 [sso:account:access]" {
		t.Fatalf("%v, asked %d times, %v", err, asked, w.signIns)
	}
	if got := w.written(t, done.Changes); !strings.Contains(got, "sso_start_url = "+vanity+"\nsso_region = eu-north-1\n") {
		t.Error(got)
	}

	// A start URL that leads nowhere may still be one: the region is asked for.
	w = newWorld()
	w.resolve = func(sso awsconfig.SSO) (signin.Resolved, error) {
		if sso.Region == "" {
			return signin.Resolved{}, errors.New("no route to host")
		}
		return signin.Resolved{IssuerURL: sso.StartURL, Region: sso.Region}, nil
	}
	_, err = w.configure(t, "SSO session name=corp", "SSO start URL="+vanity, "SSO region=us-east-1", "scopes=", "accounts=^C")
	if !errors.Is(err, prompt.ErrInterrupted) || !strings.Contains(w.person.seen.String(), "no route to host") {
		t.Errorf("%v\n%s", err, w.person.seen.String())
	}
}

// A profile that changes over to a session keeps nothing that would contradict it.
func TestContradictions(t *testing.T) {
	w := newWorld()
	w.profile, w.cached = "dev", true
	w.config = "[profile dev]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\ncli_pager = less\n" + corp
	done, err := w.configure(t, "SSO session name=corp", "accounts=Zulu", "roles=Admin", "client=", "output=")
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, done.Changes, "[profile dev]\nsso_region = us-east-1\nsso_account_id = 111111111111\ncli_pager = less\nsso_session = corp\nsso_role_name = Admin\n"+corp)

	w = newWorld()
	w.profile, w.flags = "dev", map[string]string{FlagSession: ""}
	w.config = "[profile dev]\nsso_session = corp\n" + corp
	done, err = w.configure(t, "SSO start URL [None]="+startURL, "SSO region=us-east-1", "accounts=Zulu", "roles=Admin", "client=", "output=")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.written(t, done.Changes); strings.Contains(got, "sso_session =") {
		t.Error(got)
	}
}

// A new profile finds its center where the session's other profiles do.
func TestServices(t *testing.T) {
	profile := func(name, more string) string { return "[profile " + name + "]\nsso_session = corp\n" + more }
	for _, c := range []struct {
		config string
		want   bool
	}{
		{corp, false},
		{corp + profile("a", "services = lab\n"), true},
		{corp + profile("a", "services = lab\n") + profile("b", "services = lab\n"), true},
		{corp + profile("a", "services = lab\n") + profile("b", ""), false},
		{corp + profile("a", "services = lab\n") + profile("b", "services = other\n"), false},
		{corp + "[profile a]\nsso_session = other\nservices = lab\n", false},
		{corp + profile("a", "services = lab\n") + "[profile dev]\nservices = mine\n", false},
	} {
		w := newWorld()
		w.config, w.cached, w.flags = c.config, true, allFlags()
		done, err := w.configure(t)
		if err != nil {
			t.Fatal(err)
		}
		added := false
		for _, change := range done.Changes {
			added = added || change == Change{Section: awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "dev"}, Key: "services", Value: "lab"}
		}
		if added != c.want {
			t.Errorf("%q: %v", c.config, done.Changes)
		}
	}
}

// A role that cannot be written is refused before anything is.
func TestHostileRole(t *testing.T) {
	w := newWorld()
	w.config, w.cached = corp, true
	w.roles = w.roles[:1]
	w.roles[0].RoleName = "Admin\n[profile evil]\ncredential_process = x"
	_, err := w.configure(t, "SSO session name=corp", "accounts=Zulu")
	if !errors.As(err, new(*awsconfig.UnwritableError)) {
		t.Errorf("%v", err)
	}
}

func TestBrokenSession(t *testing.T) {
	w := newWorld()
	w.config = "[sso-session corp]\n"
	_, err := w.configure(t, "SSO session name=corp")
	var missing *awsconfig.MissingKeysError
	if !errors.As(err, &missing) || len(missing.Keys) != 2 {
		t.Errorf("%v", err)
	}
}

func TestConfigureSession(t *testing.T) {
	run := func(t *testing.T, w *world, script ...string) (string, []Change, error) {
		t.Helper()
		w.person = &person{t: t, script: script}
		s := w.session(w.load(t), "default")
		return s.Run(t.Context())
	}
	w := newWorld()
	name, changes, err := run(t, w, "SSO session name: =", "SSO session name: =corp", "SSO start URL [None]="+startURL, "SSO region [None]=us-east-1", "scopes [sso:account:access]: =")
	if err != nil || name != "corp" {
		t.Fatalf("%q, %v", name, err)
	}
	w.want(t, changes, corp)

	w = newWorld()
	w.config = "# a\n" + corp + "[profile x]\nsso_session = corp\n"
	_, changes, err = run(t, w, "SSO session name: =corp", "SSO start URL ["+startURL+"]: =", "SSO region [us-east-1]: =eu-central-1", "scopes [sso:account:access]: =")
	if err != nil {
		t.Fatal(err)
	}
	w.want(t, changes, strings.Replace(w.config, "us-east-1", "eu-central-1", 1))
}

// Names that not every tool finds are taken, and said to be so.
func TestNameNoted(t *testing.T) {
	for name, noted := range map[string]bool{"dev": false, "a.b/c:d@e-1": false, "my dev": true, "it's": true, "日本": true} {
		w := newWorld()
		w.flags = allFlags()
		w.flags[FlagProfile] = name
		if _, err := w.configure(t); err != nil || strings.Contains(w.person.seen.String(), "letters, digits and - work everywhere") != noted {
			t.Errorf("%q: %v\n%s", name, err, w.person.seen.String())
		}
	}
}

func TestSuggestions(t *testing.T) {
	w := newWorld()
	w.config = corp + "[sso-session b]\nsso_start_url = https://b.awsapps.com/start\nsso_region = eu-west-3\nsso_registration_scopes = x:y, sso:account:access\n" +
		"[profile p]\nsso_start_url = https://p.awsapps.com/start\nregion = sa-east-1\n"
	w.person = &person{t: t}
	s := w.session(w.load(t), "default")
	texts := func(f prompt.Field) (all []string) {
		for _, s := range f.Suggest {
			all = append(all, s.Text)
		}
		return all
	}
	w.person.script = []string{"URL=esc", "region=esc", "scopes=esc"}
	_, _ = s.askStartURL(t.Context())
	if got := strings.Join(texts(w.person.last), " "); got != "https://b.awsapps.com/start "+startURL+" https://p.awsapps.com/start" {
		t.Errorf("start URLs: %s", got)
	}
	s.sso.StartURL = startURL
	_, _ = s.askRegion(t.Context())
	if got := strings.Join(texts(w.person.last), " "); !strings.HasPrefix(got, "eu-west-3 us-east-1 sa-east-1 us-west-2 ") {
		t.Errorf("regions: %s", got)
	}
	_, _ = s.askScopes(t.Context())
	if got := w.person.last.Suggest; len(got) != 2 || got[1].Text != "x:y" || got[1].Note != "Used in SSO sessions: b" {
		t.Errorf("scopes: %v", got)
	}
	f := s.nameField()
	if got := f.Detail("corp"); len(got) != 4 || got[1] != "  sso_start_url = "+startURL || f.Detail("none") != nil {
		t.Errorf("%q", got)
	}
}
