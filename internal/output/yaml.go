package output

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// yamlWidth is the column after which a text is folded at its next blank.
const yamlWidth = 80

// maxSimpleKey is how many bytes a key may have before it is marked with a question mark.
const maxSimpleKey = 128

// emitter writes YAML in libyaml's block style. The fields are what libyaml remembers of where it is.
type emitter struct {
	b          *strings.Builder
	column     int
	indent     int  // of the collection that is written; -1 outside
	whitespace bool // the last thing was a blank
	indention  bool // there is only indention in this line so far
	notAString *regexp.Regexp
}

// writeYAML writes a document. A scalar on its own is JSON: YAML would end it with an ellipsis.
func writeYAML(b *strings.Builder, v Value) {
	if isScalar(v) {
		writeJSONScalar(b, v, false)
		b.WriteByte('\n')
		return
	}
	e := &emitter{b: b, indent: -1, whitespace: true, indention: true, notAString: regexp.MustCompile(notAString)}
	e.node(v, false, false)
	b.WriteByte('\n')
}

func (e *emitter) put(s string) {
	e.b.WriteString(s)
	e.column += utf8.RuneCountInString(s)
}

func (e *emitter) breakLine(r string) {
	e.b.WriteString(r)
	e.column = 0
}

// indicator writes a mark, and a blank before it where it needs one.
func (e *emitter) indicator(s string, needBlank, isIndention bool) {
	if needBlank && !e.whitespace {
		e.put(" ")
	}
	e.put(s)
	e.whitespace = false
	e.indention = e.indention && isIndention
}

// toIndent goes to where the current collection begins, in a new line if this one has more than indention.
func (e *emitter) toIndent() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || (e.column == indent && !e.whitespace) {
		e.breakLine("\n")
	}
	e.put(strings.Repeat(" ", indent-e.column))
	e.whitespace, e.indention = true, true
}

func (e *emitter) node(v Value, inMapping, key bool) {
	switch v := v.(type) {
	case []Value:
		if len(v) == 0 {
			e.indicator("[", true, false)
			e.indicator("]", false, false)
			return
		}
		e.sequence(v, inMapping)
	case *Object:
		if v.Len() == 0 {
			e.indicator("{", true, false)
			e.indicator("}", false, false)
			return
		}
		e.mapping(v)
	case string:
		e.text(v, key)
	default:
		var b strings.Builder
		if f, ok := v.(float64); ok {
			switch s := float(f); s {
			case "nan", "inf":
				b.WriteString("." + s)
			case "-inf":
				b.WriteString("-.inf")
			default:
				b.WriteString(s)
			}
		} else {
			writeJSONScalar(&b, v, false)
		}
		e.plain(b.String(), false)
	}
}

func (e *emitter) sequence(list []Value, inMapping bool) {
	outer := e.indent
	if !inMapping || e.indention {
		e.deeper()
	}
	for _, v := range list {
		e.toIndent()
		e.indicator("-", true, true)
		e.node(v, false, false)
	}
	e.indent = outer
}

func (e *emitter) deeper() {
	if e.indent < 0 {
		e.indent = 0
	} else {
		e.indent += 2
	}
}

func (e *emitter) mapping(o *Object) {
	outer := e.indent
	e.deeper()
	for _, k := range o.sorted() {
		e.toIndent()
		if len(k) <= maxSimpleKey && !strings.ContainsFunc(k, isBreak) {
			e.node(k, false, true)
			e.indicator(":", false, false)
		} else {
			e.indicator("?", true, true)
			e.node(k, true, false)
			e.toIndent()
			e.indicator(":", true, true)
		}
		e.node(o.values[k], true, false)
	}
	e.indent = outer
}
