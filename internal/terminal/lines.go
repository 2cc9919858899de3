package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"keyfob/internal/prompt"
)

// Lines asks line by line, in plain text: for pipes, dumb terminals and screen readers. It is for one
// goroutine.
type Lines struct {
	In  io.Reader
	Out io.Writer
	// Verbose gives each question its help, for somebody who has no other way to see it.
	Verbose bool
	// Echo prints the answers, which a terminal would show by itself.
	Echo bool

	in *bufio.Reader
}

// maxLine is how long an answer may be, in bytes.
const maxLine = 64 << 10

// Ask asks for a line of text.
func (l *Lines) Ask(ctx context.Context, f prompt.Field) (string, error) {
	if l.Verbose && f.Help != "" {
		l.Say(f.Help)
	}
	for {
		answer, err := l.ask(ctx, f.Prompt, f.Flag)
		if err != nil {
			return "", err
		}
		if answer == "" {
			answer = f.Default
		}
		if f.Check == nil {
			return answer, nil
		}
		if err := f.Check(answer); err == nil {
			return answer, nil
		} else {
			l.Say(err.Error())
		}
	}
}

// Choose asks for a row of a menu, by its number or by what it is found by.
func (l *Lines) Choose(ctx context.Context, m prompt.Menu) (int, error) {
	var b strings.Builder
	b.WriteString(prompt.Harmless(m.Title) + "\n")
	for i, r := range m.Rows {
		fmt.Fprintf(&b, "%5d  %s\n", i+1, prompt.Harmless(r.Label))
	}
	_, _ = io.WriteString(l.Out, b.String())
	for {
		answer, err := l.ask(ctx, fmt.Sprintf("Choose 1-%d [%d]: ", len(m.Rows), m.Selected+1), m.Flag)
		if err != nil {
			return 0, err
		}
		if answer == "" {
			return m.Selected, nil
		}
		named := func(r prompt.Row) bool { return r.Label == answer || slices.Contains(r.Fields, answer) }
		if i := slices.IndexFunc(m.Rows, named); i >= 0 {
			return i, nil
		}
		if n, err := strconv.Atoi(answer); err == nil && 1 <= n && n <= len(m.Rows) {
			return n - 1, nil
		}
		l.Say(fmt.Sprintf("There is no %s %q; give a number from 1 to %d", m.Noun, answer, len(m.Rows)))
	}
}

// Say prints a line, or several.
func (l *Lines) Say(text string) { say(l.Out, text) }

// ask prints a question and reads a line. It ends with ctx although the read goes on: the program is
// about to end.
func (l *Lines) ask(ctx context.Context, question, flag string) (string, error) {
	if _, err := io.WriteString(l.Out, prompt.Harmless(question)); err != nil {
		return "", err
	}
	if l.in == nil {
		l.in = bufio.NewReaderSize(l.In, maxLine)
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := l.in.ReadSlice('\n')
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case got := <-read:
		answer := strings.TrimSpace(string(got.text))
		switch {
		case errors.Is(got.err, bufio.ErrBufferFull):
			return "", fmt.Errorf("the answer to %s is too long", flag)
		case got.err != nil && answer == "":
			l.Say("")
			return "", &prompt.MissingError{Flag: flag}
		}
		if l.Echo {
			l.Say(answer)
		}
		return answer, nil
	}
}
