package output

import (
	"strconv"
	"strings"
)

// writeJSON writes members in their order, four blanks for each level, and text outside ASCII as it is.
func writeJSON(b *strings.Builder, v Value, indent string) {
	switch v := v.(type) {
	case []Value:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		b.WriteByte('[')
		for i, e := range v {
			breakLine(b, i, indent)
			writeJSON(b, e, indent+"    ")
		}
		b.WriteString("\n" + indent + "]")
	case *Object:
		if v.Len() == 0 {
			b.WriteString("{}")
			return
		}
		b.WriteByte('{')
		for i, k := range v.keys {
			breakLine(b, i, indent)
			writeJSONString(b, k, false)
			b.WriteString(": ")
			writeJSON(b, v.values[k], indent+"    ")
		}
		b.WriteString("\n" + indent + "}")
	default:
		writeJSONScalar(b, v, false)
	}
}

func breakLine(b *strings.Builder, i int, indent string) {
	if i > 0 {
		b.WriteByte(',')
	}
	b.WriteString("\n" + indent + "    ")
}

func writeJSONScalar(b *strings.Builder, v Value, ascii bool) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		switch s := float(v); s {
		case "nan":
			b.WriteString("NaN") // no JSON, but Python's
		case "inf":
			b.WriteString("Infinity")
		case "-inf":
			b.WriteString("-Infinity")
		default:
			b.WriteString(s)
		}
	case string:
		writeJSONString(b, v, ascii)
	}
}

// writeJSONString writes what is hostile as escapes: the document is the same, and a terminal sees none of it.
func writeJSONString(b *strings.Builder, s string, ascii bool) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\b':
			b.WriteString(`\b`)
		case r > 0xffff && ascii:
			r -= 0x10000
			b.WriteString(`\u` + hex(0xd800+r>>10, 4) + `\u` + hex(0xdc00+r&0x3ff, 4))
		case r == 0x7f && ascii:
			b.WriteRune(r)
		case Hostile(r) || r > '~' && ascii:
			b.WriteString(`\u` + hex(r, 4))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// Compact is a value as JSON in one line, without blanks and in ASCII: what the function to_string of a query
// answers.
func Compact(v Value) string {
	var b strings.Builder
	compact(&b, v)
	return b.String()
}

func compact(b *strings.Builder, v Value) {
	switch v := v.(type) {
	case []Value:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			compact(b, e)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSONString(b, k, true)
			b.WriteByte(':')
			compact(b, v.values[k])
		}
		b.WriteByte('}')
	default:
		writeJSONScalar(b, v, true)
	}
}
