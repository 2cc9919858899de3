package cli

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/handover"
	"keyfob/internal/shellquote"
)

// envOptions is `env`.
type envOptions struct {
	Credentials func(ctx context.Context) (credentials.Credentials, error)
	Clock       clock.Clock
	Print       func(string) error

	Format  string
	Region  string
	Reach   []handover.Variable // how the profile reaches AWS
	Reached []string            // variables of an earlier profile's Reach
}

const envJSON = "json"

// envFormats are the formats of `env`, in the order in which help lists them.
func envFormats() []string {
	return []string{"bash", "zsh", "sh", "fish", "powershell", "cmd", "dotenv", envJSON}
}

func envSyntax(format string) shellquote.Syntax {
	switch format {
	case "fish":
		return shellquote.Fish
	case "powershell":
		return shellquote.PowerShell
	case "cmd":
		return shellquote.Cmd
	case "dotenv":
		return shellquote.Dotenv
	}
	return shellquote.POSIX
}

// shellFormat is the format for the shell that a person uses, as far as that is known.
func (a *app) shellFormat() string {
	shell, _ := a.sys.LookupEnv("SHELL")
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(shell, `\`, "/")), ".exe")
	switch {
	case slices.Contains([]string{"bash", "zsh", "fish"}, name):
		return name
	case name == "pwsh" || shell == "" && a.sys.Windows:
		return "powershell"
	}
	return "sh"
}

func (a *app) newEnv() *cobra.Command {
	var format string
	unset := false
	c := &cobra.Command{
		Use:   "env",
		Short: "print a profile's credentials as variables, for a shell to evaluate",
		Long: `Prints what sets the variables that keyfob exec gives a command, and takes away those that would win over them,
for a shell to evaluate: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION,
AWS_REGION and AWS_DEFAULT_REGION, and endpoints and CA bundle if the profile has its own. With --unset it prints what takes these away again, and needs no profile.

A value that the shell in question cannot hold is an error. dotenv is for .env files and docker --env-file: its
lines are quoted nowhere, because readers do not agree on quotes, and it cannot say what to take away. json is an
object of variables.`,
		Example: `    eval "$(keyfob env --profile dev)"
    keyfob env --profile dev --format fish | source
    keyfob env --profile dev --format powershell | Out-String | Invoke-Expression
    for /f "delims=" %i in ('keyfob env --profile dev --format cmd') do %i
    docker run --env-file <(keyfob env --profile dev --format dotenv) …
    eval "$(keyfob env --unset)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				format = a.shellFormat()
			}
			if !slices.Contains(envFormats(), format) {
				return &usageError{cmd, "--format " + quoted(format) + " is none of " + strings.Join(envFormats(), ", ")}
			}
			if unset && format == "dotenv" {
				return &usageError{cmd, "--unset: dotenv has no way to take a variable away"}
			}
			if unset {
				return a.unsetEnv(format)
			}
			o, err := a.buildEnv()
			if err != nil {
				return err
			}
			o.Format = format
			return o.Run(cmd.Context())
		},
	}
	c.Flags().StringVar(&format, "format", "", "print in this `format`: "+strings.Join(envFormats(), ", ")+"; else by $SHELL")
	c.Flags().BoolVar(&unset, "unset", false, "print what takes the variables away")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(envFormats(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// unsetEnv prints what takes away the variables of [envOptions.Run].
func (a *app) unsetEnv(format string) error {
	if format == envJSON {
		gone := map[string]any{}
		for _, name := range append(handover.Given(), a.reached...) {
			gone[name] = nil
		}
		return a.printJSON(gone)
	}
	return a.print(strings.Join(envSyntax(format).Unset(append(handover.Given(), a.reached...)...), "\n") + "\n")
}

// Run prints the variables.
func (o *envOptions) Run(ctx context.Context) error {
	c, err := lasting(ctx, o.Credentials, o.Clock)
	if err != nil {
		return err
	}
	set := append(handover.Keys(c, o.Region), o.Reach...)
	if o.Format == envJSON {
		return o.printJSON(set)
	}
	syntax := envSyntax(o.Format)
	gone := slices.DeleteFunc(append(handover.Strays(), o.Reached...), func(name string) bool {
		return slices.ContainsFunc(set, func(v handover.Variable) bool { return v.Name == name })
	})
	lines := syntax.Unset(gone...)
	for _, v := range set {
		line, err := syntax.Export(v.Name, v.Value)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	return o.Print(strings.Join(lines, "\n") + "\n")
}

func (o *envOptions) printJSON(set []handover.Variable) error {
	doc := map[string]string{}
	for _, v := range set {
		if err := shellquote.Check(v.Name, v.Value); err != nil {
			return err
		}
		doc[v.Name] = v.Value
	}
	b, err := json.MarshalIndent(doc, "", "    ")
	if err != nil {
		return err
	}
	return o.Print(string(b) + "\n")
}
