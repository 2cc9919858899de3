package awsconfig

import "strings"

// Unset takes a key away, with its nested block if it has one, and reports whether it was there. It goes
// from every section and spelling of the header that could be meant, so that no reader finds another
// below the last; comments stay. A key of the file's fallback section [DEFAULT], which all sections share,
// stays too, and shows through.
func (e *Editor) Unset(section Header, key string) bool {
	key = strings.ToLower(key)
	var changes []splice
	for _, b := range e.doc.blocks {
		if !section.matches(b.header) {
			continue
		}
		for _, o := range b.options {
			if o.key == key {
				changes = append(changes, e.without(o.line))
				changes = append(changes, e.continuations(o)...)
			}
		}
	}
	e.apply(changes)
	return len(changes) > 0
}

// without is the change that takes line i away.
func (e *Editor) without(i int) splice { return splice{e.doc.lines[i].start, e.doc.lines[i].end, ""} }

// continuations are the changes that take the further lines of an option's value away.
func (e *Editor) continuations(o option) (changes []splice) {
	for i := o.line + 1; i <= o.last; i++ {
		if e.doc.lines[i].kind == continuationLine {
			changes = append(changes, e.without(i))
		}
	}
	return changes
}

// UnsetNested takes a key out of the nested blocks of outer, as Unset does. An outer without any other
// key goes with it: what would be left is no block but an empty value, which some readers trip over.
func (e *Editor) UnsetNested(section Header, outer, key string) bool {
	outer = strings.ToLower(outer)
	var changes []splice
	for _, b := range e.doc.blocks {
		if !section.matches(b.header) {
			continue
		}
		for _, o := range b.options {
			if o.key == outer {
				changes = append(changes, e.withoutNested(o, key)...)
			}
		}
	}
	e.apply(changes)
	return len(changes) > 0
}

func (e *Editor) withoutNested(o option, key string) (changes []splice) {
	first := e.doc.lines[o.line]
	if first.valueFrom < first.valueTo {
		return nil // a value of several lines
	}
	others := false
	for i := o.line + 1; i <= o.last; i++ {
		if e.doc.lines[i].kind != continuationLine {
			continue
		}
		if inner, _, ok := cutNested(e.doc.text(i)); ok && inner == key {
			changes = append(changes, e.without(i))
		} else {
			others = true
		}
	}
	if len(changes) > 0 && !others {
		changes = append([]splice{e.without(o.line)}, changes...)
	}
	return changes
}
