package doctor

import (
	"crypto/x509"
	"slices"
	"strings"

	"keyfob/internal/center/clientconfig"
)

// config looks whether profiles lead to the center.
func (e *examination) config() {
	sections := clientconfig.Parse(e.Config)
	find := func(kind, name string) (clientconfig.Section, bool) {
		i := slices.IndexFunc(sections, func(s clientconfig.Section) bool { return s.Kind == kind && s.Name == name })
		if i < 0 || name == "" {
			return clientconfig.Section{}, false
		}
		return sections[i], true
	}
	const remedy = "keyfob-center client config prints what is needed, and writes it with --write"
	checked := 0
	for _, s := range sections {
		name := s.Name
		if s.Kind == "default" {
			name = "default"
		} else if s.Kind != "profile" {
			continue
		}
		start := s.Value("", "sso_start_url")
		if session, ok := find("sso-session", s.Value("", "sso_session")); ok {
			start = session.Value("", "sso_start_url")
		}
		services, _ := find("services", s.Value("", "services"))
		if e.Profile == "" && !e.leadsHere(start, s, services) || e.Profile != "" && e.Profile != name {
			continue
		}
		checked++
		e.profile(name, start, s, services)
	}
	switch {
	case checked > 0:
	case e.Profile != "":
		e.ill("config", remedy, "there is no profile %s in the config file", e.Profile)
	default:
		e.ill("config", remedy, "no profile in the config file leads to %s", e.base)
	}
}

// leadsHere tells profiles that are meant for this center from all others.
func (e *examination) leadsHere(start string, profile, services clientconfig.Section) bool {
	if strings.HasPrefix(start, e.base+"/") || slices.Contains(e.meta.StartURLs, start) {
		return true
	}
	for _, service := range clientconfig.Endpoints() {
		if strings.TrimRight(services.Value(service, "endpoint_url"), "/") == e.base {
			return true
		}
	}
	return strings.TrimRight(profile.Value("", "endpoint_url"), "/") == e.base
}

func (e *examination) profile(name, start string, profile, services clientconfig.Section) bool {
	check := "profile " + name
	remedy := "keyfob-center client config --profile " + name + " prints what it needs"
	if len(e.meta.StartURLs) > 0 && !slices.Contains(e.meta.StartURLs, start) {
		return e.ill(check, remedy, "sso_start_url is %q, which is not one of the center's", start)
	}
	for _, service := range clientconfig.Endpoints() {
		if got := services.Value(service, "endpoint_url"); strings.TrimRight(got, "/") != e.base {
			if got == "" {
				return e.ill(check, remedy, "its services section has no endpoint_url for %s: clients would ask AWS", service)
			}
			return e.ill(check, remedy, "its endpoint_url for %s is %s", service, got)
		}
	}
	if file := profile.Value("", "ca_bundle"); file != "" {
		if !e.bundle(check, "ca_bundle", file) {
			return false
		}
	}
	return e.well(check, "leads to %s", e.base)
}

// bundle looks into a file of CAs.
func (e *examination) bundle(check, from, file string) bool {
	const remedy = "copy ca.pem from the center to that place"
	b, err := e.ReadFile(file)
	if err != nil {
		return e.ill(check, remedy, "%s names %s, which cannot be read", from, file)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(b) {
		return e.ill(check, remedy, "%s names %s, which holds no certificate", from, file)
	}
	return true
}

// environment looks for variables that lead elsewhere: they win over the config file.
func (e *examination) environment() {
	before := len(e.found)
	for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		if e.Getenv(v) != "" {
			e.ill("environment", "unset "+v, "%s is set: it wins over every sign-in", v)
		}
	}
	if strings.EqualFold(e.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		e.ill("environment", "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true: endpoints are ignored, clients ask AWS")
	}
	for _, service := range clientconfig.Endpoints() {
		v := "AWS_ENDPOINT_URL_" + strings.ToUpper(service)
		if got := e.Getenv(v); got != "" && strings.TrimRight(got, "/") != e.base {
			e.ill("environment", "unset "+v+", or set it to "+e.base, "%s leads to %s", v, got)
		}
	}
	for _, v := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"} {
		if file := e.Getenv(v); file != "" {
			e.bundle("environment", v, file)
		}
	}
	if len(e.found) == before {
		e.well("environment", "no variable leads elsewhere")
	}
}
