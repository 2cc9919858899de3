package awsconfig

// Unset takes a key away, wherever readers would find it, with its nested block, and reports whether
// there was one. Comments stay.
func (e *Editor) Unset(section Header, key string) bool {
	removed := false
	for {
		at, ok := e.find(section, key)
		if !ok {
			return removed
		}
		removed = true
		var changes []splice
		for i := at.option.line; i <= at.option.last; i++ {
			if l := e.doc.lines[i]; l.kind == optionLine || l.kind == continuationLine {
				changes = append(changes, splice{l.start, l.end, ""})
			}
		}
		e.apply(changes)
	}
}
