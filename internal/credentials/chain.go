package credentials

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// NotFoundError says that a profile and the environment name no source of credentials.
type NotFoundError struct{ Profile string }

// Error is the AWS CLI's text.
func (e *NotFoundError) Error() string {
	return "Unable to locate credentials for profile " + fmt.Sprintf("%q", e.Profile)
}

// PartialError is an access key id without the rest.
type PartialError struct {
	Provider string // as the AWS CLI names it: "env", "shared-credentials-file", "config-file"
	Missing  string
}

// Error is the AWS CLI's text.
func (e *PartialError) Error() string {
	return "Partial credentials found in " + e.Provider + ", missing: " + e.Missing
}

// Static returns the keys that a lookup gives under the well-known names, which are variables of the
// environment in capitals, or keys of a profile in lower case. ok is false when there is no access key
// id; a lone id is an error. expiration, which only the environment has, may be "".
func Static(provider, id, secret, token, expiration string) (c Credentials, ok bool, err error) {
	if id == "" {
		return Credentials{}, false, nil
	}
	c = Credentials{AccessKeyID: id, SecretAccessKey: wire.Secret(secret), SessionToken: wire.Secret(token)}
	if secret == "" {
		missing := "aws_secret_access_key"
		if provider == EnvironmentProvider {
			missing = strings.ToUpper(missing)
		}
		return Credentials{}, false, &PartialError{Provider: provider, Missing: missing}
	}
	if expiration != "" {
		if c.ExpiresAt, err = ParseTime(expiration); err != nil {
			return Credentials{}, false, errors.New("AWS_CREDENTIAL_EXPIRATION is not a time")
		}
	}
	return c, true, nil
}

// EnvironmentProvider is what the AWS CLI calls the environment's keys.
const EnvironmentProvider = "env"

// Environment returns the keys of the environment, as [Static] does.
func Environment(lookup func(key string) (string, bool)) (Credentials, bool, error) {
	value := func(names ...string) string {
		for _, n := range names {
			if v, _ := lookup(n); v != "" {
				return v
			}
		}
		return ""
	}
	return Static(EnvironmentProvider, value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"),
		value("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"), value("AWS_CREDENTIAL_EXPIRATION"))
}

// Fixed is a [Get] of keys that are known already. Ones that have expired are an error.
func Fixed(c Credentials, now clock.Clock) Get {
	return func(context.Context) (Credentials, error) {
		if !c.ExpiresAt.IsZero() && !now.Now().Before(c.ExpiresAt) {
			return Credentials{}, ErrExpiredOnArrival
		}
		return c, nil
	}
}
