package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/handover"
)

// execOptions is `exec`.
type execOptions struct {
	Find        func(command string) (path string, err error)
	Credentials func(ctx context.Context) (credentials.Credentials, error)
	Replace     func(path string, argv, environ []string) (code int, err error)
	Clock       clock.Clock

	Command []string
	Region  string
	Environ []string // keyfob's own
	Fold    bool     // names of variables differ in more than case
}

// childExit is a child that has ended, as a shell says it.
type childExit struct{ code int }

// Error implements error. Nobody sees it: the child has said what there is to say.
func (e *childExit) Error() string { return fmt.Sprintf("the command ended with %d", e.code) }

func (a *app) newExec() *cobra.Command {
	c := &cobra.Command{
		Use:   "exec [--] <command> [argument...]",
		Short: "run a command with a profile's credentials",
		Long: `Runs a command with the credentials of a profile in its environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, and AWS_REGION and AWS_DEFAULT_REGION: that of --region, the
profile's, or what they were. Whatever else says whose credentials to use is taken away: AWS_PROFILE and
AWS_DEFAULT_PROFILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and AWS_WEB_IDENTITY_TOKEN_FILE, the AWS_CONTAINER_…
variables, AWS_SECURITY_TOKEN and other old names of keys, AWS_ACCOUNT_ID, AWS_BEARER_TOKEN_BEDROCK. What says
how AWS is reached stays: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, AWS_ENDPOINT_URL…, AWS_CA_BUNDLE,
proxies, retries.

The command takes keyfob's place, with its process id, terminal and signals (on Windows it is a child, whose
exit code keyfob passes on). A command that is not found ends with 127, one that cannot be run with 126.`,
		Example: `    keyfob exec --profile dev -- terraform plan
    keyfob exec --profile dev aws s3 ls`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return &usageError{cmd, "a command to run is missing"}
			}
			o, err := a.buildExec(args)
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	c.Flags().SetInterspersed(false) // what comes after the command is the command's
	return c
}

// Run runs the command. It returns only when it could not, or with a [*childExit].
func (o *execOptions) Run(ctx context.Context) error {
	path, err := o.Find(o.Command[0])
	if err != nil {
		return err
	}
	c, err := lasting(ctx, o.Credentials, o.Clock)
	if err != nil {
		return err
	}
	code, err := o.Replace(path, o.Command, handover.Environ(o.Environ, handover.Keys(c, o.Region), o.Fold))
	if err != nil {
		return err
	}
	return &childExit{code}
}

// lasting gets credentials that are worth handing to somebody who will not come back for more.
func lasting(ctx context.Context, get credentials.Get, now clock.Clock) (credentials.Credentials, error) {
	c, err := get(ctx)
	if errors.As(err, new(*credentials.NotFoundError)) {
		err = &retrieveError{err}
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if left := c.ExpiresAt.Sub(now.Now()); err == nil && !c.ExpiresAt.IsZero() && left < credentials.WorthServing {
		err = &expiringError{left}
	}
	if err != nil {
		return credentials.Credentials{}, err
	}
	return c, nil
}

// expiringError is credentials that are as good as gone.
type expiringError struct{ left time.Duration }

func (e *expiringError) Error() string {
	return fmt.Sprintf("the credentials expire in %s, and there are no new ones", e.left.Truncate(time.Second))
}
