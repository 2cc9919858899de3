// Package sources ties a profile to what gets its credentials: a sign-in, a chain of roles, a web identity,
// another program, keys, a container's or an instance's service; each with the caches, locks and calls
// that it needs. It decides nothing: what a profile says is for package awsconfig, when to renew for
// package credentials.
//
// The command's commands and the public package keyfob/credentials call it, so that both do the same.
package sources

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/cache"
	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// World is what is ambient, and how services are reached.
type World struct {
	Home      string
	LookupEnv func(string) (string, bool)
	Clock     clock.Clock
	Random    io.Reader
	Log       *slog.Logger
	Version   string
	Stdin     io.Reader // of other programs that are run
	Stderr    io.Writer

	Region                      string // of calls, in place of the profile's
	CABundle                    string // in place of the profile's
	NoVerifySSL                 bool
	ConnectTimeout, ReadTimeout time.Duration

	// AskCode asks a person for the code of an MFA device; nil where there is nobody to ask, or nobody may
	// be asked.
	AskCode func(ctx context.Context, serial, profile string) (string, error)
}

// ErrNoHome is what a program without a home folder can only say: there is nowhere to keep anything.
var ErrNoHome = errors.New("there is no home folder to keep credentials in: set HOME")

// Cache is the files that all AWS tools share.
func (w *World) Cache() (*cache.Files, error) {
	if w.Home == "" {
		return nil, ErrNoHome
	}
	return cache.New(w.Home), nil
}

// AttemptsError is a number of attempts that is none.
type AttemptsError struct{ Value string }

// Error implements error.
func (e *AttemptsError) Error() string {
	return "max_attempts (or AWS_MAX_ATTEMPTS) must be a whole number of 1 or more, not " + strconv.Quote(e.Value)
}

// API makes the HTTP client with the settings that hold for a profile. Every call of every command goes
// through one of these, so that each honours them.
func (w *World) API(c *awsconfig.Config, profile, userAgent string) (*ssoapi.Client, error) {
	bundle := w.CABundle
	if bundle == "" {
		bundle, _ = c.Setting(profile, "ca_bundle", "AWS_CA_BUNDLE")
	}
	if bundle == "" {
		bundle, _ = w.LookupEnv("REQUESTS_CA_BUNDLE")
	}
	attempts := 0
	if s, _ := c.Setting(profile, "max_attempts", "AWS_MAX_ATTEMPTS"); s != "" {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return nil, &AttemptsError{s}
		}
		attempts = n
	}
	return ssoapi.New(ssoapi.Config{
		CABundle:       bundle,
		NoVerifySSL:    w.NoVerifySSL,
		ConnectTimeout: w.ConnectTimeout,
		ReadTimeout:    w.ReadTimeout,
		LookupEnv:      w.LookupEnv,
		MaxAttempts:    attempts,
		Clock:          w.Clock,
		Random:         w.Random,
		UserAgent:      w.UserAgent() + userAgent,
		Log:            w.Log,
	}), nil
}

// UserAgent says who calls.
func (w *World) UserAgent() string { return "keyfob/" + w.Version + " lang/go os/" + runtime.GOOS }

// Tokens makes the source of a sign-in's tokens.
func (w *World) Tokens(c *awsconfig.Config, client *ssoapi.Client, files *cache.Files, sso awsconfig.SSO) *session.Source {
	return &session.Source{
		Store: files, Clock: w.Clock, Log: w.Log,
		Refresher: session.RefresherFunc(func(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
			url, _, err := Endpoint(c, awsconfig.ServiceSSOOIDC, sso, region)
			if err != nil {
				return wire.CreateTokenResponse{}, err
			}
			return client.CreateToken(ctx, url, req)
		}),
	}
}

// UnavailableError is what keeps a profile's credentials from being found at all, as `export-credentials`
// reports it.
type UnavailableError struct{ Err error }

// Error implements error.
func (e *UnavailableError) Error() string {
	if errors.As(e.Err, new(*credentials.NotFoundError)) {
		return "Unable to retrieve credentials: no credentials found"
	}
	return "Unable to retrieve credentials: " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }
