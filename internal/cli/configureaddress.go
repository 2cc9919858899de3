package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

// address is one key in the files, as `configure get`, `set` and `unset` are told it.
type address struct {
	section awsconfig.Header
	key     string
	inner   string // a key in the nested block of key; "" for key itself
	active  bool   // of the profile that every command would use: none was named with the key
}

// String names the key.
func (at address) String() string {
	if at.inner != "" {
		return printable(at.key + "." + at.inner)
	}
	return printable(at.key)
}

// secret reports whether the value is nobody's to see.
func (at address) secret() bool { return awsconfig.IsSecret(at.key) || awsconfig.IsSecret(at.inner) }

// sectionName is how a section is spoken of.
func sectionName(h awsconfig.Header) string { return string(h.Kind) + " " + printable(h.Name) }

const addressHelp = `NAME is a key (region), a key in a nested block (s3.max_concurrent_requests), or either with its profile in front
(dev.region, profile.dev.region). Without one it is the profile of --profile or AWS_PROFILE, or the default one. If there
is a profile s3, s3.region is a key of that. With --sso-session or --services, NAME is a key of that section.`

// addressFlags choose another section than a profile's.
type addressFlags struct{ session, services string }

func (f *addressFlags) declare(a *app, c *cobra.Command) {
	c.Flags().StringVar(&f.session, "sso-session", "", "a key of this `session`")
	c.Flags().StringVar(&f.services, "services", "", "a key of this `section` of services")
	_ = c.RegisterFlagCompletionFunc("sso-session", a.completeSessions)
}

// section returns the section that a flag names, given is true then, else the profile's.
func (f *addressFlags) section(cmd *cobra.Command, profile string) (h awsconfig.Header, given bool, err error) {
	session, services := cmd.Flag("sso-session").Changed, cmd.Flag("services").Changed
	switch {
	case session && services:
		return h, false, &usageError{cmd, `The key "services" cannot be specified when one of the following keys are also specified: sso_session`}
	case session:
		h = awsconfig.Header{Kind: awsconfig.SessionSection, Name: f.session}
	case services:
		h = awsconfig.Header{Kind: awsconfig.ServicesSection, Name: f.services}
	default:
		h = awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}
	}
	if h.Name == "" {
		return h, false, &usageError{cmd, "the " + string(h.Kind) + " has no name"}
	}
	return h, session || services, nil
}

// address finds out which key is meant.
func (f *addressFlags) address(cmd *cobra.Command, c *awsconfig.Config, flag, name string) (address, error) {
	profile, _ := c.ActiveProfile(flag)
	named, rest, dotted := cutProfile(c, name)
	if dotted {
		profile = named
	}
	h, given, err := f.section(cmd, profile)
	if err != nil {
		return address{}, err
	}
	if given {
		rest = name
	}
	key, inner, nested := strings.Cut(rest, ".")
	if key == "" || nested && inner == "" {
		return address{}, &usageError{cmd, quoted(name) + " names no key"}
	}
	return address{h, key, inner, !given && !dotted}, nil
}

// cutProfile takes the profile off the front of a dotted name. Of known profiles, whose names may have
// dots themselves, the longest counts.
func cutProfile(c *awsconfig.Config, name string) (profile, rest string, ok bool) {
	after, said := strings.CutPrefix(name, "profile.")
	for i := strings.LastIndexByte(after, '.'); i > 0; i = strings.LastIndexByte(after[:i], '.') {
		if _, known := c.Profile(after[:i]); known || after[:i] == "default" {
			return after[:i], after[i+1:], true
		}
	}
	if !said {
		return "", name, false
	}
	profile, rest, _ = strings.Cut(after, ".")
	return profile, rest, true
}

// fileEdit is what is to be done to one of the files.
type fileEdit struct {
	path string
	edit func(*awsconfig.Editor) error
}

// editedFile is a file that changed.
type editedFile struct {
	path   string
	shared bool // others than its owner may read it
}

// editFiles makes changes in files, in none if one of them is impossible, and returns the files that
// changed.
type editFiles func(ctx context.Context, edits ...fileEdit) ([]editedFile, error)

// inFiles is where something changed, in words.
func inFiles(files []editedFile) string {
	words := make([]string, len(files))
	for i, f := range files {
		words[i] = printable(f.path)
	}
	return " in " + strings.Join(words, " and ")
}

// exactly wants as many arguments as are named.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return &usageError{cmd, "the following arguments are required: " + strings.Join(names[len(args):], ", ")}
		}
		return noArgs(cmd, args[len(names):])
	}
}
