package cli

import (
	"context"

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

func staticOf(c *awsconfig.Config, name string) (func(context.Context) (credentials.Credentials, error), error) {
	p, _ := c.Profile(name)
	value := func(k string) string { v, _ := p.Get(k); return v }
	keys, ok, err := credentials.Static(value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token"))
	if err == nil && !ok {
		err = &credentials.NotFoundError{Profile: name}
	}
	if err != nil {
		return nil, &retrieveError{err}
	}
	return func(context.Context) (credentials.Credentials, error) { return keys, nil }, nil
}
