// Package terminal asks people: at a terminal, where it draws the models of package prompt below what is
// there already, or line by line, from a pipe or for a screen reader.
//
// The commands' builders make it. It must not know what is asked. A Terminal is in raw mode only while a
// question is open, and is left as it was found on every way out.
package terminal

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"

	"keyfob/internal/prompt"
)

// Terminal asks at a terminal. It is for one goroutine.
type Terminal struct {
	in, out *os.File
	color   bool
	pending []byte // what was typed ahead of the next question
}

// Open returns a Terminal when in and out are one that can do more than print lines.
func Open(in, out *os.File, lookup func(key string) (string, bool)) (*Terminal, bool) {
	if kind, _ := lookup("TERM"); kind == "dumb" || kind == "" && needsTERM {
		return nil, false
	}
	if !Is(in) || !Is(out) || !canDraw(out) {
		return nil, false
	}
	no, _ := lookup("NO_COLOR")
	return &Terminal{in: in, out: out, color: no == ""}, true
}

// Is reports whether a file, which may be nil, is a terminal.
func Is(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// Width is how many columns a terminal has, 80 if it does not say.
func Width(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// model is what package prompt has: it takes keys and shows frames.
type model interface {
	Update(k prompt.Key) (done bool, err error)
	View(width, height int) prompt.Frame
}

// Ask asks for a line of text. The question stays on the screen with its answer.
func (t *Terminal) Ask(ctx context.Context, f prompt.Field) (string, error) {
	l := prompt.NewLine(f)
	if err := t.run(ctx, l); err != nil {
		return "", err
	}
	t.Say(l.Last())
	return l.Answer(), nil
}

// Choose asks for a row of a menu. Only the title stays on the screen.
func (t *Terminal) Choose(ctx context.Context, m prompt.Menu) (int, error) {
	t.Say(m.Title)
	l := prompt.NewList(m)
	if err := t.run(ctx, l); err != nil {
		return 0, err
	}
	return l.Index(), nil
}

// Say prints a line, or several.
func (t *Terminal) Say(text string) { say(t.out, text) }

// say prints lines, some words of which may come from outside.
func say(out io.Writer, text string) {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = prompt.Harmless(lines[i])
	}
	_, _ = io.WriteString(out, strings.Join(lines, "\n")+"\n")
}

// busyAfter is how long something may take before a person wants to know that it goes on.
const busyAfter = 300 * time.Millisecond

// Busy says what takes so long, if it does, until done is called.
func (t *Terminal) Busy(text string) (done func()) {
	var m sync.Mutex
	shown, over := false, false
	timer := time.AfterFunc(busyAfter, func() {
		m.Lock()
		defer m.Unlock()
		if !over {
			shown = true
			_, _ = io.WriteString(t.out, t.styled(prompt.Faint, text))
		}
	})
	return func() {
		timer.Stop()
		m.Lock()
		defer m.Unlock()
		if over = true; shown {
			_, _ = io.WriteString(t.out, "\r\x1b[K")
		}
	}
}

// run lets a person answer, until the model is done or ctx is.
func (t *Terminal) run(ctx context.Context, m model) error {
	raw, err := t.makeRaw()
	if err != nil {
		return err
	}
	s := &screen{t: t, m: m}
	defer func() {
		s.erase()
		raw.restore()
	}()
	reader, err := cancelreader.NewReader(t.in)
	if err != nil {
		return err
	}
	input := make(chan []byte)
	go read(reader, input)
	defer func() {
		reader.Cancel()
		for b := range input {
			t.pending = append(t.pending, b...)
		}
		_ = reader.Close()
	}()
	resized, stop := resizes()
	defer stop()

	for {
		done, err := t.feed(m, s, raw)
		if done || err != nil {
			return err
		}
		s.draw()
		var lone <-chan time.Time
		if len(t.pending) > 0 && !bytes.HasPrefix(t.pending, []byte(pasteBegin)) { // a paste ends with its mark alone
			lone = time.After(escapeWait)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-resized:
			s.resized()
		case b, ok := <-input:
			if !ok {
				return io.ErrUnexpectedEOF // the terminal is gone
			}
			t.pending = append(t.pending, b...)
		case <-lone:
			t.pending = append(t.pending, loneEscape)
		}
	}
}

// feed gives the model what was typed, key by key: what is typed after the answer is for the next question.
func (t *Terminal) feed(m model, s *screen, raw *rawMode) (done bool, err error) {
	for {
		k, n := decode(t.pending)
		if n == 0 {
			return false, nil
		}
		t.pending = t.pending[n:]
		if k.Code == suspend {
			s.erase()
			raw.suspend()
			continue
		}
		if k.Code == prompt.Type && k.Text == "" {
			continue
		}
		if done, err = m.Update(k); done || err != nil {
			return done, err
		}
	}
}

// read passes on what is typed until r is cancelled, or the terminal is gone.
func read(r io.Reader, input chan<- []byte) {
	defer close(input)
	for {
		buffer := make([]byte, 4096)
		n, err := r.Read(buffer)
		if err != nil {
			return
		}
		input <- buffer[:n]
	}
}

// styled is text as a style looks, on light and dark grounds alike.
func (t *Terminal) styled(style prompt.Style, text string) string {
	code := ""
	switch style {
	case prompt.Faint:
		code = "2"
	case prompt.Selected:
		code = "1"
	case prompt.Matched:
		code = "1;4"
	case prompt.Wrong:
		code = "31"
	}
	if code == "" || !t.color || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
