package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/configfile"
	"keyfob/internal/signin"
	"keyfob/internal/sources"
	"keyfob/internal/terminal"
	"keyfob/internal/wire"
	"keyfob/internal/wizard"
)

// editConfig makes a change in one of the shared files, or only finds out what it would be, and returns
// it as a small diff, "" when there is none.
func (a *app) editConfig(ctx context.Context, path string, dryRun bool, edit func(*awsconfig.Editor) error) (diff string, err error) {
	var before, after []byte
	change := func(old []byte) ([]byte, error) {
		e := awsconfig.Edit(old)
		if err := edit(e); err != nil {
			return nil, err
		}
		before, after = old, e.Bytes()
		return after, nil
	}
	if dryRun {
		var old []byte
		if old, err = readConfig(path); err == nil || errors.Is(err, fs.ErrNotExist) {
			_, err = change(old)
		}
	} else {
		_, err = configfile.Update(ctx, path, change)
	}
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, l := range awsconfig.Diff(before, after) {
		b.WriteString(printable(l) + "\n")
	}
	return b.String(), nil
}

// buildConfigureSSO makes the wizard of `configure sso`.
func (a *app) buildConfigureSSO(cmd *cobra.Command, f *configureFlags, noBrowser, useDevice bool) (*wizard.Profile, *awsconfig.Config, error) {
	c, err := a.loadTalking()
	if err != nil {
		return nil, nil, err
	}
	files, err := a.cache()
	if err != nil {
		return nil, nil, err
	}
	base, explicit := c.ActiveProfile(a.global.profile)
	client, err := a.api(c, base, "")
	if err != nil {
		return nil, nil, err
	}
	login := &loginOptions{Config: c, Profile: base, UseDevice: useDevice, Warn: a.warn, Out: a.sys.Stdout}
	if err := a.buildLogin(login, noBrowser); err != nil {
		return nil, nil, err
	}
	asker := a.asker(f.plain)
	w := &wizard.Profile{Session: a.sessionWizard(cmd, f, c, base, asker, login)}
	if explicit {
		w.Name = base
	}
	w.Token = func(ctx context.Context, sso awsconfig.SSO) (wire.Secret, error) {
		t, err := a.tokens(c, client, files, sso).Token(ctx, sources.TargetOf(sso))
		return t.AccessToken, err
	}
	w.SignIn = func(ctx context.Context, sso awsconfig.SSO, issuerURL string) error {
		target := sources.TargetOf(sso)
		defer asker.discard() // an impatient Enter does not choose an account
		if err := login.SignIn(ctx, sso, signin.Request{Target: target, Scopes: sso.Scopes, IssuerURL: issuerURL, UseDevice: useDevice}); err != nil {
			return err
		}
		login.forgetRoles(target)
		return nil
	}
	list := func(sso awsconfig.SSO, token wire.Secret, call func(*portalCall) error) error {
		url, _, err := sources.Endpoint(c, awsconfig.ServiceSSO, sso, sso.Region)
		if err != nil {
			return err
		}
		done := asker.busy("Looking up what you may use…")
		defer done()
		return call(bindPortal(client, url, token))
	}
	w.Accounts = func(ctx context.Context, sso awsconfig.SSO, token wire.Secret) (all []wire.AccountInfo, err error) {
		err = list(sso, token, func(p *portalCall) error { all, err = everyAccount(ctx, p); return err })
		return all, err
	}
	w.Roles = func(ctx context.Context, sso awsconfig.SSO, token wire.Secret, accountID string) (all []wire.RoleInfo, err error) {
		err = list(sso, token, func(p *portalCall) error { all, err = everyRole(ctx, p, accountID); return err })
		return all, err
	}
	return w, c, nil
}

// buildConfigureSession makes the wizard of `configure sso-session`.
func (a *app) buildConfigureSession(cmd *cobra.Command, f *configureFlags) (*wizard.Session, *awsconfig.Config, error) {
	c, err := a.loadTalking()
	if err != nil {
		return nil, nil, err
	}
	base, _ := c.ActiveProfile(a.global.profile)
	login := &loginOptions{Config: c, Profile: base, Warn: a.warn, Out: a.sys.Stdout}
	if err := a.buildLogin(login, true); err != nil {
		return nil, nil, err
	}
	w := a.sessionWizard(cmd, f, c, base, a.asker(f.plain), login)
	return &w, c, nil
}

func (a *app) sessionWizard(cmd *cobra.Command, f *configureFlags, c *awsconfig.Config, base string, asker asker, login *loginOptions) wizard.Session {
	return wizard.Session{
		Answers: f.answers(cmd, asker), Config: c, Base: base, Resolve: login.Resolve,
		OwnEndpoint: func(sso awsconfig.SSO) bool {
			_, own, err := sources.Endpoint(c, awsconfig.ServiceSSOOIDC, sso, "us-east-1")
			return own && err == nil
		},
	}
}

// showsOnTerminal reports whether results are seen by whoever sits there.
func (a *app) showsOnTerminal() bool {
	out, _ := a.sys.Stdout.(*os.File)
	return terminal.Is(out)
}

// asker is how a person is asked, with what only a terminal needs.
type asker struct {
	wizard.Asker
	discard func()
	busy    func(text string) (done func())
}

// asker asks at the terminal, or line by line where there is none that can do more.
func (a *app) asker(plain bool) asker {
	in, _ := a.sys.Stdin.(*os.File)
	out, _ := a.sys.Stdout.(*os.File)
	if !plain {
		if t, ok := terminal.Open(in, out, a.sys.LookupEnv); ok {
			return asker{t, t.Discard, t.Busy}
		}
	}
	lines := &terminal.Lines{In: a.sys.Stdin, Out: a.sys.Stdout, Verbose: plain, Echo: !terminal.Is(in)}
	return asker{lines, func() {}, func(string) func() { return func() {} }}
}

// errNoConfigFile is a person without a home folder, or who says that there is no config file.
var errNoConfigFile = errors.New("there is no config file to write to: set HOME or AWS_CONFIG_FILE")
