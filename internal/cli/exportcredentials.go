package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/credentials"
)

// exportOptions is `configure export-credentials`.
type exportOptions struct {
	Get   func(ctx context.Context) (credentials.Credentials, error)
	Print func(string) error

	Format credentials.Format
}

func (a *app) newExportCredentials() *cobra.Command {
	var format string
	var names []string
	for _, f := range credentials.Formats() {
		names = append(names, string(f))
	}
	c := &cobra.Command{
		Use:   "export-credentials",
		Short: "print a profile's credentials",
		Long: `Prints the credentials of a profile, from the cache or fetched anew: those of its SSO role, of a role that is
assumed with another profile's (role_arn, source_profile or credential_source) or with a web identity, the static
keys it holds, what its credential_process prints, or what the container or instance gives. It never opens a
browser: without a usable sign-in it fails and says how to sign in. The code of an MFA device (mfa_serial) is
asked for at a terminal, on stderr; as a credential_process it never asks.

process is the answer of a credential_process; env, env-no-export, powershell, windows-cmd and fish are lines
for a shell to evaluate, quoted where the shell needs it.`,
		Example: `    eval "$(keyfob configure export-credentials --profile dev --format env)"
    keyfob configure export-credentials --profile dev --format fish | source

    # in ~/.aws/config, for a tool that does not know SSO:
    [profile tool]
    credential_process = keyfob configure export-credentials --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(names, format) {
				return &usageError{cmd, "--format " + quoted(format) + " is none of " + strings.Join(names, ", ")}
			}
			// As a credential_process it has the terminal of whoever runs it.
			a.neverAsk = credentials.Format(format) == credentials.FormatProcess && !a.showsOnTerminal()
			get, err := a.buildCredentials(&a.global.profile)
			if err != nil {
				return err
			}
			o := &exportOptions{Get: get, Print: a.print, Format: credentials.Format(format)}
			return o.Run(cmd.Context())
		},
	}
	c.Flags().StringVar(&format, "format", string(credentials.FormatProcess), "print in this `format`: "+strings.Join(names, ", "))
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// Run prints the credentials.
func (o *exportOptions) Run(ctx context.Context) error {
	c, err := o.Get(ctx)
	if errors.As(err, new(*credentials.NotFoundError)) {
		return &retrieveError{err}
	}
	if err != nil {
		return err
	}
	doc, err := o.Format.Print(c)
	if err != nil {
		return err
	}
	return o.Print(string(doc))
}
