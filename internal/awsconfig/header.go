package awsconfig

import "strings"

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
			words, ok := splitWords(header)
			if !ok || len(words) != 2 {
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

// splitWords splits a header as a POSIX shell splits words: blanks, single and double quotes and
// backslashes, nothing else. ok is false when a quote or a backslash is left open.
func splitWords(s string) (words []string, ok bool) {
	if !strings.ContainsAny(s, `'"\`) {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }), true
	}
	var word []byte
	inWord := false // an empty quoted word is a word too
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words, word, inWord = append(words, string(word)), word[:0], false
			}
		case '\'':
			n := strings.IndexByte(s[i+1:], '\'')
			if n < 0 {
				return nil, false
			}
			word, inWord = append(word, s[i+1:i+1+n]...), true
			i += n + 1
		case '"':
			inWord = true
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
					i++
				}
				word = append(word, s[i])
			}
			if i == len(s) {
				return nil, false
			}
		case '\\':
			if i++; i == len(s) {
				return nil, false
			}
			word, inWord = append(word, s[i]), true
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, true
}

// quoteWord spells s so that splitWords gives it back as one word.
func quoteWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\r\n'\"\\") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
