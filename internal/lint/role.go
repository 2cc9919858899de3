package lint

import (
	"errors"
	"strconv"
	"strings"

	"keyfob/internal/awsconfig"
)

const (
	keyRoleARN          = "role_arn"
	keySourceProfile    = "source_profile"
	keyCredentialSource = "credential_source"
	keyTokenFile        = "web_identity_token_file"
	keyDuration         = "duration_seconds"

	exampleARN = "arn:aws:iam::111122223333:role/NAME"
)

// role looks at the role that a profile assumes: which, with what, for how long.
func (c *check) role(h awsconfig.Header, p awsconfig.Profile) {
	source, hasSource := p.Get(keySourceProfile)
	if hasSource {
		if _, exists := c.Config.Profile(source); !exists {
			c.at(h, keySourceProfile, Error, "dangling-source-profile", name(h)+" takes its credentials from profile "+quote(source)+", which does not exist",
				"correct source_profile; "+keyfob("configure", "list-profiles")+" shows the profiles there are")
			return
		}
	}
	if !has(p, keyRoleARN) {
		for _, key := range [...]string{keySourceProfile, keyCredentialSource} {
			if has(p, key) {
				c.at(h, key, Warning, "source-without-role", name(h)+" has a "+key+" and no role_arn to assume with it: it does not count", c.set(h, keyRoleARN, exampleARN))
			}
		}
	} else if arn := get(p, keyRoleARN); !isRoleARN(arn) && awsconfig.InlineComment(arn) < 0 {
		c.at(h, keyRoleARN, Error, "role-arn", "role_arn "+quote(arn)+" of "+name(h)+" is not the ARN of a role, as "+exampleARN+" is", c.set(h, keyRoleARN, exampleARN))
	}
	s, err := c.Config.Source(h.Name, false)
	if err != nil {
		c.source(h, p, err)
		return
	}
	if s.Kind == awsconfig.SourceRole {
		c.duration(h, p, s.From.Kind)
	}
}

// source says what keeps a profile from credentials. What is wrong further up a chain is said there.
func (c *check) source(h awsconfig.Header, p awsconfig.Profile, err error) {
	if both := new(awsconfig.TwoSourcesError); errors.As(err, &both) && both.Profile == h.Name {
		c.at(h, keyCredentialSource, Error, "two-sources", name(h)+" has both source_profile and credential_source: AWS tools refuse it", c.unset(h, keyCredentialSource))
	}
	if unknown := new(awsconfig.UnknownCredentialSourceError); errors.As(err, &unknown) && unknown.Profile == h.Name {
		fix := "name one of Environment, EcsContainer and Ec2InstanceMetadata"
		for _, right := range [...]string{"Environment", "EcsContainer", "Ec2InstanceMetadata"} {
			if strings.EqualFold(right, strings.TrimSpace(unknown.Source)) {
				fix = c.set(h, keyCredentialSource, right)
			}
		}
		c.at(h, keyCredentialSource, Error, "credential-source", "credential_source "+quote(unknown.Source)+" of "+name(h)+" is none that there is", fix)
	}
	if loop := new(awsconfig.SourceLoopError); errors.As(err, &loop) && loop.Source == h.Name {
		way := make([]string, 0, len(loop.Visited)+1)
		for _, profile := range append(loop.Visited, loop.Source) {
			way = append(way, quote(profile))
		}
		if len(way) > 6 {
			way = append(append(way[:3:3], "…"), way[len(way)-2:]...)
		}
		c.at(h, keySourceProfile, Error, "source-cycle", name(h)+" takes its credentials from itself: "+strings.Join(way, " → "), "correct source_profile, so that it leads to credentials; "+keyfob("configure", "list-profiles")+" shows the profiles there are")
	}
	if without := new(awsconfig.SourceWithoutCredentialsError); errors.As(err, &without) && without.Profile == get(p, keySourceProfile) {
		c.at(h, keySourceProfile, Error, "source-without-credentials", name(h)+" takes its credentials from profile "+quote(without.Profile)+", which has none",
			keyfob("configure", "sso", "--profile", without.Profile))
	}
	if web := new(awsconfig.WebIdentityWithoutRoleError); errors.As(err, &web) && web.Profile == h.Name {
		c.at(h, keyTokenFile, Error, "web-identity-without-role", name(h)+" has a web identity and no role_arn to assume with it: AWS tools refuse it", c.set(h, keyRoleARN, exampleARN))
	}
}

// What STS allows, in seconds; a role that is assumed with the credentials of a role ends sooner.
const (
	minDuration     = 900
	maxDuration     = 43200
	maxRoleDuration = 3600
)

func (c *check) duration(h awsconfig.Header, p awsconfig.Profile, from awsconfig.SourceKind) {
	text, ok := p.Get(keyDuration)
	if !ok || awsconfig.InlineComment(text) >= 0 {
		return
	}
	say := func(s Severity, flaw, better string) {
		c.at(h, keyDuration, s, "duration-seconds", "duration_seconds "+quote(text)+" of "+name(h)+" "+flaw, c.set(h, keyDuration, better))
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		say(Warning, "is not a number of seconds, and does not count", strconv.Itoa(maxRoleDuration))
	case n < minDuration:
		say(Error, "is less than STS gives credentials for, which is 900", strconv.Itoa(minDuration))
	case n > maxDuration:
		say(Error, "is more than STS gives credentials for, which is 43200", strconv.Itoa(maxDuration))
	case n > maxRoleDuration && (from == awsconfig.SourceSSO || from == awsconfig.SourceRole || from == awsconfig.SourceWebIdentity || from == awsconfig.SourceContainer || from == awsconfig.SourceInstance):
		say(Error, "is more than a role that is assumed with the credentials of another role lasts, which is 3600", strconv.Itoa(maxRoleDuration))
	}
}

// isRoleARN is what every ARN of a role has, in every partition.
func isRoleARN(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && len(parts[4]) == 12 && strings.Trim(parts[4], "0123456789") == "" &&
		strings.HasPrefix(parts[5], "role/") && len(parts[5]) > len("role/")
}
