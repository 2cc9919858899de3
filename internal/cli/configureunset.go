package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

// unsetOptions is `configure unset`.
type unsetOptions struct {
	Config *awsconfig.Config
	Edit   editFiles
	Print  func(string) error
	Warn   func(format string, args ...any)

	At address // without a key when the whole section is meant
}

func (a *app) newConfigureUnset() *cobra.Command {
	var in addressFlags
	all := false
	c := &cobra.Command{
		Use:   "unset NAME | --all",
		Short: "remove a key, or a whole profile, from the config files",
		Long: `Removes a key from wherever it could take effect: the config file, and the credentials file for a profile's key. With
--all the whole section goes, which --profile, --sso-session or --services has to name. Comments that touch a section go
with it, others stay. What was there before is kept beside the file, in config.keyfob-backup. When there is nothing to
remove, it says so and ends with 1.

` + addressHelp,
		Example: `    keyfob configure unset region --profile dev
    keyfob configure unset s3.max_concurrent_requests
    keyfob configure unset sso_registration_scopes --sso-session corp
    keyfob configure unset --profile dev --all`,
		Args: func(cmd *cobra.Command, args []string) error {
			if all {
				return noArgs(cmd, args)
			}
			return exactly("NAME")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.loadTalking()
			if err != nil {
				return err
			}
			o := &unsetOptions{Config: c, Edit: a.editFiles, Print: a.print, Warn: a.warn}
			switch {
			case all && a.global.profile+in.session+in.services == "":
				err = &usageError{cmd, "--all needs --profile, --sso-session or --services"}
			case all:
				o.At.section, _, err = in.section(cmd, a.global.profile)
			default:
				o.At, err = in.address(cmd, c, a.global.profile, args[0])
			}
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	in.declare(a, c)
	c.Flags().BoolVar(&all, "all", false, "remove the whole section")
	return c
}

// Run removes it.
func (o *unsetOptions) Run(ctx context.Context) error {
	changed, err := o.Edit(ctx, editsOf(o.Config, o.At.section, func(e *awsconfig.Editor, in awsconfig.Header) error {
		switch {
		case o.At.key == "":
			e.RemoveSection(in)
		case o.At.inner != "":
			e.UnsetNested(in, o.At.key, o.At.inner)
		default:
			e.Unset(in, o.At.key)
		}
		return nil
	})...)
	if err != nil {
		return err
	}
	name := sectionName(o.At.section)
	switch whole := o.At.key == ""; {
	case whole && len(changed) == 0:
		return &noValueError{"there is no " + name}
	case len(changed) == 0:
		return &noValueError{name + " has no " + o.At.String()}
	case whole:
		if left := o.referrers(); left != "" {
			o.Warn("%s is still named by %s", name, left)
		}
		return o.Print("Removed " + name + inFiles(changed) + ".\n")
	}
	return o.Print("Removed " + o.At.String() + " of " + name + inFiles(changed) + ".\n")
}

// referrers names the profiles that refer to a section.
func (o *unsetOptions) referrers() string {
	key := map[awsconfig.Kind]string{
		awsconfig.ProfileSection: "source_profile", awsconfig.SessionSection: "sso_session", awsconfig.ServicesSection: "services",
	}[o.At.section.Kind]
	var found []string
	for _, name := range o.Config.Profiles() {
		h := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: name}
		s, _ := o.Config.Find(h)
		if value, ok := s.Get(key); ok && value == o.At.section.Name && h != o.At.section {
			found = append(found, sectionName(h))
		}
	}
	return strings.Join(found, ", ")
}

// editsOf is the same edit wherever a section may be: a profile is in both files.
func editsOf(c *awsconfig.Config, section awsconfig.Header, edit func(e *awsconfig.Editor, in awsconfig.Header) error) []fileEdit {
	var edits []fileEdit
	add := func(path string, in awsconfig.Header) {
		if path != "" {
			edits = append(edits, fileEdit{path, func(e *awsconfig.Editor) error { return edit(e, in) }})
		}
	}
	add(c.ConfigFile(), section)
	if section.Kind == awsconfig.ProfileSection {
		add(c.CredentialsFile(), awsconfig.Header{Kind: awsconfig.BareSection, Name: section.Name})
	}
	return edits
}
