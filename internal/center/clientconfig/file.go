package clientconfig

import (
	"slices"
	"strings"
)

// Section is one section of ~/.aws/config.
type Section struct {
	Kind  string // "profile", "sso-session", "services", "default" or another word
	Name  string
	Lines []string // what is below the header, without line ends
}

// Header is the section's first line.
func (s Section) Header() string {
	if s.Name == "" {
		return "[" + s.Kind + "]"
	}
	return "[" + s.Kind + " " + s.Name + "]"
}

// String is the section as it stands in a file.
func (s Section) String() string { return s.Header() + "\n" + strings.Join(s.Lines, "\n") + "\n" }

// Value is what a key of the section is set to, or, with outer, a key of the block nested under that.
func (s Section) Value(outer, key string) string {
	value, block := "", ""
	for _, line := range s.Lines {
		k, v, ok := strings.Cut(line, "=")
		if !ok || comment(line) {
			continue
		}
		k, v = strings.TrimSpace(k), strings.TrimSpace(v)
		nested := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		if !nested {
			block = k
		}
		if k == key && (nested && block == outer || !nested && outer == "") {
			value = v
		}
	}
	return value
}

func comment(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "#") || strings.HasPrefix(strings.TrimSpace(line), ";")
}

// span is a section with where it stands: its lines from to, not including.
type span struct {
	Section
	from, to int
}

// Parse reads the sections of a file. It is lenient: the clients will say what they do not understand.
func Parse(file []byte) []Section {
	var all []Section
	for _, s := range spans(lines(file)) {
		all = append(all, s.Section)
	}
	return all
}

func spans(lines []string) []span {
	var all []span
	for i, line := range lines {
		header := strings.TrimSpace(line)
		if !strings.HasPrefix(line, "[") || !strings.Contains(header, "]") {
			if n := len(all); n > 0 {
				all[n-1].Lines, all[n-1].to = append(all[n-1].Lines, line), i+1
			}
			continue
		}
		inner := header[1:strings.Index(header, "]")]
		kind, name, _ := strings.Cut(strings.TrimSpace(inner), " ")
		name = strings.TrimSpace(name)
		if len(name) > 1 && (name[0] == '"' || name[0] == '\'') && name[len(name)-1] == name[0] {
			name = name[1 : len(name)-1]
		}
		all = append(all, span{Section{Kind: kind, Name: name}, i, i + 1})
	}
	// What separates a section from the next one, or is a comment on that, belongs to neither.
	for i := range all {
		s := &all[i]
		for n := len(s.Lines); n > 0 && (strings.TrimSpace(s.Lines[n-1]) == "" || comment(s.Lines[n-1])); n-- {
			s.Lines, s.to = s.Lines[:n-1], s.to-1
		}
	}
	return all
}

func lines(file []byte) []string {
	text := strings.TrimSuffix(strings.ReplaceAll(string(file), "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// Merge puts sections into a file: in the place of those of the same name, else at the end. Everything else
// stays as it is. diff is what changes, a line each with "-" or "+" before it; it is empty, and the file
// the same, when everything is there already.
func Merge(file []byte, sections []Section) (merged []byte, diff []string) {
	all := lines(file)
	for _, s := range sections {
		old := spans(all)
		i := slices.IndexFunc(old, func(o span) bool { return o.Kind == s.Kind && o.Name == s.Name })
		wanted := append([]string{s.Header()}, s.Lines...)
		if i < 0 {
			if len(all) > 0 && strings.TrimSpace(all[len(all)-1]) != "" {
				all = append(all, "")
			}
			all = append(all, wanted...)
			diff = append(diff, marked("+", wanted)...)
			continue
		}
		before := all[old[i].from:old[i].to]
		if slices.Equal(old[i].Lines, s.Lines) {
			continue
		}
		diff = append(append(diff, marked("-", before)...), marked("+", wanted)...)
		all = slices.Replace(slices.Clone(all), old[i].from, old[i].to, wanted...)
	}
	if len(diff) == 0 {
		return file, nil
	}
	end := "\n"
	if strings.Contains(string(file), "\r\n") {
		end = "\r\n"
	}
	return []byte(strings.Join(all, end) + end), diff
}

func marked(mark string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = mark + l
	}
	return out
}
