package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/session"
)

// tokenOptions is `sso token`.
type tokenOptions struct {
	Token func(ctx context.Context) (session.Token, error)
	Print func(string) error
	JSON  func(any) error

	Raw bool
}

// tokenDocument is a token as it is printed; the members are those of the AWS CLI's token cache.
type tokenDocument struct {
	AccessToken string `json:"accessToken"`
	ExpiresAt   string `json:"expiresAt"`
	StartURL    string `json:"startUrl"`
	Region      string `json:"region"`
}

func (a *app) newToken() *cobra.Command {
	var sessionName, format string
	var yes bool
	formats := []string{"json", "raw"}
	c := &cobra.Command{
		Use:   "token",
		Short: "print the access token of a sign-in",
		Long: `Prints the bearer token of an sso-session's sign-in, or of a profile's: for services that take the token itself
rather than credentials of a role. It is refreshed when less than 15 minutes are left. It never asks anything and
never opens a browser: without a usable sign-in it fails and says how to sign in.

json has accessToken, expiresAt, startUrl and region, as in the AWS CLI's cache; raw is the token alone. Whoever
has the token can act as you until it expires. It is therefore not shown on a terminal without --yes, and should not
become an argument of another program either, which everybody on the machine can see.`,
		Example: `    keyfob sso token --sso-session corp | jq -r .expiresAt
    printf 'Authorization: Bearer %s' "$(keyfob sso token --sso-session corp --format raw)" |
        curl --header @- https://service.example.com/`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case !slices.Contains(formats, format):
				return &usageError{cmd, "--format " + quoted(format) + " is none of json, raw"}
			case sessionName == "" && cmd.Flag("sso-session").Changed:
				return &usageError{cmd, "--sso-session names nothing"}
			case a.showsOnTerminal() && !yes:
				return &usageError{cmd, "the token is a secret, and the output is a terminal; send it to a pipe or a file, or show it with --yes"}
			}
			get, err := a.buildToken(sessionName)
			if err != nil {
				return err
			}
			o := &tokenOptions{Token: get, Print: a.print, JSON: a.printJSON, Raw: format == "raw"}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&sessionName, "sso-session", "", "the token of this `session` of the config file")
	f.StringVar(&format, "format", "json", "print in this `format`: json, raw")
	f.BoolVar(&yes, "yes", false, "also show it on a terminal")
	_ = c.RegisterFlagCompletionFunc("sso-session", a.completeSessions)
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// Run prints the token.
func (o *tokenOptions) Run(ctx context.Context) error {
	t, err := o.Token(ctx)
	if err != nil {
		return err
	}
	if o.Raw {
		return o.Print(printable(t.AccessToken.Reveal()) + "\n")
	}
	return o.JSON(tokenDocument{
		AccessToken: t.AccessToken.Reveal(), ExpiresAt: t.ExpiresAt.UTC().Format(time.RFC3339), StartURL: t.StartURL, Region: t.Region,
	})
}
