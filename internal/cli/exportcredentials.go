package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/credentials"
	"keyfob/internal/sources"
)

// exportOptions is `configure export-credentials`.
type exportOptions struct {
	Get   func(ctx context.Context) (credentials.Credentials, error)
	Print func(string) error
	Keep  func(c credentials.Credentials, document []byte) // for the next call; may be nil

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
			o, err := a.buildExport(credentials.Format(format))
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	c.Flags().StringVar(&format, "format", string(credentials.FormatProcess), "print in this `format`: "+strings.Join(names, ", "))
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) newProcess() *cobra.Command {
	return &cobra.Command{
		Use:   "process",
		Short: "answer as a profile's credential_process",
		Long: `Prints the credentials of a profile as a credential_process answers, which is what
configure export-credentials --format process does. It is meant to be called by programs, for every one of
their starts: an answer that was given before and still holds is given again from one file, at the cost of
starting the program. It never asks anything and never opens a browser.

Credentials with less than 15 minutes left are renewed; if that takes more than two seconds or fails, what is
still valid is printed.`,
		Example: `    # in ~/.aws/config, for a tool that does not know SSO:
    [profile tool]
    credential_process = keyfob process --profile dev`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := a.buildExport(credentials.FormatProcess)
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
}

// Run prints the credentials.
func (o *exportOptions) Run(ctx context.Context) error {
	c, err := o.Get(ctx)
	if errors.As(err, new(*credentials.NotFoundError)) {
		return &sources.UnavailableError{Err: err}
	}
	if err != nil {
		return err
	}
	doc, err := o.Format.Print(c)
	if err != nil {
		return err
	}
	if err := o.Print(string(doc)); err != nil {
		return err
	}
	if o.Keep != nil {
		o.Keep(c, doc)
	}
	return nil
}
