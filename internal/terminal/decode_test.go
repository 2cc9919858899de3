package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"keyfob/internal/prompt"
)

// decodeAll is what a terminal's bytes say, and what is left of them.
func decodeAll(b []byte) (keys []prompt.Key, rest []byte) {
	for {
		k, n := decode(b)
		if n == 0 {
			return keys, b
		}
		keys, b = append(keys, k), b[n:]
	}
}

func TestDecode(t *testing.T) {
	text := func(s string) prompt.Key { return prompt.Key{Text: s} }
	key := func(c prompt.Code) prompt.Key { return prompt.Key{Code: c} }
	for _, c := range []struct {
		in   string
		want []prompt.Key
		rest string
	}{
		{"abc", []prompt.Key{text("abc")}, ""},
		{"日本\r", []prompt.Key{text("日本"), key(prompt.Enter)}, ""},
		{"\xe6\x97", []prompt.Key(nil), "\xe6\x97"},
		{"a\xe6\x97", []prompt.Key{text("a")}, "\xe6\x97"},
		{"a\xe6\xff", []prompt.Key{text("a"), text("")}, ""},
		{"\x1b[A\x1b[B\x1bOC\x1b[D", []prompt.Key{key(prompt.Up), key(prompt.Down), key(prompt.Right), key(prompt.Left)}, ""},
		{"\x1b[1;5C\x1b[1;3D\x1bb\x1bf", []prompt.Key{key(prompt.WordRight), key(prompt.WordLeft), key(prompt.WordLeft), key(prompt.WordRight)}, ""},
		{"\x1b[5~\x1b[6~\x1b[3~\x1b[1~\x1b[4~\x1b[H\x1bOF\x1b[Z", []prompt.Key{
			key(prompt.PageUp), key(prompt.PageDown), key(prompt.Delete), key(prompt.Home), key(prompt.End), key(prompt.Home), key(prompt.End), key(prompt.BackTab),
		}, ""},
		{"\x01\x05\x0b\x15\x17\x04\x03\x1a\x0e\x10\x02\x06\t\x7f\x08", []prompt.Key{
			key(prompt.Home), key(prompt.End), key(prompt.EraseToEnd), key(prompt.EraseToStart), key(prompt.EraseLastWord), key(prompt.EndOfInput),
			key(prompt.Interrupt), key(suspend), key(prompt.Down), key(prompt.Up), key(prompt.Left), key(prompt.Right), key(prompt.Tab), key(prompt.Backspace), key(prompt.Backspace),
		}, ""},
		{"\x1b", nil, "\x1b"},
		{"\x1b\xff", []prompt.Key{key(prompt.Esc)}, ""},
		{"\x1b\x1b\xff", []prompt.Key{key(prompt.Esc), key(prompt.Esc)}, ""},
		{"\x1b[", nil, "\x1b["},
		{"\x1b[\xff", []prompt.Key{text(""), text("")}, ""},
		{"\x1b[12;34Rx", []prompt.Key{text(""), text("x")}, ""}, // nothing that a person pressed
		{"\x1b[200~https://a\x1b[31m\r\n\x1b[201~", []prompt.Key{text("https://a\x1b[31m")}, ""},
		{"\x1b[200~https", nil, "\x1b[200~https"},
		{"\x1b[200~https\xff\xff\x03\xff", []prompt.Key{key(prompt.Interrupt)}, ""},
	} {
		keys, rest := decodeAll([]byte(c.in))
		if fmt.Sprint(keys) != fmt.Sprint(c.want) || string(rest) != c.rest {
			t.Errorf("%q: %v and %q, want %v and %q", c.in, keys, rest, c.want, c.rest)
		}
	}
}

// FuzzDecode: whatever a terminal sends, decoding goes on, and once nothing more comes it comes to an end.
func FuzzDecode(f *testing.F) {
	f.Add("\x1b[A\x1b", "[5~abc")
	f.Add("\x1b[200~a", "b\x1b[201~")
	f.Add("\xe6\x97", "\xa5\x1bO")
	f.Fuzz(func(t *testing.T, first, second string) {
		_, rest := decodeAll([]byte(first))
		if !strings.HasSuffix(first, string(rest)) {
			t.Fatalf("%q left %q", first, rest)
		}
		_, rest = decodeAll(append(bytes.Clone(rest), second...))
		for range 3 {
			_, rest = decodeAll(append(bytes.Clone(rest), loneEscape))
		}
		if len(rest) > 0 && !bytes.HasPrefix(rest, []byte(pasteBegin)) {
			t.Fatalf("%q and %q: %q is never decoded", first, second, rest)
		}
	})
}
