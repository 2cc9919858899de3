package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/lint"
	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/sources"
)

// loginOptions is `sso login`.
type loginOptions struct {
	Config  *awsconfig.Config
	Resolve func(ctx context.Context, sso awsconfig.SSO) (signin.Resolved, error)
	SignIn  func(ctx context.Context, sso awsconfig.SSO, r signin.Request) error
	// Forget drops cached credentials of the person who was signed in before.
	Forget forgotten
	// SetKey changes one key of a config file in place.
	SetKey func(ctx context.Context, path string, in awsconfig.Header, key, value string) error
	Warn   func(format string, args ...any)
	Out    io.Writer
	// Lookup is the environment, for what it hides.
	Lookup func(key string) (string, bool)

	Profile   string // "" for none
	ByFlag    bool   // Profile was named with --profile, past which no variable hides it
	Session   string // --sso-session
	UseDevice bool
}

func (a *app) newLogin() *cobra.Command {
	var sessionName string
	var noBrowser, useDevice bool
	c := &cobra.Command{
		Use:   "login",
		Short: "sign in and cache the token",
		Long: `Signs you in to the sso-session that the profile or --sso-session names, or to the start URL of a legacy
profile, and caches the token where every AWS tool finds it. A sign-in always starts anew, also when the
cached token is still good.

With an sso-session, the browser opens a page of Identity Center and comes back to a listener on 127.0.0.1
(authorization code with PKCE). With --use-device-code, and for legacy profiles, you enter a short code
instead, on this or any other device.`,
		Example: `    keyfob sso login --profile dev
    keyfob sso login --sso-session corp --no-browser
    keyfob sso login --profile dev --use-device-code`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if sessionName == "" && cmd.Flag("sso-session").Changed {
				return &usageError{cmd, "--sso-session names nothing"}
			}
			config, err := a.loadTalking()
			if err != nil {
				return err
			}
			o := &loginOptions{
				Config: config, Warn: a.warn, Out: a.sys.Stdout, Lookup: a.sys.LookupEnv, ByFlag: a.global.profile != "",
				Session: sessionName, UseDevice: useDevice,
			}
			profile, explicit, err := a.activeProfile(config)
			if err != nil {
				return err
			}
			if explicit || sessionName == "" {
				o.Profile = profile
			}
			if err := a.buildLogin(o, noBrowser); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&sessionName, "sso-session", "", "sign in to this `session` of the config file")
	f.BoolVar(&noBrowser, "no-browser", false, "do not open a browser, only print the address")
	f.BoolVar(&useDevice, "use-device-code", false, "use the device authorization flow: enter a code on any device")
	_ = c.RegisterFlagCompletionFunc("sso-session", a.completeSessions)
	return c
}

// Run signs in.
func (o *loginOptions) Run(ctx context.Context) error {
	sso, err := o.Config.LoginTarget(o.Profile, o.Session)
	if err != nil {
		return err
	}
	o.warn(sso)
	resolved, err := o.Resolve(ctx, sso)
	if err != nil {
		return err
	}
	configuredRegion := sso.Region
	sso.Region = resolved.Region
	target := sources.TargetOf(sso)
	err = o.SignIn(ctx, sso, signin.Request{Target: target, Scopes: sso.Scopes, IssuerURL: resolved.IssuerURL, UseDevice: o.UseDevice})
	if err != nil {
		return err
	}
	o.forgetRoles(target)
	if sso.Region != configuredRegion {
		if err := o.updateRegion(ctx, sso); err != nil {
			o.Warn("signed in, but sso_region could not be updated to %s: %v", sso.Region, err)
		}
	}
	_, err = fmt.Fprintf(o.Out, "Successfully logged into Start URL: %s\n", printable(sso.StartURL))
	return err
}

// warn says at once what would make later commands fail although the sign-in works.
func (o *loginOptions) warn(sso awsconfig.SSO) {
	profile := sso.Profile
	if p, _ := o.Config.Profile(profile); sso.Session != "" {
		if own, _ := p.Get("sso_session"); own != sso.Session {
			profile = "" // it has nothing to do with this session
		}
	}
	found := lint.Check(lint.Input{Config: o.Config, Lookup: o.Lookup})
	warnAbout(found, profile, sso.Session, profile != "" && !o.ByFlag, o.Warn)
}

// forgetRoles drops the role credentials that the config's profiles have cached for this sign-in:
// somebody else may have been signed in, and would be until they expire.
func (o *loginOptions) forgetRoles(t session.Target) {
	o.Forget.forget(o.Config, t.Key(), func(profile string, err error) {
		o.Warn("old role credentials of profile %q are still cached: %v", profile, err)
	})
}

// updateRegion writes the region that the start URL turned out to be in.
func (o *loginOptions) updateRegion(ctx context.Context, sso awsconfig.SSO) error {
	path, in, ok := o.Config.Place(sso.Header(), "sso_region")
	if !ok {
		return nil
	}
	if err := o.SetKey(ctx, path, in, "sso_region", sso.Region); err != nil {
		return err
	}
	_, err := fmt.Fprintf(o.Out, "SSO region updated to %s\n", sso.Region)
	return err
}
