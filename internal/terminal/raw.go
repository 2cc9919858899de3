package terminal

import (
	"io"

	"golang.org/x/term"
)

// rawMode is the terminal while a question is open: keys come one by one, unseen, and pastes marked.
type rawMode struct {
	t   *Terminal
	was *term.State
}

func (t *Terminal) makeRaw() (*rawMode, error) {
	r := &rawMode{t: t}
	return r, r.enter()
}

func (r *rawMode) enter() (err error) {
	if r.was, err = term.MakeRaw(int(r.t.in.Fd())); err == nil {
		_, _ = io.WriteString(r.t.out, "\x1b[?2004h")
	}
	return err
}

func (r *rawMode) restore() {
	_, _ = io.WriteString(r.t.out, "\x1b[?2004l")
	_ = term.Restore(int(r.t.in.Fd()), r.was)
}

// suspend stops the program, as Ctrl-Z does, until the shell wants it again.
func (r *rawMode) suspend() {
	r.restore()
	stop()
	_ = r.enter()
}

// Discard throws away what was typed while nothing was asked.
func (t *Terminal) Discard() {
	t.pending = nil
	flush(t.in)
}
