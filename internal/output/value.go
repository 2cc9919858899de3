package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Value is a part of a result: nil, bool, int64, float64, string, []Value or *[Object]. Nothing else may be in one.
type Value = any

// Object has its members in the order in which they were set, as the AWS CLI keeps that of the service's model
// and of a query.
type Object struct {
	keys   []string
	values map[string]Value
}

// NewObject makes an object of keys, each with the value that follows it.
func NewObject(members ...any) *Object {
	o := &Object{}
	for i := 0; i+1 < len(members); i += 2 {
		o.Set(members[i].(string), members[i+1])
	}
	return o
}

// Set gives a member a value. A member that there was keeps its place.
func (o *Object) Set(key string, v Value) {
	if o.values == nil {
		o.values = map[string]Value{}
	}
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = v
}

// Get returns a member.
func (o *Object) Get(key string) (Value, bool) {
	v, ok := o.values[key]
	return v, ok
}

// Keys returns the members' names in their order.
func (o *Object) Keys() []string { return slices.Clone(o.keys) }

// Len returns how many members there are.
func (o *Object) Len() int { return len(o.keys) }

func (o *Object) sorted() []string { return slices.Sorted(maps.Keys(o.values)) }

// Decode reads JSON, and keeps the order of members. Whole numbers that an int64 cannot hold become float64.
func Decode(document []byte) (Value, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// maxDepth is deeper than any result, and far from what a stack bears.
const maxDepth = 500

func decode(d *json.Decoder, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(string(t)), nil
	case json.Delim:
		if t == '[' {
			list := []Value{}
			for d.More() {
				v, err := decode(d, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		o := &Object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decode(d, depth+1)
			if err != nil {
				return nil, err
			}
			o.Set(key.(string), v)
		}
		_, err := d.Token()
		return o, err
	}
	return t, nil
}

func number(s string) Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, _ := strconv.ParseFloat(s, 64) // too large is infinite, as in Python
	return f
}

// Equal reports whether two values are the same. Order does not matter in objects, and 1 is 1.0.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case []Value:
		b, ok := b.([]Value)
		return ok && slices.EqualFunc(a, b, Equal)
	case *Object:
		b, ok := b.(*Object)
		return ok && maps.EqualFunc(a.values, b.values, Equal)
	case int64:
		if f, ok := b.(float64); ok {
			return float64(a) == f
		}
	case float64:
		if n, ok := b.(int64); ok {
			return float64(n) == a
		}
	}
	switch b.(type) {
	case []Value, *Object:
		return false
	}
	return a == b
}

// Hostile reports whether a terminal could do something else with r than show it.
func Hostile(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// Clean returns v without what is hostile in its texts: text and table have no way to write it as something else.
// A break or tab becomes a blank, so that nobody's name is a row of its own.
func Clean(v Value) Value {
	switch v := v.(type) {
	case string:
		return strings.Map(shown, v)
	case []Value:
		list := make([]Value, len(v))
		for i, e := range v {
			list[i] = Clean(e)
		}
		return list
	case *Object:
		o := &Object{}
		for _, k := range v.keys {
			o.Set(strings.Map(shown, k), Clean(v.values[k]))
		}
		return o
	}
	return v
}

func shown(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t':
		return ' '
	case Hostile(r):
		return -1
	}
	return r
}

// Text is a value as Python's str() has it, which is how the AWS CLI writes what is in text and tables.
func Text(v Value) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b strings.Builder
	repr(&b, v)
	return b.String()
}

func repr(b *strings.Builder, v Value) {
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		b.WriteString(float(v))
	case string:
		reprString(b, v)
	case []Value:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			repr(b, e)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			reprString(b, k)
			b.WriteString(": ")
			repr(b, v.values[k])
		}
		b.WriteByte('}')
	}
}

func reprString(b *strings.Builder, s string) {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	b.WriteString(quote)
	for _, r := range s {
		switch {
		case string(r) == quote || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			b.WriteString(`\x` + hex(r, 2))
		case r < 0x10000:
			b.WriteString(`\u` + hex(r, 4))
		default:
			b.WriteString(`\U` + hex(r, 8))
		}
	}
	b.WriteString(quote)
}

func hex(r rune, digits int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(0, digits-len(s))) + s
}

// float is the shortest text of a number that reads as it, in Python's form.
func float(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != 0 && (math.Abs(f) < 1e-4 || math.Abs(f) >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
