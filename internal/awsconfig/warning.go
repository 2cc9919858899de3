package awsconfig

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Warning is something in a file that other tools refuse, or that does not mean what it seems to.
// Text quotes the file, with control characters escaped and cut short.
type Warning struct {
	Code string // which of the constants below
	File string
	Line int // 1-based
	Text string
}

// The codes of warnings. They are stable.
const (
	WarnByteOrderMark    = "byte-order-mark"
	WarnNotUTF8          = "not-utf8"
	WarnStrayLine        = "stray-line"
	WarnNestedLine       = "nested-line"
	WarnDuplicateSection = "duplicate-section"
	WarnDuplicateKey     = "duplicate-key"
	WarnShadowedSection  = "shadowed-section"
	WarnIgnoredSection   = "ignored-section"
)

// maxWarnings keeps a file that is no config file at all from filling the screen.
const maxWarnings = 20

const refused = "; the AWS CLI refuses the whole file"

// reader collects the warnings about one file while its sections are put together.
type reader struct {
	path     string
	doc      document
	warnings []Warning
}

// warn notes a warning about the line with the given index.
func (r *reader) warn(code string, line int, text string) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, Warning{Code: code, File: r.path, Line: line + 1, Text: text})
	}
}

// quote shows a piece of a file in a message.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return strconv.Quote(s)
}

// read returns the sections of the file by the text of their headers, warnings noted in r. A section
// that is given twice is read as one, the later keys winning.
//
// A section [DEFAULT] in capitals is none: its keys are fallbacks for all sections of the file.
func (r *reader) read() sections {
	r.warnAboutText()
	var fallbacks sections
	found := sections{order: make([]string, 0, len(r.doc.blocks))}
	for _, b := range r.doc.blocks {
		into := &found
		if b.header == fallbackHeader {
			into = &fallbacks
		}
		s, repeated := into.named[b.header]
		if repeated && into == &found {
			r.warn(WarnDuplicateSection, b.line, "section "+quote("["+b.header+"]")+" is given twice, read as one"+refused)
		}
		if !repeated {
			s.Name, s.file, s.line = b.header, r.path, b.line+1
		}
		s.entries = slices.Grow(s.entries, len(b.options))
		for _, o := range b.options {
			if i := s.find(o.key); i >= 0 {
				r.warn(WarnDuplicateKey, o.line, "key "+quote(o.key)+" is given twice, first on line "+strconv.Itoa(s.entries[i].line)+"; this one counts"+refused)
			}
			s.set(r.entry(o))
		}
		into.put(s)
	}
	if below, ok := fallbacks.named[fallbackHeader]; ok {
		for _, name := range found.order {
			s := found.named[name]
			for _, e := range below.entries {
				if s.find(e.key) < 0 {
					s.set(e)
				}
			}
			found.named[name] = s
		}
	}
	return found
}

func (r *reader) entry(o option) entry {
	e := entry{key: o.key, value: r.doc.value(o), line: o.line + 1}
	if !e.isNested() {
		return e
	}
	for i := o.line + 1; i <= o.last; i++ {
		if r.doc.lines[i].kind != continuationLine {
			continue
		}
		key, value, ok := cutNested(r.doc.text(i))
		if !ok {
			r.warn(WarnNestedLine, i, "nested line without \"=\" ignored"+refused)
			continue
		}
		e.nested = append(e.nested, nestedEntry{key, value, i + 1})
	}
	return e
}

// warnAboutText notes what is wrong with the file before any section is looked at.
func (r *reader) warnAboutText() {
	if strings.HasPrefix(r.doc.src, byteOrderMark) {
		r.warn(WarnByteOrderMark, 0, "the file starts with a byte order mark"+refused)
	}
	valid := utf8.ValidString(r.doc.src)
	first := len(r.doc.lines)
	if len(r.doc.blocks) > 0 {
		first = r.doc.blocks[0].line
	}
	for i, l := range r.doc.lines {
		if !valid && !utf8.ValidString(r.doc.src[l.start:l.end]) {
			r.warn(WarnNotUTF8, i, "the line is not valid UTF-8"+refused)
		}
		switch {
		case l.kind != strayLine:
		case i < first:
			r.warn(WarnStrayLine, i, "the line is before the first section, ignored"+refused)
		default:
			r.warn(WarnStrayLine, i, "the line is neither a section nor a key with a value, ignored"+refused)
		}
	}
}
