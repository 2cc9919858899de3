package awsconfig

import "slices"

// Profiles returns the names of all profiles: the config file's in its order, then those that only the
// credentials file has.
func (c *Config) Profiles() []string { return slices.Clone(c.profiles.order) }

// Sessions returns the names of all sso-sessions in the order of the config file.
func (c *Config) Sessions() []string { return slices.Clone(c.sessions.order) }

// Profile returns a profile, or an empty one when there is none of that name.
func (c *Config) Profile(name string) (Profile, bool) {
	p, ok := c.profiles.named[name]
	return p, ok
}

// Session returns an sso-session, or an empty one when there is none of that name.
func (c *Config) Session(name string) (Section, bool) {
	s, ok := c.sessions.named[name]
	return s, ok
}

// Find returns a profile, an sso-session or a services section, or an empty one when there is none such.
func (c *Config) Find(h Header) (Section, bool) {
	all := sections{}
	switch h.Kind {
	case ProfileSection:
		all = c.profiles
	case SessionSection:
		all = c.sessions
	case ServicesSection:
		all = c.services
	}
	s, ok := all.named[h.Name]
	return s, ok
}

// ActiveProfile returns the profile a command is to use: flag (--profile) unless empty, AWS_PROFILE,
// AWS_DEFAULT_PROFILE, else "default", which is then not explicit and need not exist. A variable that
// is set to nothing names the profile "".
//
// An explicit profile is to be checked with RequireProfile before anything else is done with it,
// except by commands that create profiles.
func (c *Config) ActiveProfile(flag string) (name string, explicit bool) {
	if flag != "" {
		return flag, true
	}
	for _, key := range [...]string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if name, ok := c.env.Lookup(key); ok {
			return name, true
		}
	}
	return defaultProfile, false
}

// RequireProfile returns a *ProfileNotFoundError when there is no such profile.
func (c *Config) RequireProfile(name string) error {
	if _, ok := c.profiles.named[name]; !ok {
		return &ProfileNotFoundError{Profile: name}
	}
	return nil
}

// Region returns the region for a profile's calls: flag (--region), AWS_REGION, AWS_DEFAULT_REGION, the
// profile's region, else "". What is set to nothing does not count.
func (c *Config) Region(flag, profile string) string {
	if flag != "" {
		return flag
	}
	for _, key := range [...]string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region, _ := c.env.Lookup(key); region != "" {
			return region
		}
	}
	region, _ := c.profiles.named[profile].Get("region")
	return region
}

// Setting returns a setting that has an environment variable and a key: the variable, even when it is
// set to nothing, else the profile's key. Either name may be "" when the setting has no such form.
func (c *Config) Setting(profile, key, envKey string) (string, bool) {
	if envKey != "" {
		if value, ok := c.env.Lookup(envKey); ok {
			return value, true
		}
	}
	return c.profiles.named[profile].Get(key)
}

// Place returns where a key of a profile or session takes effect and so has to be edited: the file and
// the section. A profile's key is in the credentials file when that file has it, since it overrides the
// config file. ok is false when there is no file to edit.
func (c *Config) Place(section Header, key string) (path string, in Header, ok bool) {
	path = c.configFile
	if section.Kind == ProfileSection && c.credentials.named[section.Name].find(key) >= 0 {
		path, section.Kind = c.credentialsFile, BareSection
	}
	return path, section, path != ""
}
