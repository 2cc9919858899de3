package lint

import (
	"strings"

	"keyfob/internal/awsconfig"
)

const (
	keySession  = "sso_session"
	keyStartURL = "sso_start_url"
	keyRegion   = "sso_region"
	keyScopes   = "sso_registration_scopes"
	keyAccount  = "sso_account_id"
	keyRole     = "sso_role_name"
)

func has(s awsconfig.Section, keys ...string) bool {
	for _, key := range keys {
		if _, ok := s.Get(key); ok {
			return true
		}
	}
	return false
}

func get(s awsconfig.Section, key string) string {
	v, _ := s.Get(key)
	return v
}

// isSSO reports whether a profile gets its credentials from Identity Center, as the AWS CLI decides it.
func isSSO(p awsconfig.Profile) bool { return has(p, keyAccount, keyRole) }

// isLegacy reports whether a profile says itself where to sign in.
func isLegacy(p awsconfig.Profile) bool {
	return !has(p, keySession) && has(p, keyStartURL, keyRegion, keyAccount, keyRole)
}

// profile looks at one profile: what it refers to, what it lacks, what it says twice.
func (c *check) profile(profile string) {
	p, _ := c.Config.Profile(profile)
	h := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}
	c.comments(h)
	for _, v := range c.Config.Overridden(profile) {
		c.add(Finding{
			Severity: Warning, Code: "shadowed-key", File: v.File, Line: v.Line, Profile: profile,
			Text: v.Key + " of " + name(h) + " does not count: the credentials file has another value for it",
			Fix:  "remove the line, or the one in the credentials file",
		})
	}
	switch {
	case has(p, keySession):
		c.useOfSession(h, p)
	case isLegacy(p):
		c.legacy(h, p)
	}
	c.accountAndRole(h, p)
	c.order(h, p)
	c.services(h, p)
	c.role(h, p)
	if !has(p, "endpoint_url", "services") {
		c.region(h, "region", Warning)
	}
}

// useOfSession looks at a profile's sso_session.
func (c *check) useOfSession(h awsconfig.Header, p awsconfig.Profile) {
	session := get(p, keySession)
	s, ok := c.Config.Session(session)
	if !ok {
		fix := keyfob("configure", "sso-session", "--session-name", session)
		for _, other := range c.Config.Sessions() {
			if strings.EqualFold(strings.TrimSpace(other), strings.TrimSpace(session)) {
				fix = c.set(h, keySession, other)
			}
		}
		if session == "" {
			fix = "name a session, or remove the line"
		}
		c.at(h, keySession, Error, "dangling-session", "there is no [sso-session] section "+quote(session)+", which "+name(h)+" signs in to", fix)
		return
	}
	for _, key := range s.Keys() {
		inSession, _ := s.Get(key)
		own, ok := p.Get(key)
		if !ok || own == inSession || awsconfig.InlineComment(own) >= 0 || awsconfig.InlineComment(inSession) >= 0 {
			continue
		}
		differ := key
		if strings.HasPrefix(key, "sso_") {
			differ += " (" + quote(own) + " and " + quote(inSession) + ")"
		}
		text := name(h) + " and its sso-session " + quote(session) + " differ in " + differ + ": "
		severity := Error
		if isSSO(p) {
			text += "AWS tools refuse to give the profile credentials"
		} else {
			severity, text = Warning, text+"what the profile says does not count"
		}
		c.at(h, key, severity, "session-mismatch", text, c.unset(h, key))
	}
}

// legacy looks at a profile that says itself where to sign in.
func (c *check) legacy(h awsconfig.Header, p awsconfig.Profile) {
	var missing []string
	for _, key := range [...]string{keyStartURL, keyRegion} {
		if !has(p, key) {
			missing = append(missing, key)
		}
	}
	if missing != nil {
		c.at(h, "", Error, "incomplete-profile", name(h)+" cannot sign in: it has neither sso_session nor "+strings.Join(missing, " and "),
			keyfob("configure", "sso", "--profile", h.Name))
		return
	}
	c.whereToSignIn(h, p)
	if unsafe(c.Config, h.Name, p) != "" {
		return
	}
	c.at(h, keyStartURL, Note, "legacy-profile", name(h)+" is of the legacy format: its sign-in is not refreshed, but ends after some hours, and other profiles share it only by the same start URL",
		keyfob("configure", "check", "--fix", "--profile", h.Name))
}

