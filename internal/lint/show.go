package lint

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"keyfob/internal/awsconfig"
	"keyfob/internal/shellquote"
)

// quote shows a piece of a file in a sentence.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

// hostile reports whether a terminal could show something else than s.
func hostile(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// name says which section is meant: `profile "dev"`.
func name(h awsconfig.Header) string { return string(h.Kind) + " " + quote(h.Name) }

// keyfob returns the command line that runs keyfob.
func keyfob(args ...string) string {
	line := "keyfob"
	for _, a := range args {
		line += " " + shellquote.Word(a)
	}
	return line
}

// option returns how a section is named on the command line.
func option(h awsconfig.Header) []string {
	switch {
	case h.Kind == awsconfig.SessionSection:
		return []string{"--sso-session", h.Name}
	case h.Kind == awsconfig.ServicesSection:
		return []string{"--services", h.Name}
	}
	return []string{"--profile", h.Name}
}

// set returns what to do so that a key gets a value: a command, or words where commands write to another
// file than the one that counts.
func (c *check) set(h awsconfig.Header, key, value string) string {
	if file, _ := c.Config.Position(h, key); file == c.Config.CredentialsFile() {
		return "write on that line: " + key + " = " + value
	}
	return keyfob(append([]string{"configure", "set", key, value}, option(h)...)...)
}

// unset returns what to do so that a key is gone.
func (c *check) unset(h awsconfig.Header, key string) string {
	if file, _ := c.Config.Position(h, key); file == c.Config.CredentialsFile() {
		return "remove the line"
	}
	return keyfob(append([]string{"configure", "unset", key}, option(h)...)...)
}
