package credentials

import (
	"fmt"

	"keyfob/internal/wire"
)

// NotFoundError says that a profile and the environment name no source of credentials.
type NotFoundError struct{ Profile string }

// Error is the AWS CLI's text.
func (e *NotFoundError) Error() string {
	return "Unable to locate credentials for profile " + fmt.Sprintf("%q", e.Profile)
}

// PartialError is an access key id without the rest.
type PartialError struct{ Missing string }

// Error is the AWS CLI's text.
func (e *PartialError) Error() string { return "Partial credentials found, missing: " + e.Missing }

// Static returns the keys that a lookup gives under the three well-known names, which are variables
// of the environment in capitals, or keys of a profile in lower case. ok is false when there is no
// access key id; a lone id is an error.
func Static(id, secret, token string) (c Credentials, ok bool, err error) {
	if id == "" {
		return Credentials{}, false, nil
	}
	if secret == "" {
		return Credentials{}, false, &PartialError{Missing: "aws_secret_access_key"}
	}
	return Credentials{AccessKeyID: id, SecretAccessKey: wire.Secret(secret), SessionToken: wire.Secret(token)}, true, nil
}
