package terminal

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"keyfob/internal/prompt"
)

// escapeWait is how long after an Esc the rest of a sequence may come. A key's own bytes come at once,
// also over ssh.
const escapeWait = 50 * time.Millisecond

// loneEscape stands behind an Esc that nothing has followed. It is no character of any text.
const loneEscape = 0xff

const (
	esc        = 0x1b
	ctrlC      = 0x03
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// suspend is Ctrl-Z, which is the terminal's business.
const suspend prompt.Code = -1

// decode returns the first key of what was typed and how many bytes it takes; 0 when more have to come.
// A key that means nothing here is an empty text.
func decode(b []byte) (k prompt.Key, n int) {
	if len(b) == 0 {
		return k, 0
	}
	switch c := b[0]; {
	case c == esc:
		return decodeEscape(b)
	case c == 0x7f:
		return prompt.Key{Code: prompt.Backspace}, 1
	case c < 0x20:
		return control(c), 1
	case c == loneEscape:
		return k, 1
	}
	// Text up to the next control character is one key: a paste need not be taken letter by letter.
	end := 0
	for end < len(b) && b[end] >= 0x20 && b[end] != 0x7f && b[end] != loneEscape {
		if !utf8.FullRune(b[end:]) {
			break
		}
		_, size := utf8.DecodeRune(b[end:])
		end += size
	}
	return prompt.Key{Text: string(bytes.ToValidUTF8(b[:end], nil))}, end
}

func control(c byte) prompt.Key {
	code := prompt.Type
	switch c {
	case '\r', '\n':
		code = prompt.Enter
	case '\t':
		code = prompt.Tab
	case 0x01:
		code = prompt.Home
	case 0x02:
		code = prompt.Left
	case ctrlC:
		code = prompt.Interrupt
	case 0x04:
		code = prompt.EndOfInput
	case 0x05:
		code = prompt.End
	case 0x06:
		code = prompt.Right
	case 0x08:
		code = prompt.Backspace
	case 0x0b:
		code = prompt.EraseToEnd
	case 0x0e:
		code = prompt.Down
	case 0x10:
		code = prompt.Up
	case 0x15:
		code = prompt.EraseToStart
	case 0x17:
		code = prompt.EraseLastWord
	case 0x1a:
		code = suspend
	}
	return prompt.Key{Code: code}
}

// decodeEscape decodes what begins with Esc: a key of its own, Alt with another key, or a sequence
// (ECMA-48 section 5.4; SS3 as DEC terminals send it).
func decodeEscape(b []byte) (k prompt.Key, n int) {
	if len(b) == 1 {
		return k, 0
	}
	switch b[1] {
	case loneEscape:
		return prompt.Key{Code: prompt.Esc}, 2
	case esc:
		return prompt.Key{Code: prompt.Esc}, 1
	case 'b':
		return prompt.Key{Code: prompt.WordLeft}, 2
	case 'f':
		return prompt.Key{Code: prompt.WordRight}, 2
	case 0x7f, 0x08:
		return prompt.Key{Code: prompt.EraseLastWord}, 2
	case '[', 'O':
		return decodeSequence(b)
	}
	return prompt.Key{Code: prompt.Esc}, 1
}

func decodeSequence(b []byte) (k prompt.Key, n int) {
	if bytes.HasPrefix(b, []byte(pasteBegin)) {
		end := bytes.Index(b, []byte(pasteEnd))
		if end < 0 {
			// A paste whose end got lost must not keep Ctrl-C from being heard.
			if bytes.HasSuffix(bytes.ReplaceAll(b, []byte{loneEscape}, nil), []byte{ctrlC}) {
				return prompt.Key{Code: prompt.Interrupt}, len(b)
			}
			return k, 0
		}
		text := string(bytes.ToValidUTF8(b[len(pasteBegin):end], nil))
		text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\r\n", " ")
		return prompt.Key{Text: text}, end + len(pasteEnd)
	}
	end := 2
	for end < len(b) && (b[end] < 0x40 || b[end] > 0x7e) {
		if b[end] == loneEscape || b[end] == esc { // a sequence that was broken off
			return k, end
		}
		end++
	}
	if end == len(b) {
		return k, 0
	}
	parameters := string(b[2:end])
	return prompt.Key{Code: sequence(b[end], parameters)}, end + 1
}

func sequence(final byte, parameters string) prompt.Code {
	// A modifier makes a word of a character: 5 is Ctrl, 3 is Alt.
	byWord := strings.HasSuffix(parameters, ";5") || strings.HasSuffix(parameters, ";3")
	switch final {
	case 'A':
		return prompt.Up
	case 'B':
		return prompt.Down
	case 'C':
		if byWord {
			return prompt.WordRight
		}
		return prompt.Right
	case 'D':
		if byWord {
			return prompt.WordLeft
		}
		return prompt.Left
	case 'H':
		return prompt.Home
	case 'F':
		return prompt.End
	case 'M':
		return prompt.Enter
	case 'Z':
		return prompt.BackTab
	case '~':
		number, _, _ := strings.Cut(parameters, ";")
		switch number {
		case "1", "7":
			return prompt.Home
		case "4", "8":
			return prompt.End
		case "3":
			return prompt.Delete
		case "5":
			return prompt.PageUp
		case "6":
			return prompt.PageDown
		}
	}
	return prompt.Type // with no text: nothing
}
