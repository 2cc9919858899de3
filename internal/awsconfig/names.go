package awsconfig

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// ProfileNames returns what [Config.Profiles] does, without reading what is in the profiles: for lists of
// names, of which some people have thousands. ok is false when the files have something in them that
// takes a closer look, or that Load would warn of; then only Load tells.
func ProfileNames(env Env) (all []string, ok bool) {
	c := Config{env: env}
	config, err := c.openRaw("AWS_CONFIG_FILE", "config")
	if err != nil {
		return nil, false
	}
	credentials, err := c.openRaw("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	if err != nil {
		return nil, false
	}
	headers, ok := plainHeaders(config.text)
	if !ok {
		return nil, false
	}
	names := make([]string, 0, len(headers))
	for _, text := range headers {
		h, described, usable := readHeader(text)
		switch {
		case described && (!usable || text != defaultProfile && text != string(h.Kind)+" "+h.Name || text == string(ProfileSection)+" "+defaultProfile):
			return nil, false // spelled in a way that another header may be too
		case described && h.Kind == ProfileSection:
			names = append(names, h.Name)
		}
	}
	if headers, ok = plainHeaders(credentials.text); !ok {
		return nil, false
	}
	inConfig := map[string]bool{}
	if len(headers) > 0 {
		for _, name := range names {
			inConfig[name] = true
		}
	}
	return append(names, slices.DeleteFunc(headers, func(name string) bool { return inConfig[name] })...), true
}

// plainHeaders returns the headers of a file whose lines are all in their usual form: a comment, a
// header, "key = value", or below a key without a value indented ones of the same form. Nothing in such a
// file is worth a warning.
func plainHeaders(src string) (headers []string, ok bool) {
	if strings.HasPrefix(src, byteOrderMark) || strings.IndexByte(src, '\r') >= 0 || !utf8.ValidString(src) {
		return nil, false
	}
	sections := strings.Count(src, "[")
	headers = make([]string, 0, sections)
	seen := make(map[string]bool, sections)
	var keys []string // of the section
	nested := false   // the last key had no value
	for src != "" {
		line := src
		if i := strings.IndexByte(src, '\n'); i >= 0 {
			line, src = src[:i], src[i+1:]
		} else {
			src = ""
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			header := strings.TrimSuffix(line[1:], "]")
			if len(header) != len(line)-2 || header == "" || header == fallbackHeader || seen[header] || strings.Contains(header, "]") {
				return nil, false
			}
			seen[header] = true
			headers, keys, nested = append(headers, header), keys[:0], false
			continue
		}
		text := strings.TrimLeft(line, " ")
		end := 0
		for end < len(text) && isPlainKey(text[end]) {
			end++
		}
		key, rest := text[:end], strings.TrimLeft(text[end:], " ")
		switch {
		case key == "" || rest == "" || rest[0] != '=' || len(headers) == 0:
			return nil, false
		case len(text) < len(line):
			if !nested {
				return nil, false
			}
			continue
		case slices.Contains(keys, key):
			return nil, false
		}
		keys, nested = append(keys, key), strings.TrimLeft(rest[1:], " ") == ""
	}
	return headers, true
}

func isPlainKey(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' }
