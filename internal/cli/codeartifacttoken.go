package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/wire"
)

// codeArtifactOptions is `codeartifact token`.
type codeArtifactOptions struct {
	Token func(context.Context) (token wire.Secret, expires time.Time, err error)
	JSON  func(any) error
	Print func(string) error

	Domain, Owner, Seconds string
	Raw                    bool
}

// codeArtifactDocument is a token as the AWS CLI prints it.
type codeArtifactDocument struct {
	AuthorizationToken string `json:"authorizationToken"`
	Expiration         string `json:"expiration,omitempty"`
}

func (a *app) newCodeArtifactToken() *cobra.Command {
	o := &codeArtifactOptions{JSON: a.printJSON, Print: a.print}
	var format string
	var seconds int
	formats := []string{"json", "raw"}
	c := &cobra.Command{
		Use:     "token",
		Aliases: []string{"get-authorization-token"},
		Short:   "print a token for pip, npm, Maven and other package managers",
		Long: `Prints an authorization token for the repositories of a CodeArtifact domain. It is good for 12 hours, however long
the profile's credentials are, unless --duration-seconds says otherwise. json is what aws codeartifact
get-authorization-token prints, another name of this command; raw is the token and a line break.`,
		Example: `    export CODEARTIFACT_AUTH_TOKEN="$(keyfob codeartifact token --domain tools --format raw --profile dev)"`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed := cmd.Flag("duration-seconds").Changed
			switch {
			case o.Domain == "":
				return &usageError{cmd, "the following arguments are required: --domain"}
			case !slices.Contains(formats, format):
				return &usageError{cmd, "--format " + quoted(format) + " is none of json, raw"}
			case o.Owner != "" && (len(o.Owner) != 12 || strings.Trim(o.Owner, "0123456789") != ""):
				return &usageError{cmd, "--domain-owner " + quoted(o.Owner) + " is not an account of 12 digits"}
			case changed && seconds != 0 && (seconds < 900 || seconds > 43200):
				return &usageError{cmd, "--duration-seconds is 900 to 43200, or 0 for as long as the credentials"}
			}
			if changed {
				o.Seconds = strconv.Itoa(seconds)
			}
			o.Raw = format == "raw"
			if err := a.buildCodeArtifact(o); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Domain, "domain", "", "the `name` of the domain")
	f.StringVar(&o.Owner, "domain-owner", "", "the `account` that owns the domain, if it is not the profile's")
	f.IntVar(&seconds, "duration-seconds", 43200, "the token is good for so many `seconds`, 900 to 43200; 0 for as long as the credentials")
	f.StringVar(&format, "format", "json", "print in this `format`: json, raw")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// Run prints the token.
func (o *codeArtifactOptions) Run(ctx context.Context) error {
	token, expires, err := o.Token(ctx)
	if err != nil {
		return err
	}
	if o.Raw {
		return o.Print(printable(token.Reveal()) + "\n")
	}
	doc := codeArtifactDocument{AuthorizationToken: token.Reveal()}
	if !expires.IsZero() {
		form := "2006-01-02T15:04:05-07:00"
		if expires.Nanosecond() != 0 {
			form = "2006-01-02T15:04:05.000000-07:00"
		}
		doc.Expiration = expires.UTC().Format(form)
	}
	return o.JSON(doc)
}
