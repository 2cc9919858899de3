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
	if len(m.Rows) == 0 {
		return 0, &prompt.MissingError{Flag: m.Flag}
	}
	m.Selected = min(max(m.Selected, 0), len(m.Rows)-1)
	all := make([]int, len(m.Rows))
	for i := range all {
		all[i] = i
	}
	l.Say(m.Title)
	l.list(m, all)
	for {
		answer, err := l.ask(ctx, fmt.Sprintf("Choose 1-%d [%d]: ", len(m.Rows), m.Selected+1), m.Flag)
		if err != nil {
			return 0, err
		}
		if answer == "" {
			return m.Selected, nil
		}
		i, ok, like := pick(m, answer)
		if ok {
			return i, nil
		}
		kind := "There is no"
		if len(like) > 1 {
			kind = "There is more than one"
		}
		l.Say(fmt.Sprintf("%s %s %q; give a number from 1 to %d", kind, m.Noun, answer, len(m.Rows)))
		l.list(m, like)
	}
}

// maxLike is how many rows are listed that an answer may have meant.
const maxLike = 20

// pick is the row that an answer means: its label or one of its fields, if no other row has it, or its
// number. Otherwise like is the rows that may have been meant.
func pick(m prompt.Menu, answer string) (row int, ok bool, like []int) {
	for i, r := range m.Rows {
		if r.Label == answer || slices.Contains(r.Fields, answer) {
			like = append(like, i)
		}
	}
	if len(like) == 1 {
		return like[0], true, nil
	}
	if n, err := strconv.Atoi(answer); len(like) == 0 && err == nil {
		// The id of an account that is not listed is no number, however many zeros it begins with.
		return n - 1, 1 <= n && n <= len(m.Rows) && strconv.Itoa(n) == answer, nil
	}
	if len(like) == 0 {
		like = prompt.Find(m, answer)
	}
	return 0, false, like[:min(len(like), maxLike)]
}

// list prints rows with their numbers.
func (l *Lines) list(m prompt.Menu, rows []int) {
	var b strings.Builder
	for _, i := range rows {
		fmt.Fprintf(&b, "%5d  %s\n", i+1, prompt.Harmless(m.Rows[i].Label))
	}
	_, _ = io.WriteString(l.Out, b.String())
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
