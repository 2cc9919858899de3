package awsconfig

import "strings"

// Has reports whether the file has a section.
func (e *Editor) Has(section Header) bool { return e.next(section) >= 0 }

// next returns the index of the first block of a section, or -1.
func (e *Editor) next(section Header) int {
	for i, b := range e.doc.blocks {
		if section.matches(b.header) {
			return i
		}
	}
	return -1
}

// RemoveSection takes a section away, all its blocks however their headers are spelled, and reports
// whether there was one. Comments that touch its lines go with it, those right above the header too;
// comments that stand alone, and those right above the next header, stay. So do blank lines, except that
// of those above and below only the ones above are left.
func (e *Editor) RemoveSection(section Header) bool {
	found := false
	for i := e.next(section); i >= 0; i = e.next(section) {
		e.apply(e.withoutBlock(i))
		found = true
	}
	return found
}

// withoutBlock is the change that takes block i away with what belongs to it.
func (e *Editor) withoutBlock(i int) []splice {
	lines, header := e.doc.lines, e.doc.blocks[i].line
	next := len(lines)
	if i+1 < len(e.doc.blocks) {
		next = e.doc.blocks[i+1].line
	}

	from := header
	for from > 0 && lines[from-1].kind == commentLine {
		from--
	}
	last := header
	for j := header; j < next; j++ {
		if k := lines[j].kind; k != blankLine && k != commentLine {
			last = j
		}
	}
	to := last + 1
	for to < next && lines[to].kind == commentLine {
		to++
	}
	if to == next && next < len(lines) {
		to = last + 1 // they are about the next section
	}
	if from == 0 || lines[from-1].kind == blankLine {
		for to < next && lines[to].kind == blankLine {
			to++
		}
	}

	start, end := lines[from].start, lines[to-1].end
	if from == 0 && strings.HasPrefix(e.doc.src, byteOrderMark) {
		start = len(byteOrderMark)
	}
	changes := []splice{{start, end, ""}}
	// A header that is indented deeper than the lines it comes to stand below would become a part of them.
	if next < len(lines) && lines[next].indent > e.level(i) {
		changes = append(changes, splice{lines[next].start, lines[next].from, ""})
	}
	return changes
}

// level returns the indentation from which a line above block i is continued by deeper ones.
func (e *Editor) level(i int) int {
	first := 0
	if i > 0 {
		first = e.doc.blocks[i-1].line + 1
	}
	level := len(e.doc.src)
	for _, l := range e.doc.lines[first:e.doc.blocks[i].line] {
		if l.kind != blankLine && l.kind != commentLine {
			level = min(level, l.indent)
		}
	}
	return level
}

// SectionExistsError is a name for a section that another one has already.
type SectionExistsError struct{ Section Header }

func (e *SectionExistsError) Error() string {
	return "the section [" + e.Section.text() + "] exists already"
}

// HiddenSectionError is a section that is there in two spellings, of which readers see the second only.
type HiddenSectionError struct{ Hidden, Seen string } // the headers

func (e *HiddenSectionError) Error() string {
	return "the sections [" + e.Hidden + "] and [" + e.Seen + "] are for the same name, and the second hides the first: remove one of them"
}

// RenameSection changes the name in the header of a section, which is then spelled as the AWS CLI spells
// it, and nothing else; what refers to the section is the caller's. Without such a section it does
// nothing. Renaming back gives the same bytes if the header was in the AWS CLI's spelling.
//
// The error is an *UnwritableError, a *SectionExistsError, or a *HiddenSectionError because under one new
// spelling two sections would become one.
func (e *Editor) RenameSection(from Header, newName string) error {
	to := Header{from.Kind, newName}
	if why := flaw(newName); why != "" {
		return &UnwritableError{"section name", newName, why}
	}
	if err := checkNewSection(to); err != nil {
		return err
	}
	if from == to {
		return nil
	}
	if e.Has(to) {
		return &SectionExistsError{to}
	}
	var changes []splice
	first := ""
	for _, b := range e.doc.blocks {
		if !from.matches(b.header) {
			continue
		}
		if first == "" {
			first = b.header
		}
		if b.header != first {
			return &HiddenSectionError{Hidden: first, Seen: b.header}
		}
		at := e.doc.lines[b.line].from + 1
		changes = append(changes, splice{at, at + len(b.header), to.text()})
	}
	e.apply(changes)
	return nil
}

// ReplaceAll gives every key of that name, in whatever section, that has the value old another value, as
// when the thing it refers to was renamed. Keys of nested blocks are left alone. The error is an
// *UnwritableError.
func (e *Editor) ReplaceAll(key, old, value string) error {
	if why := flaw(value); why != "" {
		return &UnwritableError{"value", key, why}
	}
	key = strings.ToLower(key)
	var changes []splice
	for _, b := range e.doc.blocks {
		for _, o := range b.options {
			if o.key == key && e.doc.value(o) == old {
				changes = append(changes, e.replaceValue(o, value)...)
			}
		}
	}
	e.apply(changes)
	return nil
}
