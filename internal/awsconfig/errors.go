package awsconfig

import (
	"fmt"
	"strings"
)

// ConfigError is the family of errors for which the AWS CLI's own commands exit with the code for bad
// configuration. The other errors of this package are its catch-all there, except that its
// export-credentials turns those of [Config.CredentialSource] into bad configuration too.
type ConfigError interface {
	error
	configError()
}

// FileError is a file that exists and cannot be read, or a path that cannot be expanded.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	return "Unable to read config file: " + e.Path + ": " + e.Err.Error()
}
func (e *FileError) Unwrap() error { return e.Err }

// ProfileNotFoundError is a profile that neither file has.
type ProfileNotFoundError struct{ Profile string }

func (e *ProfileNotFoundError) Error() string {
	return "The config profile (" + e.Profile + ") could not be found"
}

// SessionNotFoundError is the sso-session to sign in to, when it is not configured.
type SessionNotFoundError struct {
	Session string
	Profile string // whose sso_session names it; "" when the user did
}

func (e *SessionNotFoundError) Error() string { return sessionNotFound(e.Session) }
func (*SessionNotFoundError) configError()    {}

func sessionNotFound(session string) string {
	return `The specified sso-session does not exist: "` + session + `"`
}

// MissingKeysError is what an sso-session, or a profile without one, lacks to sign in with.
type MissingKeysError struct {
	Session string // "" for a profile of the legacy format
	Profile string // "" when only the session is known
	Keys    []string
}

func (e *MissingKeysError) Error() string {
	text := "Missing the following required SSO configuration values: " + strings.Join(e.Keys, ", ") + "."
	if e.Session == "" {
		text += " To make sure this profile is properly configured to use SSO, please run: aws configure sso"
	}
	return text
}
func (*MissingKeysError) configError() {}

// InsecureStartURLError is a start URL that is neither https nor on this machine.
type InsecureStartURLError struct{ StartURL string }

func (*InsecureStartURLError) Error() string { return "The sso_start_url must use the https scheme." }
func (*InsecureStartURLError) configError()  {}

// InvalidStartURLError is a start URL without a host, or one that is no URL.
type InvalidStartURLError struct{ StartURL string }

func (e *InvalidStartURLError) Error() string { return "Invalid sso_start_url: '" + e.StartURL + "'" }
func (*InvalidStartURLError) configError()    {}

// MissingRegionError is an empty sso_region where nothing else can tell the region.
type MissingRegionError struct{ StartURL string }

func (*MissingRegionError) Error() string {
	return "Missing required configuration: sso_region. Please run 'aws configure sso' to set it."
}
func (*MissingRegionError) configError() {}

// ResolveError is a start URL whose host did not answer with a redirect or success.
type ResolveError struct {
	StartURL string
	Status   int   // HTTP status, 0 when there was no answer
	Err      error // why there was none
}

func (e *ResolveError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("Failed to resolve start URL: HTTP %d", e.Status)
	}
	return fmt.Sprintf("Failed to resolve start URL: %v", e.Err)
}
func (e *ResolveError) Unwrap() error { return e.Err }
func (*ResolveError) configError()    {}

// MissingLocationError is a redirect of a start URL that leads nowhere.
type MissingLocationError struct{ StartURL string }

func (*MissingLocationError) Error() string { return "Redirect response missing Location header." }
func (*MissingLocationError) configError()  {}

// NotAWSOwnedError is a start URL that leads to somebody else than AWS.
type NotAWSOwnedError struct{ StartURL, FinalURL string }

func (e *NotAWSOwnedError) Error() string {
	return "Could not resolve start URL '" + e.StartURL + "' to an AWS-owned endpoint. Final URL: '" + e.FinalURL + "'"
}
func (*NotAWSOwnedError) configError() {}

// InsecureResolvedURLError is a start URL that leads to AWS without TLS.
type InsecureResolvedURLError struct{ StartURL, FinalURL string }

func (e *InsecureResolvedURLError) Error() string {
	return "Resolved URL must use https. Got: '" + e.FinalURL + "'"
}
func (*InsecureResolvedURLError) configError() {}

// UnknownRegionError is a start URL that leads to a host which does not tell the region.
type UnknownRegionError struct{ StartURL string }

func (e *UnknownRegionError) Error() string {
	return "Cannot determine region from start URL '" + e.StartURL + "'. Please provide sso_region in your configuration."
}
func (*UnknownRegionError) configError() {}

// NoRegionError is a call for which no region is configured.
type NoRegionError struct{}

func (*NoRegionError) Error() string {
	return `You must specify a region. You can also configure your region by running "aws configure".`
}
func (*NoRegionError) configError() {}

// NotSSOError is a profile with neither sso_account_id nor sso_role_name: its credentials, if any, come
// from elsewhere.
type NotSSOError struct{ Profile string }

func (e *NotSSOError) Error() string {
	return `The profile "` + e.Profile + `" is not configured to use SSO: it has neither sso_account_id nor sso_role_name`
}

// DanglingSessionError is a profile whose sso_session is not configured, when credentials are wanted.
type DanglingSessionError struct{ Profile, Session string }

func (e *DanglingSessionError) Error() string { return sessionNotFound(e.Session) }

// IncompleteProfileError is a profile that lacks keys for credentials.
type IncompleteProfileError struct {
	Profile string
	Session string // "" for the legacy format
	Keys    []string
}

func (e *IncompleteProfileError) Error() string {
	return `The profile "` + e.Profile + `" is configured to use SSO but is missing required configuration: ` + strings.Join(e.Keys, ", ")
}

// InconsistentValueError is a key that a profile and its sso-session disagree about.
type InconsistentValueError struct {
	Profile, Session, Key      string
	ProfileValue, SessionValue string
}

func (e *InconsistentValueError) Error() string {
	return "The value for " + e.Key + " is inconsistent between profile (" + e.ProfileValue + ") and sso-session (" + e.SessionValue + ")."
}

// ServicesNotFoundError is a services section that a profile names and that is missing or empty.
type ServicesNotFoundError struct{ Services string }

func (e *ServicesNotFoundError) Error() string {
	return `The profile is configured to use the services section but the "` + e.Services + `" services configuration does not exist.`
}

// InvalidEndpointError is a configured endpoint that is no http or https URL with a host.
type InvalidEndpointError struct{ Endpoint string }

func (e *InvalidEndpointError) Error() string { return "Invalid endpoint: " + e.Endpoint }

// EndpointVariantError is a configured endpoint together with FIPS or dual-stack endpoints, which only
// AWS's own hosts come in.
type EndpointVariantError struct {
	Endpoint string
	Variant  Variant
}

func (e *EndpointVariantError) Error() string {
	if e.Variant.FIPS {
		return "Invalid Configuration: FIPS and custom endpoint are not supported"
	}
	return "Invalid Configuration: Dualstack and custom endpoint are not supported"
}

// InvalidDestinationError is a page of the console that does not make sense.
type InvalidDestinationError struct{ Destination string }

func (e *InvalidDestinationError) Error() string {
	return `"` + e.Destination + `" is not a page of the console: it must be a service's name such as ec2, a path that begins with /, or a URL`
}

// InvalidRegionError is a region that could not be part of a host name.
type InvalidRegionError struct{ Region string }

func (e *InvalidRegionError) Error() string {
	return "Provided region_name '" + e.Region + "' doesn't match a supported format."
}
