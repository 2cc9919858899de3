// Package terminal asks people.
package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"keyfob/internal/prompt"
)

// Lines asks line by line.
type Lines struct {
	In      io.Reader
	Out     io.Writer
	Verbose bool
	r       *bufio.Reader
}

func (l *Lines) line(ctx context.Context, flag string) (string, error) {
	if l.r == nil {
		l.r = bufio.NewReader(l.In)
	}
	s, err := l.r.ReadString('\n')
	if err != nil && s == "" {
		fmt.Fprintln(l.Out)
		return "", &prompt.MissingError{Flag: flag}
	}
	return strings.TrimSpace(s), nil
}

// Ask asks.
func (l *Lines) Ask(ctx context.Context, f prompt.Field) (string, error) {
	for {
		fmt.Fprint(l.Out, f.Prompt)
		s, err := l.line(ctx, f.Flag)
		if err != nil {
			return "", err
		}
		if s == "" {
			s = f.Default
		}
		if f.Check != nil {
			if err := f.Check(s); err != nil {
				fmt.Fprintln(l.Out, err)
				continue
			}
		}
		return s, nil
	}
}

// Choose chooses.
func (l *Lines) Choose(ctx context.Context, m prompt.Menu) (int, error) {
	fmt.Fprintln(l.Out, m.Title)
	for i, r := range m.Rows {
		fmt.Fprintf(l.Out, "%d %s\n", i+1, r.Label)
	}
	for {
		s, err := l.line(ctx, m.Flag)
		if err != nil {
			return 0, err
		}
		if s == "" {
			return m.Selected, nil
		}
		if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= len(m.Rows) {
			return n - 1, nil
		}
	}
}

// Say says.
func (l *Lines) Say(text string) { fmt.Fprintln(l.Out, text) }

// Terminal is one.
type Terminal struct{ Lines }

// Open opens.
func Open(in, out *os.File, lookup func(string) (string, bool)) (*Terminal, bool) { return nil, false }

// Discard discards.
func (t *Terminal) Discard() {}

// Busy shows.
func (t *Terminal) Busy(string) func() { return func() {} }
