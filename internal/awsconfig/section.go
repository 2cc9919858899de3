package awsconfig

import (
	"slices"
	"strings"
)

// Section is the keys of one section of the files, or of a profile put together from both files. The
// zero Section has none. It is read-only.
type Section struct {
	Name    string // of the profile, session or services; a bare section's header
	file    string // with its header, the config file for a profile of both files
	line    int    // of its first header, 1-based
	entries []entry
	index   map[string]int // only of a section with many keys
}

// Profile is the Section of a profile: its keys in the config file with those of the credentials file
// over them, key by key.
type Profile = Section

type entry struct {
	key    string
	value  string // begins with a newline when nested
	nested []nestedEntry
	line   int // 1-based
}

type nestedEntry struct {
	key, value string
	line       int // 1-based
}

func (e entry) isNested() bool { return strings.HasPrefix(e.value, "\n") }

// Get returns the value of a key; keys know no case. A key with a nested block has no value of its own.
func (s Section) Get(key string) (string, bool) {
	i := s.find(strings.ToLower(key))
	if i < 0 || s.entries[i].isNested() {
		return "", false
	}
	return s.entries[i].value, true
}

// GetNested returns the value of a key in the nested block of outer. The case of key matters, as it
// does to the AWS CLI.
func (s Section) GetNested(outer, key string) (string, bool) {
	i := s.find(strings.ToLower(outer))
	if i < 0 {
		return "", false
	}
	for _, n := range slices.Backward(s.entries[i].nested) {
		if n.key == key {
			return n.value, true
		}
	}
	return "", false
}

// Keys returns the keys in lower case, in the order of the files.
func (s Section) Keys() []string {
	keys := make([]string, len(s.entries))
	for i, e := range s.entries {
		keys[i] = e.key
	}
	return keys
}

func (s Section) find(key string) int {
	if s.index != nil {
		if i, ok := s.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(s.entries, func(e entry) bool { return e.key == key })
}

// manyKeys is where looking at every key begins to cost more than an index does.
const manyKeys = 16

// set adds an entry or replaces the one with its key, in the place that one has.
func (s *Section) set(e entry) {
	if i := s.find(e.key); i >= 0 {
		s.entries[i] = e
		return
	}
	s.entries = append(s.entries, e)
	switch {
	case s.index != nil:
		s.index[e.key] = len(s.entries) - 1
	case len(s.entries) > manyKeys:
		s.index = make(map[string]int, 2*manyKeys)
		for i, e := range s.entries {
			s.index[e.key] = i
		}
	}
}

// over returns a new section: below's keys with those of s over them.
func (s Section) over(below Section) Section {
	merged := Section{Name: s.Name, file: below.file, line: below.line, entries: make([]entry, 0, len(below.entries)+len(s.entries))}
	for _, e := range below.entries {
		merged.set(e)
	}
	for _, e := range s.entries {
		merged.set(e)
	}
	return merged
}

// sections is a set of sections in the order in which their names were first seen.
type sections struct {
	order []string
	named map[string]Section
}

// put adds a section, in the place of an earlier one of that name.
func (ss *sections) put(s Section) {
	if _, ok := ss.named[s.Name]; !ok {
		ss.order = append(ss.order, s.Name)
	}
	if ss.named == nil {
		ss.named = make(map[string]Section, cap(ss.order))
	}
	ss.named[s.Name] = s
}
