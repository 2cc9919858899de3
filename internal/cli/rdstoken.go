package cli

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// rdsTokenOptions is `rds token`.
type rdsTokenOptions struct {
	Credentials func(context.Context) (credentials.Credentials, error)
	Presign     func(keys credentials.Credentials) wire.Secret
	Print       func(string) error

	Hostname string
	Port     int
	Username string
}

func (a *app) newRDSToken() *cobra.Command {
	o := &rdsTokenOptions{Print: a.print}
	c := &cobra.Command{
		Use:     "token",
		Aliases: []string{"generate-db-auth-token"},
		Short:   "print a password for a database of RDS or Aurora",
		Long: `Prints what a database of RDS or Aurora takes for the password of a user that signs in with IAM. It is good for 15
minutes, to connect; a connection that is open stays open. It is made without a call to anybody, except for
credentials that are not cached. generate-db-auth-token, the name that the AWS CLI has for it, is understood as well.`,
		Example: `    export PGPASSWORD="$(keyfob rds token --hostname db.example.eu-central-1.rds.amazonaws.com --port 5432 \
        --username ada --profile dev)"
    psql "host=db.example.eu-central-1.rds.amazonaws.com user=ada dbname=app sslmode=verify-full"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"hostname", "port", "username"} {
				if f := cmd.Flag(name); !f.Changed || f.Value.String() == "" {
					return &usageError{cmd, "the following arguments are required: --" + name}
				}
			}
			if u, err := url.Parse("//" + o.Hostname); err != nil || u.Host != o.Hostname || u.Port() != "" {
				return &usageError{cmd, "--hostname " + quoted(o.Hostname) + " is not the name of a host"}
			}
			if o.Port < 1 || o.Port > 65535 {
				return &usageError{cmd, "--port is 1 to 65535"}
			}
			if err := a.buildRDSToken(o); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Hostname, "hostname", "", "the `name` of the database's host, its endpoint")
	f.IntVar(&o.Port, "port", 0, "the `port` that it listens on")
	f.StringVar(&o.Username, "username", "", "the database's `user`")
	f.Lookup("port").DefValue = "" // there is none
	return c
}

// Run prints the password.
func (o *rdsTokenOptions) Run(ctx context.Context) error {
	keys, err := o.Credentials(ctx)
	if err != nil {
		return err
	}
	return o.Print(o.Presign(keys).Reveal() + "\n")
}
