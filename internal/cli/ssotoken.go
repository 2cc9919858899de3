package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/session"
)

// tokenOptions is `sso token`.
type tokenOptions struct {
	Token func(ctx context.Context) (session.Token, error)
	Print func(string) error
	JSON  func(any) error

	Target session.Target
	Raw    bool
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

A profile needs no account and no role for this, only its sso_session. The token of a profile in the legacy format,
with a start URL of its own, is printed as well but never refreshed; AWS_BEARER_TOKEN_ variables are not looked at.

json has accessToken, expiresAt, startUrl and region, as in the AWS CLI's cache; raw is the token and a line break,
whatever --output says. Whoever has the token can act as you until it expires. It is therefore not shown on a
terminal without --yes, and should not become an argument of another program either, which everybody on the machine
can see.`,
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
			o := &tokenOptions{Print: a.print, JSON: a.printJSON, Raw: format == "raw"}
			if err := a.buildToken(o, sessionName); err != nil {
				return err
			}
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
		AccessToken: t.AccessToken.Reveal(), ExpiresAt: t.ExpiresAt.UTC().Format(time.RFC3339),
		// A token file need not have these.
		StartURL: cmp.Or(t.StartURL, o.Target.StartURL), Region: cmp.Or(t.Region, o.Target.Region),
	})
}

// tokenProviderError is a profile whose sso_session does not lead to a token. Its text is that of the
// token provider of the AWS CLI and boto3, which is not that of a sign-in.
type tokenProviderError struct {
	Profile, Session string
	Missing          []string // keys of the session; nil when there is no such session
}

func (e *tokenProviderError) Error() string {
	text := fmt.Sprintf(`The profile "%s" is configured to use the SSO token provider but `, e.Profile)
	if e.Missing == nil {
		return text + fmt.Sprintf(`the "%s" sso_session configuration does not exist.`, e.Session)
	}
	return text + "is missing the following configuration: ['" + strings.Join(e.Missing, "', '") + "']."
}

// asTokenProvider turns what keeps a profile from signing in into what keeps it from having a token. A
// session that the user named is none of the profile's business.
func asTokenProvider(err error, profile string) error {
	var unknown *awsconfig.SessionNotFoundError
	var missing *awsconfig.MissingKeysError
	switch {
	case errors.As(err, &unknown):
		return &tokenProviderError{Profile: profile, Session: unknown.Session}
	case errors.As(err, &missing) && missing.Session != "":
		return &tokenProviderError{Profile: profile, Session: missing.Session, Missing: missing.Keys}
	}
	return err
}
