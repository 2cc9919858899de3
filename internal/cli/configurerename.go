package cli

import (
	"context"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

// renameOptions is `configure rename`.
type renameOptions struct {
	Config *awsconfig.Config
	Edit   editFiles
	Print  func(string) error
	Warn   func(format string, args ...any)

	From, To string
}

func (a *app) newConfigureRename() *cobra.Command {
	c := &cobra.Command{
		Use:   "rename PROFILE NEW",
		Short: "give a profile another name",
		Long: `Changes the name of a profile, in the config file and in the credentials file, and in every source_profile that refers
to it; nothing else in the files changes. You stay signed in: what is cached belongs to the session and the role, not
to the profile's name. It refuses a name that another profile has.`,
		Example: `    keyfob configure rename ReadOnly-111122223333 dev
    keyfob configure rename dev 'dev read-only'`,
		Args:              exactly("PROFILE", "NEW"),
		ValidArgsFunction: a.completeProfiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" || args[1] == "" {
				return &usageError{cmd, "a profile must have a name"}
			}
			c, err := a.loadTalking()
			if err != nil {
				return err
			}
			o := &renameOptions{Config: c, Edit: a.editFiles, Print: a.print, Warn: a.warn, From: args[0], To: args[1]}
			return o.Run(cmd.Context())
		},
	}
	return c
}

// Run renames the profile.
func (o *renameOptions) Run(ctx context.Context) error {
	if err := o.Config.RequireProfile(o.From); err != nil {
		return err
	}
	from := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: o.From}
	to := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: o.To}
	if _, taken := o.Config.Find(to); taken && from != to {
		return &awsconfig.SectionExistsError{Section: to} // perhaps in the other file
	}
	changed, err := o.Edit(ctx, editsOf(o.Config, from, func(e *awsconfig.Editor, in awsconfig.Header) error {
		if err := e.RenameSection(in, o.To); err != nil {
			return err
		}
		return e.ReplaceAll("source_profile", o.From, o.To)
	})...)
	if err != nil {
		return err
	}
	if len(changed) == 0 {
		return o.Print("Nothing to change: that is its name already.\n")
	}
	if active, explicit := o.Config.ActiveProfile(""); explicit && active == o.From {
		o.Warn("AWS_PROFILE or AWS_DEFAULT_PROFILE still says %s", o.From)
	}
	return o.Print("Renamed " + sectionName(from) + " to " + printable(o.To) + inFiles(changed) + ".\n")
}
