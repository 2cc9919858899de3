package lint

import "keyfob/internal/awsconfig"

// environment looks at the variables that hide a profile of Identity Center.
func (c *check) environment() {
	note := func(s Severity, variable, code, text, fix string) {
		c.add(Finding{Severity: s, Code: code, Variable: variable, Text: text, Fix: fix})
	}
	value := func(key string) string { v, _ := c.Lookup(key); return v }

	if value("AWS_ACCESS_KEY_ID") != "" {
		const fix = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
		switch {
		case value("AWS_SECRET_ACCESS_KEY") == "":
			note(Error, "AWS_ACCESS_KEY_ID", "environment-keys", "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: AWS tools fail unless --profile is given", fix)
		case c.anySSO():
			note(Warning, "AWS_ACCESS_KEY_ID", "environment-keys", "the keys in AWS_ACCESS_KEY_ID go before every profile, also the one in AWS_PROFILE, unless --profile is given", fix)
		}
	}
	if value("AWS_WEB_IDENTITY_TOKEN_FILE") != "" && c.anySSO() {
		note(Warning, "AWS_WEB_IDENTITY_TOKEN_FILE", "environment-web-identity",
			"the web identity in AWS_WEB_IDENTITY_TOKEN_FILE goes before profiles of Identity Center, also the one in AWS_PROFILE, unless --profile is given", "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN")
	}
	c.environmentProfile()
}

// environmentProfile looks at the variables that name a profile.
func (c *check) environmentProfile() {
	one, hasOne := c.Lookup("AWS_PROFILE")
	two, hasTwo := c.Lookup("AWS_DEFAULT_PROFILE")
	if !hasOne && !hasTwo {
		return
	}
	f := Finding{Variable: "AWS_PROFILE"}
	if !hasOne {
		one, f.Variable = two, "AWS_DEFAULT_PROFILE"
	}
	f.Fix = "unset " + f.Variable
	fallback, _ := c.Config.Profile("default")
	p, exists := c.Config.Profile(one)
	switch {
	case !exists:
		f.Severity, f.Code = Error, "unknown-profile"
		f.Text = f.Variable + " names profile " + quote(one) + ", which does not exist: AWS tools fail unless --profile is given"
		if one == "" {
			f.Text = f.Variable + " is set to nothing, and that is no profile: AWS tools fail unless --profile is given"
		}
	case hasOne && hasTwo && one != two:
		f.Severity, f.Code = Warning, "two-profile-variables"
		f.Text = f.Variable + " names profile " + quote(one) + " and AWS_DEFAULT_PROFILE names " + quote(two) + ": the AWS CLI takes the first, boto3 the second"
		f.Fix = "unset AWS_DEFAULT_PROFILE"
	case !usesSSO(p) && isSSO(fallback):
		f.Severity, f.Code = Warning, "environment-profile"
		f.Text = f.Variable + " names profile " + quote(one) + ", which is not one of Identity Center, in place of [default], which is"
	default:
		return
	}
	c.add(f)
}

// usesSSO is isSSO, or a profile that may lead to one.
func usesSSO(p awsconfig.Profile) bool { return isSSO(p) || has(p, keySession, "source_profile") }

func (c *check) anySSO() bool {
	for _, profile := range c.Config.Profiles() {
		if p, _ := c.Config.Profile(profile); isSSO(p) {
			return true
		}
	}
	return false
}
