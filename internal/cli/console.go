package cli

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// consoleOptions is `console`.
type consoleOptions struct {
	Credentials func(context.Context) (credentials.Credentials, error)
	SigninToken func(ctx context.Context, session wire.Secret, seconds int) (wire.Secret, error)
	Open        func(ctx context.Context, page wire.Secret) error // nil to print the address
	Print       func(string) error
	Warn        func(format string, args ...any)

	Profile     string
	Login       string // the federation endpoint, for browsers
	Destination string
	Issuer      string
	Duration    time.Duration
	Terminal    bool // the address is seen by whoever sits there
}

const (
	minConsoleSession = 15 * time.Minute
	maxConsoleSession = 12 * time.Hour
)

// longLivedKeysError is keys that the console's federation endpoint does not take.
type longLivedKeysError struct{ profile string }

func (e *longLivedKeysError) Error() string {
	return "the credentials of profile " + quoted(e.profile) + " are long-lived keys; only those of a role open the console"
}

func (a *app) newConsole() *cobra.Command {
	o := &consoleOptions{Print: a.print, Warn: a.warn}
	var destination string
	var noBrowser, show bool
	c := &cobra.Command{
		Use:   "console",
		Short: "open the AWS console as a profile's role",
		Long: `Signs your browser in to the AWS console with the profile's credentials, and opens it there. With --no-browser, or
where there is no browser, the address is printed: it is good for 15 minutes, and whoever has it can act as you.

The page is that of a service (ec2, s3, lambda), a path of the console, or a URL; the region is the profile's. The
console's session lasts as long as the role allows unless --duration says otherwise; AWS takes a duration for
some credentials only, not for those of a role that was assumed with another role.

Only credentials of a role can open the console: long-lived keys of an IAM user cannot. The credentials go to the
federation endpoint of the region's partition; AWS_ENDPOINT_URL_SIGNIN, signin in a services section, or
--endpoint-url name another one, such as a keyfob-center.`,
		Example: `    keyfob console --profile dev
    keyfob console --profile dev --destination s3
    keyfob console --profile dev --destination '/cloudwatch/home#logsV2:log-groups' --no-browser`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Duration != 0 && (o.Duration < minConsoleSession || o.Duration > maxConsoleSession) {
				return &usageError{cmd, "--duration is 15m to 12h"}
			}
			if err := a.buildConsole(o, destination, noBrowser || show); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&destination, "destination", "", "open this `page`: a service, a path, or a URL")
	f.StringVar(&o.Issuer, "issuer", "", "the `URL` that the console leads to when its session has ended; the start URL unless given")
	f.DurationVar(&o.Duration, "duration", 0, "how long the console's session lasts, a `time` of 15m to 12h")
	f.BoolVar(&noBrowser, "no-browser", false, "print the address, do not open it")
	f.BoolVar(&show, "print", false, "the same as --no-browser")
	f.Lookup("duration").DefValue = "" // it is the service's
	return c
}

// Run signs in and opens the page.
func (o *consoleOptions) Run(ctx context.Context) error {
	keys, err := o.Credentials(ctx)
	if err != nil {
		return err
	}
	if keys.SessionToken == "" {
		return &longLivedKeysError{o.Profile}
	}
	session, err := json.Marshal(map[string]string{
		"sessionId": keys.AccessKeyID, "sessionKey": keys.SecretAccessKey.Reveal(), "sessionToken": keys.SessionToken.Reveal(),
	})
	if err != nil {
		return err
	}
	token, err := o.SigninToken(ctx, wire.Secret(session), int(o.Duration/time.Second))
	if err != nil {
		return err
	}
	query := url.Values{"Action": {"login"}, "Destination": {o.Destination}, "SigninToken": {token.Reveal()}}
	if o.Issuer != "" {
		query.Set("Issuer", o.Issuer)
	}
	page := wire.Secret(o.Login + "?" + query.Encode())
	if o.Open != nil {
		if err = o.Open(ctx, page); err == nil {
			return o.Print("Opened the console in your browser.\n")
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		o.Warn("no browser was opened (%v): open the address yourself", err)
	}
	if o.Terminal {
		o.Warn("the address is good for 15 minutes; whoever has it can act as you")
	}
	return o.Print(page.Reveal() + "\n")
}
