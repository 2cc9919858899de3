package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/session"
	"keyfob/internal/sources"
	"keyfob/internal/wire"
)

// signedIn is one cached sign-in, as a sign-out needs it. Its token is about to be removed.
type signedIn struct {
	Name     string // of the cache file
	StartURL string
	Region   string
	Token    wire.Secret
	Expires  time.Time
}

// logoutOptions is `sso logout`.
type logoutOptions struct {
	Config *awsconfig.Config
	Tokens func() ([]signedIn, error)            // every cached sign-in
	Token  func(key string) (signedIn, bool)     // the one of a session or start URL
	Remove func(signedIn) (signedIn, error)      // removes the token file and returns what was last in it
	Forget forgotten                             // removes a role's cached credentials
	Purge  func() error                          // removes every sign-in's role credentials
	Tell   func(context.Context, signedIn) error // tells the service
	Warn   func(format string, args ...any)
	Out    io.Writer

	One    bool // sign out of Target only
	Target session.Target
}

// tellTimeout bounds how long a sign-out waits for services that do not answer: it is done already.
const tellTimeout = 10 * time.Second

func (a *app) newLogout() *cobra.Command {
	var sessionName string
	c := &cobra.Command{
		Use:   "logout",
		Short: "sign out and remove what was cached",
		Long: `Removes cached tokens and the role credentials that came from them, then tells the services that the sessions
are over. Without options that is every sign-in of every AWS tool on this machine. What is on this machine is
removed in any case; that a service could not be told is a warning. Role credentials that were already handed
out stay good until they expire.`,
		Example: `    keyfob sso logout
    keyfob sso logout --sso-session corp`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"sso-session", "profile"} {
				// A script's empty variable must not sign out of everything.
				if f := cmd.Flag(name); f.Changed && f.Value.String() == "" {
					return &usageError{cmd, "--" + name + " names nothing; leave it out to sign out of everything"}
				}
			}
			// A broken config file must not keep anybody from signing out of everything.
			config, err := a.loadTalking()
			one := sessionName != "" || a.global.profile != ""
			if err != nil {
				if one {
					return err
				}
				a.warn("%v", err)
				if config, err = a.loadNothing(); err != nil {
					return err
				}
			}
			o := &logoutOptions{Config: config, Warn: a.warn, Out: a.sys.Stdout, One: one}
			if one {
				profile, explicit := config.ActiveProfile(a.global.profile)
				if !explicit {
					profile = ""
				}
				sso, err := config.LoginTarget(profile, sessionName)
				if err != nil {
					return err
				}
				o.Target = sources.TargetOf(sso)
			}
			if err := a.buildLogout(o); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	c.Flags().StringVar(&sessionName, "sso-session", "", "sign out of this `session` only (--profile: of the profile's)")
	_ = c.RegisterFlagCompletionFunc("sso-session", a.completeSessions)
	return c
}

// Run signs out: local files first and always.
func (o *logoutOptions) Run(ctx context.Context) error {
	ended, err := o.removeLocal()
	o.tellServices(ctx, ended)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.One {
		_, err = fmt.Fprintf(o.Out, "Successfully signed out of %s\n", printable(o.Target.Key()))
	} else {
		_, err = io.WriteString(o.Out, "Successfully signed out of all SSO profiles.\n")
	}
	return err
}

func (o *logoutOptions) removeLocal() (ended []signedIn, err error) {
	if o.One {
		if t, ok := o.Token(o.Target.Key()); ok {
			ended = []signedIn{t}
		}
	} else if ended, err = o.Tokens(); err != nil {
		err = fmt.Errorf("the token cache could not be read: %w", err)
	}
	errs := []error{err}
	for i, t := range ended {
		last, err := o.Remove(t)
		ended[i], errs = last, append(errs, err)
	}
	key := ""
	if o.One {
		key = o.Target.Key()
	} else {
		errs = append(errs, o.Purge())
	}
	o.Forget.forget(o.Config, key, func(_ string, err error) { errs = append(errs, err) })
	return ended, errors.Join(errs...)
}

// tellServices ends the sessions at their services, all at once, and says what did not work.
func (o *logoutOptions) tellServices(ctx context.Context, ended []signedIn) {
	ctx, cancel := context.WithTimeoutCause(ctx, tellTimeout, fmt.Errorf("no answer within %s", tellTimeout))
	defer cancel()
	failed := make([]error, len(ended))
	var wg sync.WaitGroup
	for i, t := range ended {
		if t.Region == "" {
			continue // written by a program that does not say where to sign out
		}
		wg.Go(func() { failed[i] = o.Tell(ctx, t) })
	}
	wg.Wait()
	for i, err := range failed {
		// A service that refuses the token has ended the session already.
		if refused := new(wire.ServiceError); err == nil || errors.As(err, &refused) && refused.Status < 500 {
			continue
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		until := ""
		if !ended[i].Expires.IsZero() {
			until = "; its token expires at " + ended[i].Expires.UTC().Format(time.RFC3339)
		}
		o.Warn("removed from this machine, but the service was not told to end the session of %s: %v%s", ended[i].StartURL, err, until)
	}
}
