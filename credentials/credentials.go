package credentials

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keyfob/internal/awsconfig"
	"keyfob/internal/clock"
	"keyfob/internal/configfile"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/sources"
)

// Source is the Source of the credentials that a [Provider] returns.
const Source = "keyfob"

// Options are how a [Provider] sees the world. The zero value is as the command keyfob sees it.
type Options struct {
	// Home is the folder that .aws is in; "" means the user's home folder.
	Home string
	// LookupEnv looks up environment variables, AWS_CONFIG_FILE and AWS_ENDPOINT_URL among them; nil means
	// os.LookupEnv.
	LookupEnv func(string) (string, bool)
	// ConnectTimeout and ReadTimeout bound each call to a service; 0 means a minute.
	ConnectTimeout, ReadTimeout time.Duration
	// Logger is told what is done, at level debug and without secrets; nil means nobody is.
	Logger *slog.Logger
}

// complete puts what the comments of [Options] say in the place of what nobody has set.
func (o *Options) complete() {
	if o.Home == "" {
		o.Home, _ = os.UserHomeDir() // without one there is an error where a file is needed
	}
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	o.ConnectTimeout, o.ReadTimeout = cmp.Or(o.ConnectTimeout, time.Minute), cmp.Or(o.ReadTimeout, time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Provider gets the credentials of one profile. It implements [aws.CredentialsProvider] and is safe for
// concurrent use.
//
// Wrap it in an [aws.CredentialsCache], as the SDK does by itself with what is in an aws.Config: Retrieve
// reads files each time. The config file is read by [New] alone.
type Provider struct {
	profile, region string
	get             credentials.Get
}

// New returns the provider of a profile. With "" it is the one that AWS_PROFILE names, or "default", and
// keys in the environment come first, as for all AWS tools. Errors are those of the config file: of a
// profile that does not exist, or that says nothing about credentials.
func New(profile string, optFns ...func(*Options)) (*Provider, error) {
	var o Options
	for _, f := range optFns {
		f(&o)
	}
	o.complete()
	c, err := awsconfig.Load(awsconfig.Env{Lookup: o.LookupEnv, Home: o.Home, ReadFile: configfile.Read})
	if err != nil {
		return nil, err
	}
	w := sources.World{
		Home: o.Home, LookupEnv: o.LookupEnv, Clock: clock.System{}, Random: rand.Reader, Log: o.Logger, Version: "go-module",
		Stdin: eof{}, Stderr: io.Discard, ConnectTimeout: o.ConnectTimeout, ReadTimeout: o.ReadTimeout,
	}
	source, err := w.Of(c, profile)
	if err != nil {
		return nil, err
	}
	name, _ := c.ActiveProfile(profile)
	return &Provider{profile: name, region: c.Region("", name), get: source.Get}, nil
}

// Profile is the name of the profile.
func (p *Provider) Profile() string { return p.profile }

// Region is the region of the profile, or of AWS_REGION; "" if neither says one.
func (p *Provider) Region() string { return p.region }

// Retrieve implements [aws.CredentialsProvider]. Credentials with less than 15 minutes left are renewed;
// where that fails, those that are still valid are returned after two seconds at most. Errors:
// [*SignInRequiredError], and those of the services.
func (p *Provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.get(ctx)
	if required := new(session.SignInRequiredError); errors.As(err, &required) {
		return aws.Credentials{}, &SignInRequiredError{Profile: p.profile, Command: sources.LoginCommand(required.Target), Err: err}
	}
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
		AccountID: c.AccountID, Source: Source, CanExpire: !c.ExpiresAt.IsZero(), Expires: c.ExpiresAt,
	}, nil
}

// SignInRequiredError says that only a person can go on, by the command.
type SignInRequiredError struct {
	Profile string
	Command string // quoted for a shell: "keyfob sso login --sso-session corp"
	Err     error
}

// Error implements error.
func (e *SignInRequiredError) Error() string { return e.Err.Error() + ": run " + e.Command }

// Unwrap returns the reason.
func (e *SignInRequiredError) Unwrap() error { return e.Err }

// eof is what a program that is run for credentials reads.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
