package terminal

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"keyfob/internal/prompt"
)

// While a frame is drawn nothing wraps by itself: terminals disagree about how wide some characters are.
const (
	hideCursor, showCursor = "\x1b[?25l", "\x1b[?25h"
	noWrap, wrap           = "\x1b[?7l", "\x1b[?7h"
)

// screen draws one model below what is on the terminal, anew for each frame, every line whole: that is
// what scripts look for, and what a terminal that has been resized needs.
type screen struct {
	t     *Terminal
	m     model
	shown prompt.Frame // what is on the screen
	width int          // of the terminal then
}

func (s *screen) size() (width, height int) {
	width, height, err := term.GetSize(int(s.t.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

func (s *screen) draw() {
	width, height := s.size()
	f := s.m.View(width, height)
	var b strings.Builder
	b.WriteString(hideCursor + noWrap)
	s.toTop(&b)
	for i, line := range f.Lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		for _, span := range line {
			b.WriteString(s.t.styled(span.Style, span.Text))
		}
		b.WriteString("\x1b[K")
	}
	b.WriteString("\x1b[J")
	if up := len(f.Lines) - 1 - f.Row; up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if f.Col > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", f.Col)
	}
	b.WriteString(wrap + showCursor)
	_, _ = io.WriteString(s.t.out, b.String())
	s.shown, s.width = f, width
}

// toTop goes to the first line of what is shown.
func (s *screen) toTop(b *strings.Builder) {
	if s.shown.Row > 0 {
		fmt.Fprintf(b, "\x1b[%dA", s.shown.Row)
	}
	b.WriteByte('\r')
}

// resized finds out where the cursor is now: a terminal that has become narrower has broken the lines
// above it into several.
func (s *screen) resized() {
	width, _ := s.size()
	row := 0
	for i, line := range s.shown.Lines {
		cells := 0
		for _, span := range line {
			cells += prompt.Width(span.Text)
		}
		if i == s.shown.Row {
			row += s.shown.Col / width
			break
		}
		row += max(1, (cells+width-1)/width)
	}
	s.shown.Row = row
}

// erase leaves the cursor where the first line was.
func (s *screen) erase() {
	if s.shown.Lines == nil {
		return
	}
	var b strings.Builder
	s.toTop(&b)
	b.WriteString("\x1b[J")
	_, _ = io.WriteString(s.t.out, b.String())
	s.shown = prompt.Frame{}
}
