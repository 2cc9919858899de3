package awsconfig

import (
	"slices"
	"strconv"
)

// SourceKind is a way to get credentials.
type SourceKind int

// The ways, in the order in which the AWS CLI tries them for one profile. The last three stand in no
// profile: credential_source names them, and the command line tries them for a profile without a source.
const (
	SourceNone        SourceKind = iota
	SourceRole                   // sts AssumeRole, with the credentials of Source.From
	SourceWebIdentity            // sts AssumeRoleWithWebIdentity, with the token in Source.TokenFile
	SourceSSO
	SourceKeys
	SourceProcess
	SourceEnvironment
	SourceContainer
	SourceInstance
)

// RoleConfig is what a profile says about the role to assume. An empty text is a key that is not there,
// or says nothing.
type RoleConfig struct {
	ARN         string
	SessionName string
	ExternalID  string
	MFASerial   string
	Duration    string // whole seconds, in plain decimal digits
}

// Source is where the credentials of a profile come from. Which fields count is told by Kind.
type Source struct {
	Kind    SourceKind
	Profile string // that configures it

	Role      RoleConfig // SourceRole; ARN and SessionName also of SourceWebIdentity
	From      *Source    // SourceRole
	TokenFile string     // SourceWebIdentity
	SSO       SSO
	Keys      Section // SourceKeys: the section that has aws_access_key_id
	KeysFile  string  // SourceKeys: "shared-credentials-file" or "config-file", as the AWS CLI names them
	Command   string  // SourceProcess
}

// Root is where a chain of roles begins: the source that assumes no role with other credentials.
func (s *Source) Root() *Source {
	for s.Kind == SourceRole {
		s = s.From
	}
	return s
}

const (
	keyRoleARN          = "role_arn"
	keySourceProfile    = "source_profile"
	keyCredentialSource = "credential_source"
	keyTokenFile        = "web_identity_token_file"
	keySessionName      = "role_session_name"
	keyAccessKey        = "aws_access_key_id"
	keySecretKey        = "aws_secret_access_key"
	keyProcess          = "credential_process"
)

// Source returns where a profile's credentials come from, in the AWS CLI's order: a role that is
// assumed with a source_profile or credential_source, a web identity, Identity Center, the keys of the
// credentials file, a credential_process, the keys of the config file. Kind is SourceNone for a profile
// with none of them. environment lets AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and
// AWS_ROLE_SESSION_NAME count, as they do unless the profile was named with --profile.
//
// Errors are those of the AWS CLI's providers: *RoleWithoutSourceError, *TwoSourcesError,
// *UnknownCredentialSourceError, *SourceProfileNotFoundError, *SourceLoopError,
// *SourceWithoutCredentialsError, *WebIdentityWithoutRoleError, besides those of [Config.CredentialSource].
// A missing default profile is an empty one.
func (c *Config) Source(profile string, environment bool) (Source, error) {
	p, ok := c.profiles.named[profile]
	if !ok && profile != defaultProfile {
		return Source{}, &ProfileNotFoundError{Profile: profile}
	}
	if assumesRole(p) {
		return c.roleSource(profile, []string{profile})
	}
	return c.ownSource(profile, environment)
}

func (s Section) has(key string) bool { return s.find(key) >= 0 }

// assumesRole leaves web identities to themselves, also in the middle of a chain.
func assumesRole(p Profile) bool { return p.has(keyRoleARN) && !p.has(keyTokenFile) }

// hasKeys is the AWS CLI's idea of it: one of the two is enough to stop a chain there.
func hasKeys(p Profile) bool { return p.has(keyAccessKey) || p.has(keySecretKey) }

