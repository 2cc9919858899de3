package sts

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"keyfob/internal/wire"
)

// parameter is what the service model says about a text.
type parameter struct {
	name     string
	member   string // as STS's messages name it
	required bool
	min, max int // characters
	pattern  string
	secret   bool // its value is not repeated in messages
}

// The service model has these constraints.
func roleARN() parameter {
	return parameter{name: wire.ParamRoleARN, member: "roleArn", required: true, min: 20, max: 2048}
}

func roleSessionName() parameter {
	return parameter{name: wire.ParamRoleSessionName, member: "roleSessionName", required: true, min: 2, max: 64, pattern: `[\w+=,.@-]*`}
}

func externalID() parameter {
	return parameter{name: wire.ParamExternalID, member: "externalId", min: 2, max: 1224, pattern: `[\w+=,.@:/-]*`}
}

func serialNumber() parameter {
	return parameter{name: wire.ParamSerialNumber, member: "serialNumber", min: 9, max: 256, pattern: `[\w+=/:,.@-]*`}
}

func tokenCode() parameter {
	return parameter{name: wire.ParamTokenCode, member: "tokenCode", min: 6, max: 6, pattern: `[\d]*`, secret: true}
}

func webIdentityToken() parameter {
	return parameter{name: wire.ParamWebIdentityToken, member: "webIdentityToken", required: true, min: 4, max: 20000, secret: true}
}

// reader reads parameters and collects what is wrong with them.
type reader struct {
	values   url.Values
	problems []string
}

// text returns a parameter's value, "" for one that is not given or wrong.
func (r *reader) text(p parameter) string {
	v := r.values.Get(p.name)
	if !r.values.Has(p.name) {
		if p.required {
			r.problem("Value null", p.member, "Member must not be null")
		}
		return ""
	}
	shown := "Value '" + printable(v) + "'"
	if p.secret {
		shown = "Value"
	}
	n := utf8.RuneCountInString(v)
	good := true
	for _, c := range []struct {
		violated bool
		text     string
	}{
		{n < p.min, fmt.Sprintf("Member must have length greater than or equal to %d", p.min)},
		{n > p.max, fmt.Sprintf("Member must have length less than or equal to %d", p.max)},
		{!p.allows(v), "Member must satisfy regular expression pattern: " + p.pattern},
	} {
		if c.violated {
			r.problem(shown, p.member, c.text)
			good = false
		}
	}
	if !good {
		return ""
	}
	return v
}

// allows reports whether v has only characters of the pattern, which is a class in brackets and a star.
func (p parameter) allows(v string) bool {
	if p.secret && p.pattern == "" {
		return true // a token; webidentity looks at it
	}
	if p.pattern == "" {
		return utf8.ValidString(v) && !strings.ContainsFunc(v, unprintable)
	}
	for _, c := range v {
		digit := c >= '0' && c <= '9'
		word := digit || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		class := strings.TrimSuffix(strings.TrimPrefix(p.pattern, "["), "]*")
		if rest, ok := strings.CutPrefix(class, `\w`); ok && (word || strings.ContainsRune(rest, c)) || class == `\d` && digit {
			continue
		}
		return false
	}
	return true
}

// duration reads DurationSeconds.
func (r *reader) duration(fallback, least, most time.Duration) time.Duration {
	if !r.values.Has(wire.ParamDurationSeconds) {
		return fallback
	}
	v := r.values.Get(wire.ParamDurationSeconds)
	shown := "Value '" + printable(v) + "'"
	seconds, err := strconv.Atoi(v)
	d := time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	switch {
	case err != nil:
		r.problem(shown, "durationSeconds", "Member must be a number of seconds")
	case d < least:
		r.problem(shown, "durationSeconds", fmt.Sprintf("Member must have value greater than or equal to %d", int(least.Seconds())))
	case d > most:
		r.problem(shown, "durationSeconds", fmt.Sprintf("Member must have value less than or equal to %d", int(most.Seconds())))
	}
	return d
}

func (r *reader) problem(value, member, constraint string) {
	r.problems = append(r.problems, fmt.Sprintf("%s at '%s' failed to satisfy constraint: %s", value, member, constraint))
}

// err is what is wrong, in STS's own words, or what is asked for and not served.
func (r *reader) err() error {
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		list, _, _ := strings.Cut(name, ".")
		switch list {
		case "Policy", "PolicyArns":
			return &wire.ServiceError{
				Status: http.StatusBadRequest, Code: wire.CodeMalformedPolicyDocument,
				Message: "Session policies (" + list + ") are not supported by this center: nothing in it would enforce them.",
			}
		case "Tags", "TransitiveTagKeys", "SourceIdentity", "ProvidedContexts", "ProviderId":
			return &wire.ServiceError{
				Status: http.StatusBadRequest, Code: wire.CodeValidationError,
				Message: "The parameter " + list + " is not supported by this center.",
			}
		}
	}
	if len(r.problems) == 0 {
		return nil
	}
	s := "s"
	if len(r.problems) == 1 {
		s = ""
	}
	return &wire.ServiceError{
		Status: http.StatusBadRequest, Code: wire.CodeValidationError,
		Message: fmt.Sprintf("%d validation error%s detected: %s", len(r.problems), s, strings.Join(r.problems, "; ")),
	}
}
