package awsconfig

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// UnwritableError is a section name, key or value that the files cannot hold: written down it would be
// read back as something else.
type UnwritableError struct {
	What string // "section name", "key" or "value"
	Text string // the name or key; for a value its key, since the value may be a secret
	Why  string // "newline characters and carriage returns are not allowed"
}

func (e *UnwritableError) Error() string {
	if e.What == "value" {
		return "Invalid value for key " + e.Text + ": " + e.Why + "."
	}
	quoted := strings.ReplaceAll(strconv.Quote(e.Text), `\"`, `"`)
	return "Invalid " + e.What + ": " + e.Why + ": '" + quoted[1:len(quoted)-1] + "'"
}

// flaw returns why a text cannot be part of a line, or "".
func flaw(s string) string {
	switch {
	case strings.ContainsAny(s, "\r\n"):
		return "newline characters and carriage returns are not allowed"
	case !utf8.ValidString(s):
		return "the text is not valid UTF-8"
	// Python also breaks nested blocks into lines at the Unicode separators.
	case strings.ContainsFunc(s, func(r rune) bool { return r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return "control characters are not allowed"
	}
	return ""
}

// checkEdit checks a section's name, the key or the keys from outer to inner, and the value.
func checkEdit(section Header, value string, keys ...string) error {
	if why := flaw(section.Name); why != "" {
		return &UnwritableError{"section name", section.Name, why}
	}
	for _, key := range keys {
		why := flaw(key)
		switch {
		case why != "":
		case key == "" || trim(key) != key:
			why = "a key must not be empty or have blanks around it"
		case strings.ContainsAny(key, "=:") || strings.ContainsAny(key[:1], "#;["):
			why = "a key must not contain = or : and not begin with # ; or ["
		}
		if why != "" {
			return &UnwritableError{"key", key, why}
		}
	}
	if why := flaw(value); why != "" {
		return &UnwritableError{"value", keys[len(keys)-1], why}
	}
	return nil
}

// checkNewSection checks what matters only for a header that is yet to be written.
func checkNewSection(section Header) error {
	why := ""
	switch {
	case strings.Contains(section.Name, "]"):
		why = "brackets are not allowed" // several readers end a header at the first one
	case section.Kind == BareSection && (section.Name == "" || section.Name == fallbackHeader):
		why = "it is not the name of a section"
	}
	if why != "" {
		return &UnwritableError{"section name", section.Name, why}
	}
	return nil
}
