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

// maxMarks is how many accents one character may carry. Living languages need four.
const maxMarks = 6

// Harmless is text as it may be shown: nothing in it moves the cursor, changes a colour or the direction
// of writing, takes no room while it is there, or heaps accents on one character. Line breaks and tabs
// become blanks.
func Harmless(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				return -1
			}
			return r
		}
		marks = 0
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == '\u200c' || r == '\u200d', unicode.Is(unicode.Prepended_Concatenation_Mark, r):
			return r // joins and keeps apart, in Persian and in emoji; signs before Arabic numbers
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
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
	if _, rest := split(s, width); rest == "" {
		return s
	}
	if width < 1 {
		return ""
	}
	head, _ := split(s, width-1)
	return head + "…"
}

// OneLine is a text from outside as one line of a screen of that width.
func OneLine(s string, width int) string { return cut(Harmless(s), max(width-1, 1)) }

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

// maxWrapped is how many lines a text may become; no screen shows as many.
const maxWrapped = 200

// wrap breaks a text into lines of a width, between words where it can.
func wrap(s string, width int) []string {
	width = max(width, 3) // no character is wider
	var lines []string
	for len(lines) < maxWrapped {
		head, tail := split(s, width)
		if tail == "" {
			break
		}
		if i := strings.LastIndexByte(head, ' '); i > 0 && tail[0] != ' ' {
			head, tail = s[:i], s[i:]
		}
		lines = append(lines, head)
		s = strings.TrimLeft(tail, " ")
	}
	return append(lines, cut(s, width))
}

func spans(style Style, texts ...string) [][]Span {
	lines := make([][]Span, len(texts))
	for i, t := range texts {
		lines[i] = []Span{{t, style}}
	}
	return lines
}
