package sources

import (
	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/shellquote"
)

// Endpoint returns where the calls of a service go: what is configured, else AWS's own host.
func Endpoint(c *awsconfig.Config, service awsconfig.Service, sso awsconfig.SSO, region string) (url string, own bool, err error) {
	if sso.Session != "" && (service == awsconfig.ServiceSSO || service == awsconfig.ServiceSSOOIDC) {
		url, own, err = c.SessionEndpoint(service, sso.Session, sso.Profile)
	} else {
		url, own, err = c.Endpoint(service, sso.Profile)
	}
	if err != nil || own {
		return url, own, err
	}
	if u, err := awsconfig.ParseStartURL(sso.StartURL); err == nil && u.Loopback() {
		return "", false, &NoEndpointError{sso.StartURL, service} // its tokens are none of AWS's business
	}
	if region == "" {
		return "", false, &awsconfig.NoRegionError{}
	}
	url, err = awsconfig.DefaultEndpoint(service, region, c.EndpointVariant(sso.Profile))
	return url, false, err
}

// NoEndpointError is a center of one's own, of which only the start URL is configured.
type NoEndpointError struct {
	StartURL string
	Service  awsconfig.Service
}

// Error implements error.
func (e *NoEndpointError) Error() string {
	return "the start URL " + e.StartURL + " is on this machine, but the config file does not say where its service is"
}

// TargetOf is a sign-in as package session knows it.
func TargetOf(s awsconfig.SSO) session.Target {
	return session.Target{Profile: s.Profile, Session: s.Session, StartURL: s.StartURL, Region: s.Region}
}

// RoleOf is a role as package credentials knows it.
func RoleOf(s awsconfig.SSO) credentials.Role {
	return credentials.Role{Target: TargetOf(s), AccountID: s.AccountID, RoleName: s.RoleName}
}

// AssumedOf is a role as STS is asked for it. origin says who asks.
func AssumedOf(s *awsconfig.Source, origin string) credentials.AssumedRole {
	return credentials.AssumedRole{
		ARN: s.Role.ARN, SessionName: s.Role.SessionName, ExternalID: s.Role.ExternalID, MFASerial: s.Role.MFASerial,
		Duration: s.Role.Duration, Origin: origin,
	}
}

// LoginCommand is the exact command that signs in to a target.
func LoginCommand(t session.Target) string {
	switch {
	case t.Session != "":
		return "keyfob sso login --sso-session " + shellquote.Word(t.Session)
	case t.Profile != "" && t.Profile != "default":
		return "keyfob sso login --profile " + shellquote.Word(t.Profile)
	}
	return "keyfob sso login"
}
