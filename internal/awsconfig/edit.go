package awsconfig

import "strings"

// Editor changes keys and sections of a file and leaves every other byte as it is: comments, order, blanks,
// line ends, a byte order mark, the spelling of headers and keys. It edits where a key takes effect: in
// the last of several sections or keys of the same name, under whatever spelling of the header the
// readers end up with, and never a key of the same name in a nested block.
//
// An Editor is for one goroutine. Writing the bytes to the file, safely, is the caller's.
type Editor struct{ doc document }

// Edit returns an Editor for a file's content; an empty one for a file that does not exist.
func Edit(data []byte) *Editor { return &Editor{doc: parse(string(data))} }

// SetKey is one [Editor.Set].
func SetKey(data []byte, section Header, key, value string) ([]byte, error) {
	e := Edit(data)
	if err := e.Set(section, key, value); err != nil {
		return nil, err
	}
	return e.Bytes(), nil
}

// Bytes returns the content with all changes made so far.
func (e *Editor) Bytes() []byte { return []byte(e.doc.src) }

// Set gives a key a value. A new key goes below the last one of its section, a new section to the end of
// the file, without a blank line before it, as the AWS CLI does both; only below a comment, which would
// seem to be about the new section, is there one. Setting the value that is there changes nothing. Blanks
// around value are dropped, as every reader drops them. A comment behind the old value, which readers take
// for a part of it, is moved to a line of its own.
//
// What is done can be undone to the byte: a new key by Unset, a new section by RemoveSection, another value
// by Set with the old one. What cannot is the end that the file's last line got when it had none, a blank
// line below a comment, the lines of a value of several, an empty value's blanks, and a comment that moved.
//
// The error is an *UnwritableError, when section, key or value could not be read back as they are.
func (e *Editor) Set(section Header, key, value string) error {
	value = trim(value)
	if err := checkEdit(section, value, key); err != nil {
		return err
	}
	found, ok := e.find(section, key)
	if !ok {
		return e.add(section, found, key+" = "+value)
	}
	old := e.doc.value(found.option)
	if old == value {
		return nil
	}
	change := e.replaceValue(found.option, value)
	if i := inlineComment(old); i >= 0 {
		l := e.doc.lines[found.option.line]
		change = append([]splice{{l.start, l.start, e.indent(found.option.line) + old[i:] + e.eol(found.option.line)}}, change...)
	}
	e.apply(change)
	return nil
}

// SetNested gives a key in the nested block of outer a value, as Set does:
//
//	outer =
//	    key = value
//
// An outer that has a value instead of a block loses it.
func (e *Editor) SetNested(section Header, outer, key, value string) error {
	value = trim(value)
	if err := checkEdit(section, value, outer, key); err != nil {
		return err
	}
	added := key + " = " + value
	found, ok := e.find(section, outer)
	if !ok {
		return e.add(section, found, outer+" =", "    "+added)
	}
	o, lines := found.option, e.doc.lines
	first := lines[o.line]
	if first.valueFrom < first.valueTo {
		change := e.replaceValue(o, "")
		e.apply(append(change[:1:1], append(e.below(o.line, e.indent(o.line)+"    "+added), change[1:]...)...))
		return nil
	}
	for i := o.last; i > o.line; i-- {
		inner, old, ok := cutNested(e.doc.text(i))
		if !ok || inner != key { // never a comment: no key begins as one
			continue
		}
		if old != value {
			delim := lines[i].from + strings.IndexByte(e.doc.text(i), '=')
			e.apply([]splice{e.valueSplice(delim, lines[i].to-len(old), lines[i].to, value)})
		}
		return nil
	}
	indent := e.indent(o.line) + "    "
	if o.last > o.line {
		indent = e.indent(o.last)
	}
	e.apply(e.below(o.last, indent+added))
	return nil
}

// inlineComment returns where in a value of one line somebody meant a comment to begin, or -1.
func inlineComment(value string) int {
	if strings.Contains(value, "\n") {
		return -1
	}
	for i := 1; i < len(value); i++ {
		if (value[i] == '#' || value[i] == ';') && (value[i-1] == ' ' || value[i-1] == '\t') {
			return i
		}
	}
	return -1
}

// splice puts text in the place of src[from:to].
type splice struct {
	from, to int
	text     string
}

