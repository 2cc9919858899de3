package awsconfig

import "strings"

// RoleWithoutSourceError is a role_arn with nothing to assume it with.
type RoleWithoutSourceError struct{ Profile string }

func (*RoleWithoutSourceError) Error() string {
	return "Partial credentials found in assume-role, missing: source_profile or credential_source"
}

// TwoSourcesError is a role_arn with both a source_profile and a credential_source.
type TwoSourcesError struct{ Profile string }

func (e *TwoSourcesError) Error() string {
	return `The profile "` + e.Profile + `" contains both source_profile and credential_source.`
}

// UnknownCredentialSourceError is a credential_source that is none of Environment, EcsContainer and
// Ec2InstanceMetadata.
type UnknownCredentialSourceError struct{ Profile, Source string }

func (e *UnknownCredentialSourceError) Error() string {
	return `The credential source "` + e.Source + `" referenced in profile "` + e.Profile + `" is not valid.`
}

// SourceProfileNotFoundError is a source_profile that neither file has.
type SourceProfileNotFoundError struct{ Profile, Source string }

func (e *SourceProfileNotFoundError) Error() string {
	return `The source_profile "` + e.Source + `" referenced in the profile "` + e.Profile + `" does not exist.`
}

// SourceLoopError is a chain of source profiles that comes back to one it has been at.
type SourceLoopError struct {
	Source  string   // where it comes back to
	Visited []string // the profiles on the way, from the one that credentials were wanted for
}

func (e *SourceLoopError) Error() string {
	return "Infinite loop in credential configuration detected. Attempting to load from profile " + e.Source +
		" which has already been visited. Visited profiles: ['" + strings.Join(e.Visited, "', '") + "']"
}

// SourceWithoutCredentialsError is a source_profile that says nothing about credentials.
type SourceWithoutCredentialsError struct{ Profile string }

func (e *SourceWithoutCredentialsError) Error() string {
	return `The source profile "` + e.Profile + `" must have credentials.`
}

// WebIdentityWithoutRoleError is a web identity token without the role that it is for.
type WebIdentityWithoutRoleError struct{ Profile string }

func (*WebIdentityWithoutRoleError) Error() string {
	return "The provided profile or the current environment is configured to assume role with web identity but has no role ARN configured. " +
		"Ensure that the profile has the role_arn configuration set or the AWS_ROLE_ARN env var is set."
}
