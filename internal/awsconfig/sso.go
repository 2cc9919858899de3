package awsconfig

import "strings"

// SSO is where and as whom a person signs in, put together from a profile, an sso-session or both.
type SSO struct {
	Profile  string   // "" when only the session is known
	Session  string   // "" for a profile of the legacy format
	StartURL string   // verbatim: it is part of cache keys
	Region   string   // sso_region; "" only when the start URL has to tell it
	Scopes   []string // nil when not configured, which differs from none

	AccountID string // "" when the profile has none
	RoleName  string // "" when the profile has none
}

// Header is the section that StartURL and Region are configured in.
func (s SSO) Header() Header {
	if s.Session != "" {
		return Header{SessionSection, s.Session}
	}
	return Header{ProfileSection, s.Profile}
}

const (
	keySession  = "sso_session"
	keyStartURL = "sso_start_url"
	keyRegion   = "sso_region"
	keyScopes   = "sso_registration_scopes"
	keyAccount  = "sso_account_id"
	keyRole     = "sso_role_name"
)

// LoginTarget returns what `sso login` signs in to: the session when one is named (--sso-session), else
// the profile's session, else the profile's own start URL. With a session, profile may be ""; the
// profile then adds nothing but the account and role, if it is one of that session.
//
// It checks what `sso login` checks and no more: that profile and session agree is for CredentialSource,
// which a login should ask as well, to say at once that the sign-in will be of no use. Its errors are
// *ProfileNotFoundError and ones of the [ConfigError] family. A missing default profile is an empty one.
func (c *Config) LoginTarget(profile, session string) (SSO, error) {
	p, ok := c.profiles.named[profile]
	if !ok && profile != defaultProfile && (profile != "" || session == "") {
		return SSO{}, &ProfileNotFoundError{Profile: profile}
	}
	own, _ := p.Get(keySession)
	target := SSO{Profile: profile, Session: session}
	if session == "" {
		target.Session = own
	}
	from := p
	if target.Session != "" {
		if from, ok = c.sessions.named[target.Session]; !ok {
			err := &SessionNotFoundError{Session: target.Session}
			if session == "" {
				err.Profile = profile
			}
			return SSO{}, err
		}
		target.Scopes = scopes(from)
	}
	if target.Session == own {
		target.AccountID, _ = p.Get(keyAccount)
		target.RoleName, _ = p.Get(keyRole)
	}

	var missing []string
	take := func(into *string, key string) {
		var ok bool
		if *into, ok = from.Get(key); !ok {
			missing = append(missing, key)
		}
	}
	take(&target.StartURL, keyStartURL)
	take(&target.Region, keyRegion)
	if missing != nil {
		return SSO{}, &MissingKeysError{Session: target.Session, Profile: profile, Keys: missing}
	}
	u, err := ParseStartURL(target.StartURL)
	if err != nil {
		return SSO{}, err
	}
	if target.Region == "" && (u.AWSOwned() || u.Loopback()) {
		return SSO{}, &MissingRegionError{StartURL: target.StartURL}
	}
	return target, nil
}

// CredentialSource returns where a profile's role credentials come from. Its errors are those of the
// AWS CLI's credential provider: *DanglingSessionError, *InconsistentValueError, *IncompleteProfileError,
// besides *NotSSOError for a profile that has neither account nor role and *ProfileNotFoundError. A
// missing default profile is an empty one.
func (c *Config) CredentialSource(profile string) (SSO, error) {
	p, ok := c.profiles.named[profile]
	if !ok && profile != defaultProfile {
		return SSO{}, &ProfileNotFoundError{Profile: profile}
	}
	source := SSO{Profile: profile}
	if p.find(keyAccount) < 0 && p.find(keyRole) < 0 {
		return SSO{}, &NotSSOError{Profile: profile}
	}

	// Not LoginTarget's rule: an empty sso_session is the name of a session here.
	all := p
	if p.find(keySession) >= 0 {
		source.Session, _ = p.Get(keySession)
		s, ok := c.sessions.named[source.Session]
		if !ok {
			return SSO{}, &DanglingSessionError{Profile: profile, Session: source.Session}
		}
		for _, e := range s.entries {
			if i := p.find(e.key); i >= 0 && p.entries[i].value != e.value {
				return SSO{}, &InconsistentValueError{
					Profile: profile, Session: source.Session, Key: e.key,
					ProfileValue: p.entries[i].value, SessionValue: e.value,
				}
			}
		}
		all = s.over(p)
		source.Scopes = scopes(s)
	}

	var missing []string
	for _, want := range []struct {
		into *string
		key  string
	}{{&source.RoleName, keyRole}, {&source.AccountID, keyAccount}, {&source.StartURL, keyStartURL}, {&source.Region, keyRegion}} {
		var ok bool
		if *want.into, ok = all.Get(want.key); !ok {
			missing = append(missing, want.key)
		}
	}
	if missing != nil {
		return SSO{}, &IncompleteProfileError{Profile: profile, Session: source.Session, Keys: missing}
	}
	return source, nil
}

// scopes returns a section's registration scopes; nil when it does not have the key, empty and not nil
// when the key lists none. The two differ in the name of a cached registration.
func scopes(s Section) []string {
	list, ok := s.Get(keyScopes)
	if !ok {
		return nil
	}
	return ParseScopes(list)
}

// ParseScopes splits a list of scopes at its commas. Blanks around an item and empty items are dropped.
// The result is never nil.
func ParseScopes(list string) []string {
	found := []string{}
	for item := range strings.SplitSeq(list, ",") {
		if item = trim(item); item != "" {
			found = append(found, item)
		}
	}
	return found
}
