package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"keyfob/internal/credentials"
)

// document is a JSON object that remembers the order of its members and keeps what it does not
// know, byte for byte. It prints as Python's json.dumps does, because that is what the AWS CLI and
// boto3 write: ", " and ": " between things, everything outside ASCII escaped, no newline at the end.
type document struct {
	members []member
}

type member struct {
	name  string
	raw   json.RawMessage // the name as it is printed
	value json.RawMessage
}

var errNotObject = errors.New("not a JSON object")

// parse reads one JSON object. Anything else, or anything behind it, is an error. Of members that
// are there twice the last one counts, as in Python.
func parse(data []byte) (*document, error) {
	if !utf8.Valid(data) { // Python refuses it too; a rewrite would hand the damage on
		return nil, errNotObject
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') {
		return nil, errNotObject
	}
	d := &document{}
	at := map[string]int{} // not [document.set]: a file of very many members must not take for ever
	for dec.More() {
		before := dec.InputOffset()
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		raw := data[before:dec.InputOffset()]
		m := member{name: t.(string), raw: raw[bytes.IndexByte(raw, '"'):]} // names are strings, or Token fails
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		if i, ok := at[m.name]; ok {
			d.members[i].value = m.value
			continue
		}
		at[m.name] = len(d.members)
		d.members = append(d.members, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errNotObject
	}
	return d, nil
}

func (d *document) get(name string) json.RawMessage {
	for _, m := range d.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// set replaces the value of a member in its place, or appends the member.
func (d *document) set(name string, v json.RawMessage) {
	for i := range d.members {
		if d.members[i].name == name {
			d.members[i].value = v
			return
		}
	}
	d.members = append(d.members, member{name, quote(name), v})
}

func (d *document) remove(name string) {
	for i := range d.members {
		if d.members[i].name == name {
			d.members = append(d.members[:i], d.members[i+1:]...)
			return
		}
	}
}

// text returns a member that is a string, and "" for anything else.
func (d *document) text(name string) string {
	var s string
	if json.Unmarshal(d.get(name), &s) != nil {
		return ""
	}
	return s
}

func (d *document) setText(name, v string) { d.set(name, quote(v)) }

// setOrRemove writes a text member, or makes sure that there is none when v is empty.
func (d *document) setOrRemove(name, v string) {
	if v == "" {
		d.remove(name)
		return
	}
	d.setText(name, v)
}

func (d *document) setTexts(name string, vs []string) { d.set(name, quoteList(vs)) }

// setTextsOrRemove writes a list of texts, or makes sure that there is none when vs is nil.
func (d *document) setTextsOrRemove(name string, vs []string) {
	if vs == nil {
		d.remove(name)
		return
	}
	d.setTexts(name, vs)
}

// texts returns a member that is a list of strings; nil for anything else.
func (d *document) texts(name string) []string {
	var s []string
	if json.Unmarshal(d.get(name), &s) != nil {
		return nil
	}
	return s
}

// object returns a member that is an object; an empty one for anything else.
func (d *document) object(name string) *document {
	o, err := parse(d.get(name))
	if err != nil {
		return &document{}
	}
	return o
}

func (d *document) bytes() json.RawMessage {
	b := []byte{'{'}
	for i, m := range d.members {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, m.raw...)
		b = append(b, ": "...)
		b = append(b, m.value...)
	}
	return append(b, '}')
}

func quoteList(vs []string) []byte {
	if vs == nil {
		return []byte("null")
	}
	b := []byte{'['}
	for i, v := range vs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, quote(v)...)
	}
	return append(b, ']')
}

// quote writes a JSON string as Python's json.dumps does: ASCII only.
func quote(s string) []byte {
	b := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return append(b, '"')
}

// formatTime writes an instant as the AWS CLI does: UTC, whole seconds.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// parseTime reads an instant in any form that the AWS CLI or an SDK has written, ever.
func parseTime(s string) (time.Time, error) { return credentials.ParseTime(s) }
