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

	// Serve starts a server for the command alone, which ends with it; nil for keys in the environment.
	Serve func(ctx context.Context) (served []handover.Variable, end func(), err error)
	Child func(path string, argv, environ []string) (code int, err error)

	Command []string
	Region  string
	Reach   []handover.Variable                                 // how the profile reaches AWS
	Environ []string                                            // keyfob's own
	Extra   func(c credentials.Credentials) []handover.Variable // nil for none
	Fold    bool                                                // names of variables differ in more than case
}

// childExit is a child that has ended, as a shell says it.
type childExit struct{ code int }

// Error implements error. Nobody sees it: the child has said what there is to say.
func (e *childExit) Error() string { return fmt.Sprintf("the command ended with %d", e.code) }

func (a *app) newExec() *cobra.Command {
	server := false
	c := &cobra.Command{
		Use:   "exec [--] <command> [argument...]",
		Short: "run a command with a profile's credentials",
		Long: `Runs a command with the credentials of a profile in its environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, and AWS_REGION and AWS_DEFAULT_REGION: that of --region, the
profile's, or what they were. Whatever else says whose credentials to use is taken away: AWS_PROFILE and
AWS_DEFAULT_PROFILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and AWS_WEB_IDENTITY_TOKEN_FILE, the AWS_CONTAINER_…
variables, AWS_SECURITY_TOKEN and other old names of keys, AWS_ACCOUNT_ID, AWS_BEARER_TOKEN_BEDROCK. What says
how AWS is reached stays: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, AWS_ENDPOINT_URL…, AWS_CA_BUNDLE,
proxies, retries. Where these say nothing, endpoint_url, services and ca_bundle of the profile are put into
them; KEYFOB_ENDPOINTS then names the variables, so that keyfob itself does not take them for yours.

The command takes keyfob's place, with its process id, terminal and signals (on Windows it is a child, whose
exit code keyfob passes on). A command that is not found ends with 127, one that cannot be run with 126.

With --server, for commands that run for hours, there are no keys in the environment but the address of a
server on this machine, with a token, that SDKs ask for credentials whenever they need new ones
(AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN). It serves this command, renews what
is about to expire, asks nothing, and is gone when the command ends. keyfob stays as the command's parent: it
passes on signals and the exit code, 128 and the signal's number if a signal ended the command. SDKs would
rather have credentials of [default] in the config files than a server's; while the command runs it sees
copies of these files without them.`,
		Example: `    keyfob exec --profile dev -- terraform plan
    keyfob exec --profile dev aws s3 ls
    keyfob exec --profile dev --server -- ./migrate-for-hours`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return &usageError{cmd, "a command to run is missing"}
			}
			o, err := a.buildExec(args, server)
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&server, "server", false, "serve credentials to the command for as long as it runs")
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
	start, set := o.Replace, handover.Keys(c, o.Region)
	if o.Serve != nil {
		served, end, err := o.Serve(ctx)
		if err != nil {
			return err
		}
		defer end()
		start, set = o.Child, served
	}
	set = append(set, o.Reach...)
	if o.Extra != nil {
		set = append(set, o.Extra(c)...)
	}
	code, err := start(path, o.Command, handover.Environ(o.Environ, set, o.Fold))
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
