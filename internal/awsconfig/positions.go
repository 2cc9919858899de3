package awsconfig

import "strings"

// Value is a value with the place it comes from.
type Value struct {
	Key   string // lower case
	Inner string // the key in the nested block of Key; "" for a value of Key itself
	Text  string
	File  string
	Line  int // 1-based
}

// Values returns what the keys of a section amount to, with nested ones, in the order of [Section.Keys].
func (c *Config) Values(section Header) []Value {
	var all []Value
	s := c.section(section)
	for _, e := range s.entries {
		file := c.fileOf(section, s, e.key)
		if !e.isNested() {
			all = append(all, Value{Key: e.key, Text: e.value, File: file, Line: e.line})
		}
		for _, n := range e.nested {
			all = append(all, Value{Key: e.key, Inner: n.key, Text: n.value, File: file, Line: n.line})
		}
	}
	return all
}

// Overridden returns the config file's values of a profile that do not count, since the credentials file
// has other values for these keys.
func (c *Config) Overridden(profile string) []Value {
	var all []Value
	over, below := c.credentials.named[profile], c.overridden.named[profile]
	for _, e := range below.entries {
		if i := over.find(e.key); i >= 0 && over.entries[i].value != e.value {
			all = append(all, Value{Key: e.key, Text: e.value, File: c.configFile, Line: e.line})
		}
	}
	return all
}

// Position returns where a key of a section gets its value: the file and the 1-based line. For a key that
// it does not have, or "", that is the header of the section; ("", 0) when there is no such section.
func (c *Config) Position(section Header, key string) (file string, line int) {
	s := c.section(section)
	if i := s.find(strings.ToLower(key)); i >= 0 {
		return c.fileOf(section, s, s.entries[i].key), s.entries[i].line
	}
	return s.file, s.line
}

// HasServices reports whether there is a services section of that name which is not empty.
func (c *Config) HasServices(name string) bool { return len(c.services.named[name].entries) > 0 }

func (c *Config) section(h Header) Section {
	switch h.Kind {
	case ProfileSection:
		return c.profiles.named[h.Name]
	case SessionSection:
		return c.sessions.named[h.Name]
	case ServicesSection:
		return c.services.named[h.Name]
	}
	return Section{}
}

func (c *Config) fileOf(h Header, s Section, key string) string {
	if h.Kind == ProfileSection && c.credentials.named[h.Name].find(key) >= 0 {
		return c.credentialsFile
	}
	return s.file
}

// Block is a header in one of the files and the keys below it, up to the next header. A section may have
// several blocks, and many a block is no section that any tool knows.
type Block struct {
	File        string
	Credentials bool // of the credentials file, where a header is a profile's name and nothing else
	Line        int  // 1-based
	Text        string
	Keys        []string // lower case

	// Header is what a block of the config file describes; Described and Usable are false when nothing,
	// and when nothing that can be read.
	Header            Header
	Described, Usable bool
}

// Blocks returns the blocks of both files in their order.
func (c *Config) Blocks() []Block {
	var all []Block
	for i, r := range c.files {
		for _, b := range r.doc.blocks {
			out := Block{File: r.path, Credentials: i == 1, Line: b.line + 1, Text: b.header}
			for _, o := range b.options {
				out.Keys = append(out.Keys, o.key)
			}
			if !out.Credentials {
				out.Header, out.Described, out.Usable = readHeader(b.header)
			}
			all = append(all, out)
		}
	}
	return all
}

// InlineComment returns where in a value of one line somebody meant a comment to begin, or -1. Readers
// take it for a part of the value.
func InlineComment(value string) int { return inlineComment(value) }
