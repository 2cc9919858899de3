package awsconfig

import (
	"strings"

	"keyfob/internal/commandline"
)

// Kind is what a section describes.
type Kind string

// The kinds of sections. A BareSection's header is its name and nothing else: a profile in the
// credentials file, or any section that is none of the others.
const (
	ProfileSection  Kind = "profile"
	SessionSection  Kind = "sso-session"
	ServicesSection Kind = "services"
	BareSection     Kind = ""
)

// Header says which section is meant, however its header is spelled in the file.
type Header struct {
	Kind Kind
	Name string
}

const (
	defaultProfile = "default"
	fallbackHeader = "DEFAULT" // its keys are fallbacks for all sections of the file
)

// readHeader tells what a header of the config file describes. described is false for a section that
// is none of the known kinds, and usable is false for one that has to be ignored because its header
// is not exactly two words. Only the beginning of the header decides on the kind, so [profileX b] is
// a profile and [ profile b] is not.
func readHeader(header string) (h Header, described, usable bool) {
	if header == defaultProfile {
		return Header{ProfileSection, defaultProfile}, true, true
	}
	for _, kind := range [...]Kind{ProfileSection, SessionSection, ServicesSection} {
		if name, ok := strings.CutPrefix(header, string(kind)+" "); ok && name != "" && !strings.ContainsAny(name, " \t\r\n'\"\\") {
			return Header{kind, name}, true, true // as nearly all are
		}
		if strings.HasPrefix(header, string(kind)) {
			words, err := commandline.SplitPOSIX(header)
			if err != nil || len(words) != 2 {
				return Header{Kind: kind}, true, false
			}
			return Header{kind, words[1]}, true, true
		}
	}
	return Header{}, false, false
}

// matches reports whether a header text of the file denotes h. [DEFAULT] in capitals denotes no section.
func (h Header) matches(text string) bool {
	if h.Kind == BareSection {
		return text == h.Name && text != fallbackHeader
	}
	got, _, usable := readHeader(text)
	return usable && got == h
}

// text is how a new section's header is spelled: as the AWS CLI spells it, which finds a section again
// only in that spelling. It quotes names with blanks; names that could not be read back without quotes
// are quoted here as well.
func (h Header) text() string {
	switch {
	case h.Kind == BareSection:
		return h.Name
	case h.Kind == ProfileSection && h.Name == defaultProfile:
		return defaultProfile
	}
	return string(h.Kind) + " " + quoteWord(h.Name)
}

// quoteWord spells s so that [commandline.SplitPOSIX] gives it back as one word.
func quoteWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\r\n'\"\\") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
