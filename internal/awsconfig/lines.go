package awsconfig

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// document is a file as lines with a meaning each. The lines cover the text without gaps, so that an
// edit is a splice of byte ranges and everything else stays as it is, byte for byte.
//
// The grammar is that of Python's RawConfigParser, which is what the AWS CLI reads with; the
// difference is that nothing is fatal here.
type document struct {
	src    string
	lines  []line
	blocks []block
}

type lineKind uint8

const (
	blankLine lineKind = iota
	commentLine
	headerLine
	optionLine
	continuationLine // indented deeper than the option above: part of its value
	strayLine        // outside any section, or without a delimiter, or indented below such a line
)

type line struct {
	start, end int // src[start:end] is the line with its end-of-line
	from, to   int // src[from:to] is its text without the blanks around it
	indent     int // characters before from; a tab counts as one
	kind       lineKind

	// Of option lines: src[valueFrom:valueTo] is the value, both right behind the delimiter when empty.
	valueFrom, valueTo int
}

// block is a header line and the options up to the next header. One section may have several.
type block struct {
	header  string // between the brackets, verbatim
	line    int    // index of the header line
	options []option
}

type option struct {
	key        string // lower case
	line, last int    // indices of its own line and of its last continuation line
}

func parse(src string) document {
	most := strings.Count(src, "\n") + 1
	d := document{src: src, lines: make([]line, 0, most)}
	options := make([]option, 0, most) // of all blocks, each of which has a part of it
	first := 0                         // of the last block
	level := 0                         // indentation of the last line that was not a continuation
	open := blankLine                  // what deeper lines belong to: an optionLine, a strayLine, or nothing
	for start := 0; start < len(src); {
		body := start
		if start == 0 && strings.HasPrefix(src, byteOrderMark) {
			body = len(byteOrderMark)
		}
		l := line{start: start, end: lineEnd(src, start)}
		text := trimLeft(src[body:l.end])
		l.from = l.end - len(text)
		l.to = l.from + len(trimRight(text))
		text = src[l.from:l.to]
		i := len(d.lines)

		switch {
		case text == "":
			l.kind = blankLine
		case text[0] == '#' || text[0] == ';':
			l.kind = commentLine
		default:
			l.indent = utf8.RuneCountInString(src[body:l.from])
			switch header, delim := headerText(text), delimiter(text); {
			case open == optionLine && l.indent > level:
				l.kind = continuationLine
				options[len(options)-1].last = i
			case open == strayLine && l.indent > level:
				l.kind = strayLine
			case header != "":
				l.kind = headerLine
				d.blocks, first = append(d.blocks, block{header: header, line: i}), len(options)
				level, open = l.indent, blankLine
			case len(d.blocks) == 0 || delim <= 0:
				l.kind = strayLine
				level, open = l.indent, strayLine
			default:
				l.kind = optionLine
				value := trimLeft(text[delim+1:])
				l.valueFrom, l.valueTo = l.to-len(value), l.to
				options = append(options, option{key: strings.ToLower(trimRight(text[:delim])), line: i, last: i})
				d.blocks[len(d.blocks)-1].options = options[first:len(options):len(options)]
				level, open = l.indent, optionLine
			}
		}
		d.lines = append(d.lines, l)
		start = l.end
	}
	return d
}

// lineEnd returns the offset behind the line that begins at start. A line ends with LF, CR LF or a
// lone CR, as Python's text files do.
func lineEnd(src string, start int) int {
	for i := start; i < len(src); i++ {
		switch {
		case src[i] == '\n':
			return i + 1
		case src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n':
			return i + 2
		case src[i] == '\r':
			return i + 1
		}
	}
	return len(src)
}

// delimiter returns where the key of an option ends, or -1.
func delimiter(text string) int {
	for i := range len(text) {
		if text[i] == '=' || text[i] == ':' {
			return i
		}
	}
	return -1
}

// headerText returns what stands between the first and the last bracket, or "" when text is not a
// section header. What follows the last bracket is not looked at.
func headerText(text string) string {
	if text[0] != '[' {
		return ""
	}
	if i := strings.LastIndexByte(text, ']'); i > 1 {
		return text[1:i]
	}
	return ""
}

// isBlank is Python's str.isspace, which strips values and indentation.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f
}

func trim(s string) string { return trimLeft(trimRight(s)) }

// Most lines begin and end with a letter: a look at the one byte is most of what reading a file costs.

func trimLeft(s string) string {
	if s == "" || s[0] > ' ' && s[0] < utf8.RuneSelf {
		return s
	}
	return strings.TrimLeftFunc(s, isBlank)
}

func trimRight(s string) string {
	for s != "" && (s[len(s)-1] == '\n' || s[len(s)-1] == ' ') {
		s = s[:len(s)-1]
	}
	if s == "" || s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimRightFunc(s, isBlank)
}

func (d *document) text(i int) string { return d.src[d.lines[i].from:d.lines[i].to] }

// value returns an option's whole value. One that begins with a newline is a nested block.
func (d *document) value(o option) string {
	first := d.lines[o.line]
	value := d.src[first.valueFrom:first.valueTo]
	if o.last == o.line {
		return value
	}
	var b strings.Builder
	b.WriteString(value)
	for i := o.line + 1; i <= o.last; i++ {
		if d.lines[i].kind != commentLine {
			b.WriteByte('\n')
			b.WriteString(d.text(i))
		}
	}
	return b.String()
}

// cutNested splits a line of a nested block. ok is false when it has no "=", which the AWS CLI refuses.
func cutNested(text string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(text, "=")
	return trim(key), trim(value), ok
}
