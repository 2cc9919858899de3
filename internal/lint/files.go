package lint

import (
	"slices"
	"strings"

	"keyfob/internal/awsconfig"
)

// files looks at the files as text: what other tools refuse, hide and ignore.
func (c *check) files() {
	for _, w := range c.Config.Warnings {
		if w.Code == awsconfig.WarnIgnoredSection {
			continue // the blocks below tell more
		}
		f := Finding{Severity: Error, Code: w.Code, File: w.File, Line: w.Line, Text: w.Text}
		switch w.Code {
		case awsconfig.WarnByteOrderMark:
			f.Fix = "save the file as UTF-8 without a byte order mark"
		case awsconfig.WarnNotUTF8:
			f.Fix = "save the file as UTF-8"
		case awsconfig.WarnStrayLine:
			f.Fix = "remove the line, or put # before it"
		case awsconfig.WarnNestedLine:
			f.Fix = "write KEY = VALUE on the line, or remove it"
		case awsconfig.WarnDuplicateSection:
			f.Fix = "move its keys to the first section of that name and remove the header"
		case awsconfig.WarnDuplicateKey:
			f.Fix = "remove one of the two lines"
		case awsconfig.WarnShadowedSection:
			f.Severity, f.Fix = Warning, "move the keys that are wanted to one of the two sections and remove the other"
		}
		c.add(f)
	}
	for _, b := range c.Config.Blocks() {
		c.block(b)
	}
}

// block looks at a header that is no mistake to a parser, and yet not what somebody meant.
func (c *check) block(b awsconfig.Block) {
	f := Finding{Severity: Error, File: b.File, Line: b.Line}
	shown := quote("[" + b.Text + "]")
	first, rest := firstWord(b.Text)
	switch {
	case b.Text == "DEFAULT":
		f.Severity, f.Code = Warning, "default-in-capitals"
		f.Text = `"[DEFAULT]" in capitals is no profile: the AWS CLI takes its keys for those that other sections lack, and other tools ignore it`
		f.Fix = "write [default], or move the keys to the profiles they are for"
	case b.Credentials:
		if kindOf(first) == "" || rest == "" {
			return
		}
		f.Severity, f.Code, f.Profile = Warning, "prefix-in-credentials", b.Text
		f.Text = "section " + shown + " of the credentials file is a profile of that whole name: headers are names there, without " + quote(first)
		f.Fix = "write [" + rest + "], or move the section to the config file"
	case b.Usable:
		if b.Text == "default" || first == string(b.Header.Kind) {
			return
		}
		f.Severity, f.Code = Warning, "odd-header"
		f.of(b.Header.Kind, b.Header.Name)
		f.Text = "section " + shown + " is " + name(b.Header) + " for the AWS CLI, which looks at its beginning only; other tools ignore it"
		f.Fix = "write [" + string(b.Header.Kind) + " …] as it is meant"
	case b.Described:
		f.Code = awsconfig.WarnIgnoredSection
		f.of(b.Header.Kind, rest)
		f.Text = "section " + shown + " is ignored by every tool: behind " + quote(string(b.Header.Kind)) + " there must be one name, in quotes when it has blanks"
		f.Fix = "name it, or remove it"
		if rest != "" {
			f.Fix = "write [" + string(b.Header.Kind) + ` "` + strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(rest) + `"]`
		}
	default:
		meant := meantHeader(b, first, rest)
		if meant == "" {
			return
		}
		f.Code = awsconfig.WarnIgnoredSection
		kind, whose := firstWord(meant)
		f.of(awsconfig.Kind(kind), whose)
		f.Text = "section " + shown + " is ignored by every tool: what is meant is spelled " + quote("["+meant+"]")
		f.Fix = "write [" + meant + "]"
	}
	c.add(f)
}

// meantHeader returns what somebody meant by a header that means nothing, or "".
func meantHeader(b awsconfig.Block, first, rest string) string {
	if kind := kindOf(first); kind != "" && rest != "" {
		return kind + " " + rest
	}
	if strings.EqualFold(strings.TrimSpace(b.Text), "default") {
		return "default"
	}
	// Sections like [plugins] are the AWS CLI's own; keys of a profile are meant to be one.
	if slices.ContainsFunc(b.Keys, isProfileKey) && rest == "" {
		return "profile " + first
	}
	return ""
}

func isProfileKey(key string) bool {
	switch key {
	case "region", "output", "role_arn", "source_profile", "credential_process", "aws_access_key_id":
		return true
	}
	return strings.HasPrefix(key, "sso_")
}

// firstWord splits a header behind its first word.
func firstWord(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexAny(text, " \t:")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimLeft(text[i:], " \t:")
}

// kindOf returns the kind of section that a word was probably meant for, or "".
func kindOf(word string) string {
	switch strings.ReplaceAll(strings.ToLower(word), "_", "-") {
	case "profile", "profiles":
		return string(awsconfig.ProfileSection)
	case "sso-session", "ssosession", "sso-sessions", "session":
		return string(awsconfig.SessionSection)
	case "services", "service":
		return string(awsconfig.ServicesSection)
	}
	return ""
}
