package cli

import (
	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/sources"
)

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
		if sso, err := c.CredentialSource(name); err == nil && (key == "" || sources.TargetOf(sso).Key() == key) {
			if err := f.Role(sources.RoleOf(sso)); err != nil {
				failed(name, err)
			}
		}
		s, err := c.Source(name, false)
		if err != nil || s.Kind != awsconfig.SourceRole {
			continue // the roles in the middle of a chain are those of other profiles
		}
		if root := s.Root(); root.Kind == awsconfig.SourceSSO && (key == "" || sources.TargetOf(root.SSO).Key() == key) {
			if err := f.Assumed(sources.AssumedOf(&s, "")); err != nil {
				failed(name, err)
			}
		}
	}
	if f.Answers != nil {
		f.Answers()
	}
}
