package lint

import (
	"net/url"
	"slices"
	"strings"

	"keyfob/internal/awsconfig"
)

// sessions looks at every sso-session, and at what they have in common. One that nobody uses is fine.
func (c *check) sessions() {
	type place struct{ start, region, scopes, endpoint, services string }
	first := map[place]string{}
	for _, session := range c.Config.Sessions() {
		s, _ := c.Config.Session(session)
		h := awsconfig.Header{Kind: awsconfig.SessionSection, Name: session}
		c.comments(h)
		c.services(h, s)
		var missing []string
		for _, key := range [...]string{keyStartURL, keyRegion} {
			if !has(s, key) {
				missing = append(missing, key)
			}
		}
		if missing != nil {
			c.at(h, "", Error, "incomplete-session", name(h)+" cannot be signed in to: it has no "+strings.Join(missing, " and no "),
				keyfob("configure", "sso-session", "--session-name", session))
			continue
		}
		c.whereToSignIn(h, s)

		// Other scopes, or another service, are reasons to have two.
		scopes := slices.Sorted(slices.Values(awsconfig.ParseScopes(get(s, keyScopes))))
		at := place{canonicalURL(get(s, keyStartURL)), get(s, keyRegion), strings.Join(scopes, ","), get(s, "endpoint_url"), get(s, "services")}
		other, twin := first[at]
		if !twin {
			first[at] = session
			continue
		}
		c.at(h, "", Note, "twin-sessions", name(h)+" is the same place to sign in as "+quote(other)+": whoever uses both signs in twice",
			"use one of them: "+keyfob("configure", "set", keySession, other, "--profile")+" NAME for "+c.users(session))
	}
}

// users names the profiles of a session.
func (c *check) users(session string) string {
	var users []string
	for _, profile := range c.Config.Profiles() {
		if p, _ := c.Config.Profile(profile); has(p, keySession) && get(p, keySession) == session {
			users = append(users, quote(profile))
		}
	}
	const most = 3
	switch {
	case len(users) == 0:
		return "profiles yet to come"
	case len(users) > most:
		return strings.Join(users[:most], ", ") + " …"
	}
	return strings.Join(users, ", ")
}

// canonicalURL makes start URLs that lead to the same page the same text.
func canonicalURL(start string) string {
	u, err := url.Parse(start)
	if err != nil {
		return start
	}
	return strings.ToLower(u.Scheme+"://"+u.Host) + strings.TrimRight(u.Path, "/")
}

// whereToSignIn looks at the start URL and region of a session or of a legacy profile, which has both.
func (c *check) whereToSignIn(h awsconfig.Header, s awsconfig.Section) {
	start, region := get(s, keyStartURL), get(s, keyRegion)
	if awsconfig.InlineComment(start) >= 0 || awsconfig.InlineComment(region) >= 0 {
		return
	}
	u, err := awsconfig.ParseStartURL(start)
	if err != nil {
		text, better := startURLFlaw(start)
		fix := "copy the AWS access portal's address from the browser: " + c.set(h, keyStartURL, "https://…")
		if better != "" {
			fix = c.set(h, keyStartURL, better)
		}
		c.at(h, keyStartURL, Error, "start-url", "sso_start_url "+quote(start)+" of "+name(h)+" cannot be signed in to: "+text, fix)
		return
	}
	parsed, err := url.Parse(start)
	if err != nil {
		return
	}
	named := awsconfig.RegionFromHost(parsed.Hostname())
	switch {
	case region == "" && (u.AWSOwned() || u.Loopback()):
		better := named
		if better == "" {
			better = "REGION"
		}
		c.at(h, keyRegion, Error, "missing-region", "sso_region of "+name(h)+" is empty, and the start URL alone does not tell where to sign in", c.set(h, keyRegion, better))
	case named != "" && region != named:
		c.at(h, keyRegion, Warning, "region-mismatch", "sso_region "+quote(region)+" of "+name(h)+" is not the region that the start URL names", c.set(h, keyRegion, named))
	case !c.ownEndpoint(h):
		c.region(h, keyRegion, Error)
	}
}

// ownEndpoint reports whether the sign-in does not go to AWS, so that its region is only a word.
func (c *check) ownEndpoint(h awsconfig.Header) bool {
	var own bool
	var err error
	if h.Kind == awsconfig.SessionSection {
		_, own, err = c.Config.SessionEndpoint(awsconfig.ServiceSSOOIDC, h.Name, "")
	} else {
		_, own, err = c.Config.Endpoint(awsconfig.ServiceSSOOIDC, h.Name)
	}
	return own || err != nil
}
