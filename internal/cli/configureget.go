package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

// getOptions is `configure get`.
type getOptions struct {
	Config *awsconfig.Config
	Print  func(string) error

	At address
}

func (a *app) newConfigureGet() *cobra.Command {
	var in addressFlags
	c := &cobra.Command{
		Use:   "get NAME",
		Short: "print one value of the config files",
		Long: `Prints the value of a key, as it is in the files: no environment variable and no flag changes it. A key that the
credentials file has counts before the config file's. When there is no such key it prints nothing and ends with 1.

` + addressHelp,
		Example: `    keyfob configure get region --profile dev
    keyfob configure get profile.dev.sso_account_id
    keyfob configure get s3.max_concurrent_requests
    keyfob configure get sso_start_url --sso-session corp
    keyfob configure get sso_oidc.endpoint_url --services local`,
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.loadTalking()
			if err != nil {
				return err
			}
			at, err := in.address(cmd, c, a.global.profile, args[0])
			if err != nil {
				return err
			}
			if at.active {
				if _, _, err := a.activeProfile(c); err != nil {
					return err
				}
			}
			o := &getOptions{Config: c, Print: a.print, At: at}
			return o.Run()
		},
	}
	in.declare(a, c)
	return c
}

// Run prints the value.
func (o *getOptions) Run() error {
	s, ok := o.Config.Find(o.At.section)
	if !ok && o.At.section.Kind != awsconfig.ProfileSection {
		return &noSubSectionError{o.At.section.Name}
	}
	value, ok := s.Get(o.At.key)
	if o.At.inner != "" {
		value, ok = s.GetNested(o.At.key, o.At.inner)
	}
	if !ok && o.At.inner == "" && slices.Contains(s.Keys(), strings.ToLower(o.At.key)) {
		return &noValueError{"varname (" + o.At.String() + ") must reference a value, not a section or sub-section."}
	}
	if !ok {
		return &noValueError{}
	}
	return o.Print(harmless(value) + "\n")
}

// harmless is printable for a value of several lines, whose blanks matter.
func harmless(value string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && hostile(r) {
			return -1
		}
		return r
	}, value)
}

// noValueError is a key that has no value. Without a text it is an answer, not a failure.
type noValueError struct{ text string }

func (e *noValueError) Error() string { return e.text }

// noSubSectionError is an sso-session or services section that is not there.
type noSubSectionError struct{ name string }

func (e *noSubSectionError) Error() string {
	return "The config sub-section (" + e.name + ") could not be found"
}