// apply makes changes, which are in the order of the file, and reads the result.
func (e *Editor) apply(changes []splice) {
	var b strings.Builder
	at := 0
	for _, c := range changes {
		b.WriteString(e.doc.src[at:c.from])
		b.WriteString(c.text)
		at = c.to
	}
	b.WriteString(e.doc.src[at:])
	e.doc = parse(b.String())
}

// place is where a key is, or where it would have to go.
type place struct {
	block  int // -1 when there is no such section
	option option
}

// find looks for the option that readers take for the key of a section. When there is none, the place
// has the block a new one belongs to.
func (e *Editor) find(section Header, key string) (place, bool) {
	// Of headers spelled differently the one that is first used last hides the others; blocks with the
	// same header add up.
	winner := ""
	seen := map[string]bool{}
	for _, b := range e.doc.blocks {
		if !seen[b.header] && section.matches(b.header) {
			winner = b.header
		}
		seen[b.header] = true
	}
	at := place{block: -1}
	if winner == "" {
		return at, false
	}
	key = strings.ToLower(key)
	found := false
	for i, b := range e.doc.blocks {
		if b.header != winner {
			continue
		}
		if !found {
			at.block = i
		}
		for _, o := range b.options {
			if o.key == key {
				at, found = place{i, o}, true
			}
		}
	}
	return at, found
}

// add writes the lines of a new option, in a new section when there is no block for it.
func (e *Editor) add(section Header, at place, lines ...string) error {
	if at.block < 0 {
		if err := checkNewSection(section); err != nil {
			return err
		}
		lines = append([]string{"[" + section.text() + "]"}, lines...)
		if n := len(e.doc.lines); n > 0 && e.doc.lines[n-1].kind == commentLine {
			lines = append([]string{""}, lines...) // it is not about the new section
		}
		e.apply(e.below(len(e.doc.lines)-1, lines...))
		return nil
	}
	b := e.doc.blocks[at.block]
	last, indent := b.line, ""
	if n := len(b.options); n > 0 {
		last, indent = b.options[n-1].last, e.indent(b.options[n-1].line)
	} else {
		// The new option must not be less indented than the line after it, or it would swallow that.
		for i := b.line + 1; i < len(e.doc.lines); i++ {
			if k := e.doc.lines[i].kind; k != blankLine && k != commentLine {
				indent = e.indent(i)
				break
			}
		}
	}
	for i := range lines {
		lines[i] = indent + lines[i]
	}
	e.apply(e.below(last, lines...))
	return nil
}

// below is the change that puts new lines below line i, -1 being the beginning of an empty file.
func (e *Editor) below(i int, lines ...string) []splice {
	eol, at, text := e.eol(i), 0, ""
	if i >= 0 {
		at = e.doc.lines[i].end
		if last := e.doc.src[at-1]; last != '\n' && last != '\r' {
			text = eol
		}
	}
	return []splice{{at, at, text + strings.Join(lines, eol) + eol}}
}

// replaceValue is the change that gives an option another value: one splice in its own line, then the
// removal of its continuation lines.
func (e *Editor) replaceValue(o option, value string) []splice {
	l := e.doc.lines[o.line]
	delim := l.from + strings.IndexAny(e.doc.text(o.line), "=:")
	return append([]splice{e.valueSplice(delim, l.valueFrom, l.valueTo, value)}, e.continuations(o)...)
}

// valueSplice replaces the value at [from:to] behind a delimiter. A value that was empty is set off from
// the delimiter when the key is.
func (e *Editor) valueSplice(delim, from, to int, value string) splice {
	if from == delim+1 && (e.doc.src[delim-1] == ' ' || e.doc.src[delim-1] == '\t') {
		value = " " + value
	}
	return splice{from, to, value}
}

// indent returns the blanks that line i begins with.
func (e *Editor) indent(i int) string {
	l := e.doc.lines[i]
	return strings.TrimPrefix(e.doc.src[l.start:l.from], byteOrderMark)
}

// eol returns the end of line to use next to line i: its own, else the nearest one above.
func (e *Editor) eol(i int) string {
	for i = min(i, len(e.doc.lines)-1); i >= 0; i-- {
		text := e.doc.src[e.doc.lines[i].start:e.doc.lines[i].end]
		if end := strings.TrimRight(text, "\r\n"); len(end) < len(text) {
			return text[len(end):]
		}
	}
	return "\n"
}