// roleSource follows role_arn. visited is the profiles on the way, this one last.
func (c *Config) roleSource(profile string, visited []string) (Source, error) {
	p := c.profiles.named[profile]
	s := Source{Kind: SourceRole, Profile: profile, Role: roleConfig(p)}
	switch byProfile, byName := p.has(keySourceProfile), p.has(keyCredentialSource); {
	case byProfile && byName:
		return Source{}, &TwoSourcesError{Profile: profile}
	case byName:
		name, _ := p.Get(keyCredentialSource)
		kind, ok := namedSource(name)
		if !ok {
			return Source{}, &UnknownCredentialSourceError{Profile: profile, Source: name}
		}
		s.From = &Source{Kind: kind, Profile: profile}
		return s, nil
	case !byProfile:
		return Source{}, &RoleWithoutSourceError{Profile: profile}
	}
	name, _ := p.Get(keySourceProfile)
	source, ok := c.profiles.named[name]
	if !ok {
		return Source{}, &SourceProfileNotFoundError{Profile: profile, Source: name}
	}
	// A profile may name itself, to assume a role with the keys it has.
	if slices.Contains(visited, name) && (name != profile || !hasKeys(source)) {
		return Source{}, &SourceLoopError{Source: name, Visited: visited}
	}
	from, err := c.sourceProfile(name, append(slices.Clip(visited), name))
	if err != nil {
		return Source{}, err
	}
	s.From = &from
	return s, nil
}

func (c *Config) sourceProfile(name string, visited []string) (Source, error) {
	p := c.profiles.named[name]
	if assumesRole(p) && !hasKeys(p) {
		return c.roleSource(name, visited)
	}
	s, err := c.ownSource(name, false)
	if err == nil && s.Kind == SourceNone {
		err = &SourceWithoutCredentialsError{Profile: name}
	}
	return s, err
}

// ownSource is what a profile has besides a role to assume.
func (c *Config) ownSource(profile string, environment bool) (Source, error) {
	p := c.profiles.named[profile]
	s := Source{Profile: profile}
	value := func(key, variable string) string {
		if environment {
			if v, ok := c.env.Lookup(variable); ok {
				return v
			}
		}
		v, _ := p.Get(key)
		return v
	}
	if s.TokenFile = value(keyTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE"); s.TokenFile != "" {
		s.Kind = SourceWebIdentity
		s.Role = RoleConfig{ARN: value(keyRoleARN, "AWS_ROLE_ARN"), SessionName: value(keySessionName, "AWS_ROLE_SESSION_NAME")}
		if s.Role.ARN == "" {
			return Source{}, &WebIdentityWithoutRoleError{Profile: profile}
		}
		return s, nil
	}
	if p.has(keyAccount) || p.has(keyRole) {
		sso, err := c.CredentialSource(profile)
		s.Kind, s.SSO = SourceSSO, sso
		return s, err
	}
	inConfig := p
	if in, ok := c.credentials.named[profile]; ok {
		inConfig = c.overridden.named[profile]
		if in.has(keyAccessKey) {
			s.Kind, s.Keys, s.KeysFile = SourceKeys, in, "shared-credentials-file"
			return s, nil
		}
	}
	if command, ok := p.Get(keyProcess); ok {
		s.Kind, s.Command = SourceProcess, command
		return s, nil
	}
	if inConfig.has(keyAccessKey) {
		s.Kind, s.Keys, s.KeysFile = SourceKeys, inConfig, "config-file"
	}
	return s, nil
}

func roleConfig(p Profile) RoleConfig {
	get := func(key string) string { v, _ := p.Get(key); return v }
	r := RoleConfig{
		ARN: get(keyRoleARN), SessionName: get(keySessionName), ExternalID: get("external_id"), MFASerial: get("mfa_serial"),
	}
	if n, err := strconv.Atoi(get("duration_seconds")); err == nil { // else it does not count
		r.Duration = strconv.Itoa(n)
	}
	return r
}

// namedSource is what a credential_source means; case matters, as it does to the AWS CLI.
func namedSource(name string) (SourceKind, bool) {
	switch name {
	case "Environment":
		return SourceEnvironment, true
	case "EcsContainer":
		return SourceContainer, true
	case "Ec2InstanceMetadata":
		return SourceInstance, true
	}
	return SourceNone, false
}
