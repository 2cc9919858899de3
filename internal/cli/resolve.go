package cli

import (
	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
)

// endpoint returns where the calls of a service go: what is configured, else AWS's own host.
func endpoint(c *awsconfig.Config, service awsconfig.Service, sso awsconfig.SSO, region string) (url string, own bool, err error) {
	if sso.Session != "" && (service == awsconfig.ServiceSSO || service == awsconfig.ServiceSSOOIDC) {
		url, own, err = c.SessionEndpoint(service, sso.Session, sso.Profile)
	} else {
		url, own, err = c.Endpoint(service, sso.Profile)
	}
	if err != nil || own {
		return url, own, err
	}
	if u, err := awsconfig.ParseStartURL(sso.StartURL); err == nil && u.Loopback() {
		return "", false, &noEndpointError{sso.StartURL, service} // its tokens are none of AWS's business
	}
	if region == "" {
		return "", false, &awsconfig.NoRegionError{}
	}
	url, err = awsconfig.DefaultEndpoint(service, region, c.EndpointVariant(sso.Profile))
	return url, false, err
}

// noEndpointError is a center of one's own, of which only the start URL is configured.
type noEndpointError struct {
	startURL string
	service  awsconfig.Service
}

func (e *noEndpointError) Error() string {
	return "the start URL " + e.startURL + " is on this machine, but the config file does not say where its service is"
}

// signInsByFile tells which sign-in of the config file a token file belongs to. fileOf names the file of
// a session's name or a start URL.
func signInsByFile(c *awsconfig.Config, profile string, fileOf func(key string) string) map[string]awsconfig.SSO {
	whose := map[string]awsconfig.SSO{}
	for _, name := range c.Profiles() {
		if sso, err := c.LoginTarget(name, ""); err == nil && sso.Session == "" {
			whose[fileOf(sso.StartURL)] = sso
		}
	}
	for _, name := range c.Sessions() {
		whose[fileOf(name)] = awsconfig.SSO{Session: name, Profile: profile}
	}
	return whose
}

// assumedOf is a role as STS is asked for it. origin says who asks.
func assumedOf(s *awsconfig.Source, origin string) credentials.AssumedRole {
	return credentials.AssumedRole{
		ARN: s.Role.ARN, SessionName: s.Role.SessionName, ExternalID: s.Role.ExternalID, MFASerial: s.Role.MFASerial,
		Duration: s.Role.Duration, Origin: origin,
	}
}

// forgotten are the roles whose cached credentials are gone with a sign-in.
type forgotten struct {
	Role    func(credentials.Role) error        // of Identity Center
	Assumed func(credentials.AssumedRole) error // assumed with one of those
	Answers func()                              // what the fast path kept of them; may be nil
}

// forget drops what the profiles of the config file have cached because of a sign-in, or of any when
// key is "". failed is told what could not be dropped.
func (f forgotten) forget(c *awsconfig.Config, key string, failed func(profile string, err error)) {
	for _, name := range c.Profiles() {
		if sso, err := c.CredentialSource(name); err == nil && (key == "" || targetOf(sso).Key() == key) {
			if err := f.Role(roleOf(sso)); err != nil {
				failed(name, err)
			}
		}
		s, err := c.Source(name, false)
		if err != nil || s.Kind != awsconfig.SourceRole {
			continue // the roles in the middle of a chain are those of other profiles
		}
		if root := s.Root(); root.Kind == awsconfig.SourceSSO && (key == "" || targetOf(root.SSO).Key() == key) {
			if err := f.Assumed(assumedOf(&s, "")); err != nil {
				failed(name, err)
			}
		}
	}
	if f.Answers != nil {
		f.Answers()
	}
}
