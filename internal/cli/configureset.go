package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

// setOptions is `configure set`.
type setOptions struct {
	Config *awsconfig.Config
	Edit   editFiles
	Print  func(string) error
	Warn   func(format string, args ...any)

	At    address
	Value string
}

// maxValue is far more than any value is long.
const maxValue = 1 << 20

func (a *app) newConfigureSet() *cobra.Command {
	var in addressFlags
	c := &cobra.Command{
		Use:   "set NAME VALUE",
		Short: "set one value in the config files",
		Long: `Sets the value of a key, in the place where it takes effect: the one line changes, or a line is added below its
section, and nothing else in the file. A section that is not there is added at the end. When more than an addition
changes, what was there before is kept beside the file, in config.keyfob-backup.

Access keys and session tokens go to the credentials file. A command line can be seen by others on the machine and
stays in the shell's history: with - for the value, it is read from standard input instead.

` + addressHelp,
		Example: `    keyfob configure set region eu-central-1 --profile dev
    keyfob configure set profile.dev.output json
    keyfob configure set s3.max_concurrent_requests 20
    keyfob configure set sso_region us-east-1 --sso-session corp
    keyfob configure set sso_oidc.endpoint_url http://localhost:8000 --services local
    pass show aws/secret | keyfob configure set aws_secret_access_key - --profile keys`,
		Args: exactly("NAME", "VALUE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.loadTalking()
			if err != nil {
				return err
			}
			at, err := in.address(cmd, c, a.global.profile, args[0])
			if err != nil {
				return err
			}
			value := args[1]
			if value == "-" {
				if value, err = readValue(a.sys.Stdin); err != nil {
					return err
				}
			}
			o := &setOptions{Config: c, Edit: a.editFiles, Print: a.print, Warn: a.warn, At: at, Value: value}
			return o.Run(cmd.Context())
		},
	}
	in.declare(a, c)
	return c
}

// readValue reads a value to the end, which may be that of a line.
func readValue(in io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, maxValue+1))
	switch {
	case err != nil:
		return "", errors.New("the value could not be read from standard input: " + rootCause(err).Error())
	case len(b) > maxValue:
		return "", errors.New("what comes from standard input is too long for a value")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

// Run sets the value.
func (o *setOptions) Run(ctx context.Context) error {
	at := o.At
	path, in, ok := o.Config.Place(at.section, at.key)
	keys := at.section.Kind == awsconfig.ProfileSection && at.inner == "" && (awsconfig.IsSecret(at.key) || strings.EqualFold(at.key, "aws_access_key_id"))
	if keys {
		path, in = o.Config.CredentialsFile(), awsconfig.Header{Name: at.section.Name}
		ok = path != ""
	}
	if !ok {
		return errNoConfigFile
	}
	changed, err := o.Edit(ctx, fileEdit{path, func(e *awsconfig.Editor) error {
		if at.inner != "" {
			return e.SetNested(in, at.key, at.inner, o.Value)
		}
		return e.Set(in, at.key, o.Value)
	}})
	if err != nil {
		return err
	}
	for _, f := range changed {
		if keys && f.shared {
			o.Warn("The file '%s' is accessible by other users. Consider running 'chmod 600 %s' to restrict access to only your user.", f.path, f.path)
		}
	}
	what := at.String() + " of " + sectionName(at.section)
	if len(changed) == 0 {
		return o.Print("Nothing to change: " + what + " has that value already.\n")
	}
	if !at.secret() {
		what += " to " + quoted(o.Value) + o.was()
	}
	return o.Print("Set " + what + inFiles(changed) + ".\n")
}

// was says what the value was before.
func (o *setOptions) was() string {
	s, _ := o.Config.Find(o.At.section)
	old, ok := s.Get(o.At.key)
	if o.At.inner != "" {
		old, ok = s.GetNested(o.At.key, o.At.inner)
	}
	if !ok {
		return ""
	}
	return " (was " + quoted(old) + ")"
}
