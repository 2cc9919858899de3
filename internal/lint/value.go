package lint

import (
	"slices"
	"strings"

	"keyfob/internal/awsconfig"
)

// comments looks for comments behind values, which are part of the values.
func (c *check) comments(h awsconfig.Header) {
	for _, v := range c.Config.Values(h) {
		if v.Key == "credential_process" || v.Key == "cli_pager" { // commands, in which it may be meant
			continue
		}
		i := awsconfig.InlineComment(v.Text)
		if i < 0 {
			continue
		}
		f := Finding{
			Severity: Warning, Code: "inline-comment", File: v.File, Line: v.Line,
			Text: "what looks like a comment is a part of the value of " + quote(v.Key) + " of " + name(h) + ": only whole lines are comments",
			Fix:  "move the comment to a line of its own",
		}
		f.of(h.Kind, h.Name)
		if strings.HasPrefix(v.Key, "sso_") || v.Key == "region" {
			f.Severity = Error
			if v.Inner == "" {
				f.Fix = c.set(h, v.Key, strings.TrimSpace(v.Text[:i]))
			}
		}
		c.add(f)
	}
}

// region looks at a key whose value should be the name of a region. unreal is how bad one is that no
// region can have.
func (c *check) region(h awsconfig.Header, key string, unreal Severity) {
	s, _ := c.Config.Profile(h.Name)
	if h.Kind == awsconfig.SessionSection {
		s, _ = c.Config.Session(h.Name)
	}
	region := get(s, key)
	if region == "" || awsconfig.InlineComment(region) >= 0 || slices.Contains(awsconfig.Regions(), region) || strings.HasSuffix(region, "-global") {
		return
	}
	severity, text := unreal, "is no region"
	if looksLikeRegion(region) {
		severity, text = Warning, "is no region that keyfob knows of"
	}
	fix := "name a region like us-east-1"
	if near := awsconfig.NearestRegion(strings.Trim(region, `"'`)); near != "" {
		fix = c.set(h, key, near)
	}
	c.at(h, key, severity, "unknown-region", key+" "+quote(region)+" of "+name(h)+" "+text, fix)
}

// looksLikeRegion reports whether a region could be one that is newer than this program: words, then a
// number.
func looksLikeRegion(s string) bool {
	words := strings.Split(s, "-")
	for i, w := range words {
		letters, digits := strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "", strings.Trim(w, "0123456789") == ""
		if w == "" || i < len(words)-1 && !letters || i == len(words)-1 && !digits {
			return false
		}
	}
	return len(words) > 2
}

// accountFlaw returns what is wrong with an account's id, or "", and what was probably meant, if that
// can be told.
func accountFlaw(id string) (text, better string) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t-\"'", r) {
			return -1
		}
		return r
	}, id)
	number := strings.Trim(digits, "0123456789") == ""
	switch {
	case id == digits && number && len(id) == 12:
		return "", ""
	case digits == "":
		return "is empty", ""
	case !number:
		return "is not an account's id: that is 12 digits", ""
	case len(digits) == 12:
		return "has more than digits in it", digits
	case len(digits) == 11:
		return "has 11 digits, not 12: a spreadsheet or a number in YAML loses a leading zero", "0" + digits
	}
	return "does not have 12 digits", ""
}

// startURLFlaw returns why a start URL that cannot be signed in to is none, and what was probably meant.
func startURLFlaw(start string) (text, better string) {
	bare := strings.Trim(strings.TrimSpace(start), `"'`)
	rest, insecure := strings.CutPrefix(bare, "http://")
	switch {
	case start == "":
		return "it is empty", ""
	case insecure && rest != "":
		text, better = "it is not https", "https://"+rest
	case !strings.Contains(bare, "://") && strings.Contains(bare, "."):
		text, better = "it does not begin with https://", "https://"+bare
	default:
		text, better = "it is not https://HOST/…", bare
	}
	if better == start {
		return text, ""
	}
	if _, err := awsconfig.ParseStartURL(better); err != nil {
		return text, ""
	}
	return text, better
}
