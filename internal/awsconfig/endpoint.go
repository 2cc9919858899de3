package awsconfig

import (
	"net/url"
	"strings"
)

// Endpoint returns the endpoint that is configured for a service in place of AWS's own, for calls made
// for a profile: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section, the
// profile's endpoint_url, and last, for the services of a sign-in, the same two keys of its sso-session (see
// the package comment). What is set to nothing does not count, and the profile need not exist.
//
// configured is false, and url empty, when nothing is configured or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
// its key says to ignore it; then [DefaultEndpoint] applies. Errors: *ServicesNotFoundError,
// *InvalidEndpointError, *EndpointVariantError.
func (c *Config) Endpoint(service Service, profile string) (url string, configured bool, err error) {
	session, _ := c.profiles.named[profile].Get(keySession)
	return c.endpoint(service, profile, func() (string, error) {
		if !service.signsIn() {
			return "", nil
		}
		return c.sectionEndpoint(service, c.sessions.named[session])
	})
}

// SessionEndpoint is Endpoint for calls that are made for an sso-session as such, as login --sso-session
// does. profile is the active profile or "". It counts as it does for the AWS CLI, but not when it is
// bound to another session: what is configured there says nothing about this one. After it come the
// session's own keys, then what all profiles of the session agree about (see the package comment).
func (c *Config) SessionEndpoint(service Service, session, profile string) (url string, configured bool, err error) {
	if own, ok := c.profiles.named[profile].Get(keySession); ok && own != session {
		profile = ""
	}
	return c.endpoint(service, profile, func() (string, error) {
		if !service.signsIn() {
			return "", nil
		}
		if own, err := c.sectionEndpoint(service, c.sessions.named[session]); own != "" || err != nil {
			return own, err
		}
		return c.agreedEndpoint(service, session), nil
	})
}

// endpoint looks at what the AWS CLI looks at, then calls ours.
func (c *Config) endpoint(service Service, profile string, ours func() (string, error)) (string, bool, error) {
	if c.enabled(profile, "ignore_configured_endpoint_urls") {
		return "", false, nil
	}
	endpoint, _ := c.env.Lookup("AWS_ENDPOINT_URL_" + strings.ToUpper(service.id()))
	if endpoint == "" {
		endpoint, _ = c.env.Lookup("AWS_ENDPOINT_URL")
	}
	var err error
	if endpoint == "" {
		endpoint, err = c.sectionEndpoint(service, c.profiles.named[profile])
	}
	if endpoint == "" && err == nil {
		endpoint, err = ours()
	}
	if endpoint == "" || err != nil {
		return "", false, err
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false, &InvalidEndpointError{Endpoint: endpoint}
	}
	if v := c.EndpointVariant(profile); v.FIPS || v.DualStack {
		return "", false, &EndpointVariantError{Endpoint: endpoint, Variant: v}
	}
	return endpoint, true, nil
}

// sectionEndpoint returns what a profile or session section itself configures, or "".
func (c *Config) sectionEndpoint(service Service, s Section) (string, error) {
	if name, ok := s.Get("services"); ok {
		services := c.services.named[name]
		if len(services.entries) == 0 {
			return "", &ServicesNotFoundError{Services: name}
		}
		if endpoint, _ := services.GetNested(service.id(), "endpoint_url"); endpoint != "" {
			return endpoint, nil
		}
	}
	endpoint, _ := s.Get("endpoint_url")
	return endpoint, nil
}

// agreedEndpoint returns the endpoint that every profile of a session configures, or "" when one does
// not or differs.
func (c *Config) agreedEndpoint(service Service, session string) string {
	agreed := ""
	for _, name := range c.profiles.order {
		p := c.profiles.named[name]
		if own, ok := p.Get(keySession); !ok || own != session {
			continue
		}
		endpoint, err := c.sectionEndpoint(service, p)
		if err != nil || endpoint == "" || agreed != "" && endpoint != agreed || c.enabled(name, "ignore_configured_endpoint_urls") {
			return ""
		}
		agreed = endpoint
	}
	return agreed
}

// EndpointVariant returns which of AWS's own endpoints a profile asks for: AWS_USE_FIPS_ENDPOINT and
// AWS_USE_DUALSTACK_ENDPOINT, else the keys of those names.
func (c *Config) EndpointVariant(profile string) Variant {
	return Variant{
		FIPS:      c.enabled(profile, "use_fips_endpoint"),
		DualStack: c.enabled(profile, "use_dualstack_endpoint"),
	}
}

// enabled reads a setting that is a truth value; its variable is its key in capitals behind AWS_.
func (c *Config) enabled(profile, key string) bool {
	value, _ := c.Setting(profile, key, "AWS_"+strings.ToUpper(key))
	return strings.EqualFold(value, "true")
}

// EndpointVariable is an environment variable that says of every program what a profile's section says of
// the profile: AWS_ENDPOINT_URL, or AWS_ENDPOINT_URL_<SERVICE>.
type EndpointVariable struct{ Name, URL string }

// EndpointVariables returns the endpoints that a profile configures as variables for a program that does not
// know the profile: of all services but those of a sign-in, which is not such a program's to make. Those that the environment outranks are left out. Errors:
// *ServicesNotFoundError.
func (c *Config) EndpointVariables(profile string) ([]EndpointVariable, error) {
	const all = "AWS_ENDPOINT_URL"
	if set, _ := c.env.Lookup(all); set != "" || c.enabled(profile, "ignore_configured_endpoint_urls") {
		return nil, nil
	}
	var found []EndpointVariable
	p := c.profiles.named[profile]
	if name, ok := p.Get("services"); ok {
		services := c.services.named[name]
		if len(services.entries) == 0 {
			return nil, &ServicesNotFoundError{Services: name}
		}
		for _, id := range services.Keys() {
			variable := all + "_" + strings.ToUpper(id)
			if set, _ := c.env.Lookup(variable); set != "" || !isServiceID(id) || id == ServiceSSO.id() || id == ServiceSSOOIDC.id() {
				continue
			}
			if endpoint, _ := services.GetNested(id, "endpoint_url"); endpoint != "" {
				found = append(found, EndpointVariable{variable, endpoint})
			}
		}
	}
	if endpoint, _ := p.Get("endpoint_url"); endpoint != "" {
		found = append(found, EndpointVariable{all, endpoint})
	}
	return found, nil
}

// isServiceID reports whether a key can be part of a variable's name.
func isServiceID(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}
