package referee

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// facts is what a reader makes of a config and a credentials file. The value of a fact about a section
// as such, which has no key, is "there", or how the reader refuses it.
type facts map[fact]string

// fact is what a fact is about: a key of a section, something that follows from the section ("signs in
// as", "endpoint of sts"), or the files as a whole.
type fact struct{ section, key string }

func (f fact) String() string { return strings.TrimSpace(f.section + " " + f.key) }

var (
	profileNames = fact{"names of profiles", ""}
	wholeFile    = fact{"a whole file", ""}
)

const (
	there   = "there"
	refused = "refused"
)

func profileSection(name string) string { return fmt.Sprintf("profile %q", name) }
func sessionSection(name string) string { return fmt.Sprintf("sso-session %q", name) }

// put notes a value: text, or what is in a nested block.
func (f facts) put(section, key string, value any) {
	quoted := strconv.Quote(key)
	f[fact{section, quoted[1 : len(quoted)-1]}] = fmt.Sprintf("%q", value)
}

// putAnswer notes something that a reader may refuse to say; a nil value is no fact.
func (f facts) putAnswer(section, key string, value any, err error) {
	switch {
	case err != nil:
		f[fact{section, key}] = refused + ": " + err.Error()
	case value != nil:
		f.put(section, key, value)
	}
}

// differences are the facts that a reader has otherwise than keyfob. A section that one of them does
// not have, or refuses, is one difference, whatever is in it.
func differences(keyfob, reader facts) []string {
	both := maps.Clone(keyfob)
	maps.Copy(both, reader)
	var found []string
	for f := range both {
		section := fact{f.section, ""}
		if f.key != "" && keyfob[section] != reader[section] {
			continue
		}
		got, ok := reader[f]
		if !ok {
			got = "nothing"
		}
		if want, ok := keyfob[f]; !ok || got != want {
			found = append(found, f.String()+" = "+got)
		}
	}
	slices.Sort(found)
	return found
}

// Every character at which some reader ends a line.
var lineEnd = regexp.MustCompile("[\n\r\v\f\x1c-\x1e\u0085\u2028\u2029]")

// guesses are the words of files that could be keys of a nested block, and the names of profiles that
// some reader could see in the headers. The SDK for Go lets sessions be asked for as profiles of the
// name "sso-session NAME"; nobody does.
func guesses(files ...[]byte) (keys, names []string) {
	for _, file := range files {
		for _, line := range lineEnd.Split(string(file), -1) {
			key, _, _ := strings.Cut(line, "=")
			keys = append(keys, strings.TrimSpace(key))
			if _, name, ok := strings.Cut(line, "["); ok {
				for i := range len(name) {
					if name[i] == ']' {
						header := name[:i]
						_, last, _ := strings.Cut(strings.TrimSpace(header), " ")
						names = append(names, header, strings.TrimSpace(header), strings.TrimPrefix(header, "profile "), strings.TrimSpace(last))
					}
				}
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, "sso-session ") || strings.HasPrefix(name, "services ")
	})
	return unique(keys), unique(names)
}

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