// accountAndRole looks at whose credentials a profile gives.
func (c *check) accountAndRole(h awsconfig.Header, p awsconfig.Profile) {
	account, hasAccount := p.Get(keyAccount)
	switch hasRole := has(p, keyRole); {
	case hasAccount && !hasRole:
		c.at(h, keyAccount, Error, "missing-role", name(h)+" has an account and no role: AWS tools refuse to give it credentials", c.set(h, keyRole, "ROLE"))
	case hasRole && !hasAccount:
		c.at(h, keyRole, Error, "missing-account", name(h)+" has a role and no account: AWS tools refuse to give it credentials", c.set(h, keyAccount, "ACCOUNT"))
	}
	if !hasAccount || awsconfig.InlineComment(account) >= 0 {
		return
	}
	if text, better := accountFlaw(account); text != "" {
		fix := keyfob("sso", "list-accounts", "--profile", h.Name) + " shows the accounts there are"
		if better != "" {
			fix = c.set(h, keyAccount, better)
		}
		c.at(h, keyAccount, Error, "account-id", "sso_account_id "+quote(account)+" of "+name(h)+" "+text, fix)
	}
}

// order looks at what else in a profile gives credentials. The AWS CLI's order is: the environment's keys
// (not with --profile), role_arn, a web identity, Identity Center, keys, credential_process. The AWS SDK
// for Go, and so Terraform, take keys first, SDKs for JavaScript a process before Identity Center.
func (c *check) order(h awsconfig.Header, p awsconfig.Profile) {
	sso := isSSO(p)
	switch role, web := has(p, "role_arn"), has(p, "web_identity_token_file"); {
	case role && !web && !has(p, "source_profile", "credential_source"):
		c.at(h, "role_arn", Error, "role-without-source", name(h)+" has a role_arn and nothing to assume it with: the AWS CLI refuses the profile",
			"put the keys that give credentials into a profile of their own and name it: "+c.set(h, "source_profile", "NAME"))
		return
	case !sso:
		return
	case web:
		c.at(h, "web_identity_token_file", Warning, "web-identity-over-sso",
			name(h)+" has a web identity too, which goes before Identity Center: its sso_account_id and sso_role_name do not count",
			"move role_arn and web_identity_token_file to a profile of their own, or remove them")
	case role:
		c.at(h, "role_arn", Warning, "role-over-sso",
			name(h)+" has a role_arn too, which goes before Identity Center: its sso_account_id and sso_role_name do not count",
			"remove role_arn; or move sso_… to a profile of its own and name that one in source_profile, to assume role_arn with it")
	}
	if has(p, "aws_access_key_id") {
		c.at(h, "aws_access_key_id", Warning, "keys-beside-sso",
			name(h)+" has keys too: the AWS CLI and boto3 use Identity Center, the AWS SDK for Go and Terraform use the keys", "move the keys to a profile of their own, or remove them")
	}
	if has(p, "credential_process") {
		c.at(h, "credential_process", Warning, "process-beside-sso",
			name(h)+" has a credential_process too: the AWS CLI and boto3 use Identity Center, other tools may run the process", c.unset(h, "credential_process"))
	}
}

// services looks at what a profile or session names as its services section.
func (c *check) services(h awsconfig.Header, s awsconfig.Section) {
	if services, ok := s.Get("services"); ok && !c.Config.HasServices(services) {
		c.at(h, "services", Error, "dangling-services", "there is no [services] section "+quote(services)+", or it is empty: every call for "+name(h)+" fails",
			c.unset(h, "services"))
	}
}
