package prompt

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Style is what a piece of text is, which the terminal has a look for.
type Style int

// The styles.
const (
	Plain    Style = iota
	Faint          // help and counts
	Selected       // the row under the cursor
	Matched        // what the filter found
	Wrong          // why an answer is refused
)

// Span is text of one style.
type Span struct {
	Text  string
	Style Style
}

// Frame is what a model shows: lines that fit the width they were asked for, and the cursor.
type Frame struct {
	Lines    [][]Span
	Row, Col int // of the cursor, 0-based, in cells
}

// String is the frame as text, for tests.
func (f Frame) String() string {
	var b strings.Builder
	for _, line := range f.Lines {
		for _, s := range line {
			b.WriteString(s.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Width is how many cells of a terminal a text takes.
func Width(s string) int { return uniseg.StringWidth(s) }

// Harmless is text as it may be shown: nothing in it moves the cursor, changes a colour or the direction
// of writing, or takes no room while it is there. Line breaks and tabs become blanks.
func Harmless(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar, r == '\ufeff':
			return -1
		}
		return r
	}, s)
}

// clusters are the characters of a text as a person sees them.
func clusters(s string) []string {
	var all []string
	state := -1
	for s != "" {
		var c string
		c, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		all = append(all, c)
	}
	return all
}

// cut shortens a text to a width and says so with "…".
func cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	head, _ := split(s, width-1)
	if width < 1 {
		return ""
	}
	return head + "…"
}

// split divides a text behind the last character that fits a width.
func split(s string, width int) (head, tail string) {
	at, used, state := 0, 0, -1
	for rest := s; rest != ""; {
		var c string
		var w int
		c, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width {
			break
		}
		used += w
		at += len(c)
	}
	return s[:at], s[at:]
}

// tail is as much of the end of a text as fits a width.
func tail(text []string, width int) string {
	from := len(text)
	for used := 0; from > 0; from-- {
		if used += Width(text[from-1]); used > width {
			break
		}
	}
	return strings.Join(text[from:], "")
}

// wrap breaks a text into lines of a width, between words where it can.
func wrap(s string, width int) []string {
	width = max(width, 3) // no character is wider
	var lines []string
	for Width(s) > width {
		head, tail := split(s, width)
		if i := strings.LastIndexByte(head, ' '); i > 0 && tail[0] != ' ' {
			head, tail = s[:i], s[i:]
		}
		lines = append(lines, head)
		s = strings.TrimLeft(tail, " ")
	}
	return append(lines, s)
}

func spans(style Style, texts ...string) [][]Span {
	lines := make([][]Span, len(texts))
	for i, t := range texts {
		lines[i] = []Span{{t, style}}
	}
	return lines
}
