package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/shellquote"
	"keyfob/internal/wizard"
)

// configureFlags are what both wizards have: answers, and how to ask for the others.
type configureFlags struct {
	yes, dryRun, plain bool
}

const (
	configureHow = `Whatever a flag answers is not asked for; with --yes nothing is, and what no flag answers takes its default. At a
terminal, Tab completes, Esc goes back to the question before, and Ctrl-C leaves everything as it was. With --plain,
on a dumb terminal, and when the input is a pipe, it reads one line for each question.

Only the keys in question change in the config file, nothing else; what changed is shown. --dry-run shows it without
writing it.`
	configureSSOExample = `    keyfob configure sso
    keyfob configure sso --profile dev
    keyfob configure sso --session-name corp --account-id 111122223333 --role-name ReadOnly \
        --profile-name dev --region eu-west-1 --yes`
)

func (f *configureFlags) declare(c *cobra.Command) {
	s := c.Flags()
	s.String(flagName(wizard.FlagSession), "", "the `name` of the sso-session, new or known")
	s.String(flagName(wizard.FlagStartURL), "", "the start `URL` or issuer URL of a new session")
	s.String(flagName(wizard.FlagRegion), "", "the `region` that Identity Center is in")
	s.String(flagName(wizard.FlagScopes), "", "the registration `scopes`, separated by commas")
	s.BoolVar(&f.yes, "yes", false, "ask nothing: take the defaults")
	s.BoolVar(&f.dryRun, "dry-run", false, "show what would change in the config file, and do not write it")
	s.BoolVar(&f.plain, "plain", false, "ask line by line, for screen readers and scripts")
}

func flagName(flag string) string { return strings.TrimPrefix(flag, "--") }

// answers is where the answers of a run come from.
func (f *configureFlags) answers(cmd *cobra.Command, asker wizard.Asker) wizard.Answers {
	return wizard.Answers{
		Asker: asker, Defaults: f.yes,
		Given: func(flag string) (string, bool) {
			found := cmd.Flag(flagName(flag))
			if found == nil || !found.Changed {
				return "", false
			}
			return found.Value.String(), true
		},
	}
}

func (a *app) newConfigureSSO() *cobra.Command {
	var f configureFlags
	var noBrowser, useDevice bool
	c := &cobra.Command{
		Use:   "sso",
		Short: "set up a profile: sign in, choose an account and a role",
		Long: `Asks how you sign in, has you sign in, shows which accounts and roles you may use, and writes the profile to the
config file. A name for the sso-session makes the sign-in one that all profiles of that name share and that is
refreshed by itself; without a name the profile is in the legacy format.

` + configureHow,
		Example: configureSSOExample,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, config, err := a.buildConfigureSSO(cmd, &f, noBrowser, useDevice)
			if err != nil {
				return err
			}
			done, err := w.Run(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.writeChanges(cmd.Context(), config, done.Changes, f.dryRun); err != nil || f.dryRun {
				return err
			}
			return a.print("\n" + howToUse(done))
		},
	}
	f.declare(c)
	s := c.Flags()
	s.String(flagName(wizard.FlagAccount), "", "the `account`, 12 digits")
	s.String(flagName(wizard.FlagRole), "", "the `role` in that account")
	s.String(flagName(wizard.FlagProfile), "", "the `name` of the profile to write; --profile also reads the defaults from it")
	s.BoolVar(&noBrowser, "no-browser", false, "do not open a browser, only print the address")
	s.BoolVar(&useDevice, "use-device-code", false, "use the device authorization flow: enter a code on any device")
	_ = c.RegisterFlagCompletionFunc(flagName(wizard.FlagSession), a.completeSessions)
	_ = c.RegisterFlagCompletionFunc(flagName(wizard.FlagProfile), a.completeProfiles)
	return c
}

// howToUse ends the wizard with the exact next command.
func howToUse(done wizard.Configured) string {
	profile := printable(done.Profile)
	verify := "keyfob sts get-caller-identity"
	isDefault := strings.EqualFold(profile, "default")
	if !isDefault {
		verify += " --profile " + shellquote.Word(profile)
	}
	if done.Region == "" {
		verify += " --region " + done.SSORegion // the call needs one
	}
	switch {
	case !done.HasRole:
		return "Successfully configured SSO for profile: " + profile +
			"\nIt has no account and role; to get its bearer token:\n\nkeyfob sso token --profile " + shellquote.Word(profile) + "\n"
	case isDefault:
		return "keyfob and the AWS CLI are now configured to use the default profile.\n" +
			"Run the following command to verify your configuration:\n\n" + verify + "\n"
	}
	return "To use this profile, specify the profile name using --profile, as shown:\n\n" + verify + "\n"
}

func (a *app) newConfigureSSOSession() *cobra.Command {
	var f configureFlags
	c := &cobra.Command{
		Use:   "sso-session",
		Short: "set up a sign-in that profiles share",
		Long: `Asks for an sso-session's name, start URL, region and scopes, and writes the section to the config file. It does not
sign in, and calls nobody unless the start URL is one of your own that leads to AWS.

` + configureHow,
		Example: `    keyfob configure sso-session
    keyfob configure sso-session --session-name corp --start-url https://d-1234567890.awsapps.com/start \
        --sso-region us-east-1 --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, config, err := a.buildConfigureSession(cmd, &f)
			if err != nil {
				return err
			}
			name, changes, err := w.Run(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.writeChanges(cmd.Context(), config, changes, f.dryRun); err != nil || f.dryRun {
				return err
			}
			return a.print("\nCompleted configuring SSO session: " + printable(name) +
				"\nRun the following to login and refresh access token for this session:\n\nkeyfob sso login --sso-session " +
				shellquote.Word(printable(name)) + "\n")
		},
	}
	f.declare(c)
	_ = c.RegisterFlagCompletionFunc(flagName(wizard.FlagSession), a.completeSessions)
	return c
}

// writeChanges writes what a wizard came to, each key to the file where it takes effect, and shows it.
func (a *app) writeChanges(ctx context.Context, c *awsconfig.Config, changes []wizard.Change, dryRun bool) error {
	var paths []string
	byPath := map[string][]wizard.Change{}
	for _, change := range changes {
		path, in, ok := c.Place(change.Section, change.Key)
		if !ok {
			return errNoConfigFile
		}
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
		change.Section = in
		byPath[path] = append(byPath[path], change)
	}
	changed := false
	for _, path := range paths {
		diff, err := a.editConfig(ctx, path, dryRun, func(e *awsconfig.Editor) error { return wizard.Apply(e, byPath[path]) })
		if err != nil {
			return err
		}
		if diff != "" {
			changed = true
			if err := a.print(fmt.Sprintf("\n%s:\n%s", printable(path), diff)); err != nil {
				return err
			}
		}
	}
	switch {
	case !changed:
		return a.print("\nNothing to change: the config file says all of this already.\n")
	case dryRun:
		return a.print("\nNothing was written (--dry-run).\n")
	}
	return nil
}
