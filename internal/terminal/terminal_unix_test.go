//go:build unix

package terminal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"keyfob/internal/prompt"
)

// person is at the other end of a terminal.
type person struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	m      sync.Mutex
	seen   bytes.Buffer
}

func newTerminal(t *testing.T, env ...string) (*Terminal, *person) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, master: master, tty: tty}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			p.m.Lock()
			p.seen.Write(b[:n])
			p.m.Unlock()
		}
	}()
	t.Cleanup(func() { _, _ = tty.Close(), master.Close(); <-done })
	terminal, ok := Open(tty, tty, func(key string) (string, bool) {
		for i := 0; i < len(env); i += 2 {
			if env[i] == key {
				return env[i+1], true
			}
		}
		if key == "TERM" {
			return "xterm", true
		}
		return "", false
	})
	if !ok {
		t.Fatal("not a terminal")
	}
	return terminal, p
}

func (p *person) screen() string {
	p.m.Lock()
	defer p.m.Unlock()
	return p.seen.String()
}

func (p *person) wait(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(p.screen(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%q is not in %q", text, p.screen())
		}
	}
}

func (p *person) types(text string) {
	p.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

type answered struct {
	answer string
	err    error
}

func ask(ctx context.Context, t *Terminal, f prompt.Field) <-chan answered {
	c := make(chan answered, 1)
	go func() {
		a, err := t.Ask(ctx, f)
		c <- answered{a, err}
	}()
	return c
}

func TestTerminalAsk(t *testing.T) {
	terminal, p := newTerminal(t)
	before, err := term.GetState(int(p.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, typed string
		want        answered
	}{
		{"an answer", "eu\r", answered{"eu", nil}},
		{"a paste", "\x1b[200~eu west\n\x1b[201~\r", answered{"eu west", nil}},
		{"Ctrl-C", "eu\x03", answered{"", prompt.ErrInterrupted}},
		{"a lone Esc", "\x1b", answered{"", prompt.ErrBack}},
		{"editing", "x\x1b[D\x1bOHa\x7f\x1b[4~y\r", answered{"xy", nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := ask(t.Context(), terminal, prompt.Field{Prompt: "Region " + c.name + ": "})
			p.wait("Region " + c.name + ": ")
			p.types(c.typed)
			if got := <-done; got.answer != c.want.answer || !errors.Is(got.err, c.want.err) {
				t.Errorf("%+v", got)
			}
			after, err := term.GetState(int(p.tty.Fd()))
			if err != nil || *after != *before {
				t.Error("the terminal is not as it was")
			}
		})
	}
	// Typed ahead of the question, also beyond the answer before it.
	done := ask(t.Context(), terminal, prompt.Field{Prompt: "First: "})
	p.wait("First: ")
	p.types("one\rtwo\rthree\r")
	if got := <-done; got.answer != "one" {
		t.Errorf("%+v", got)
	}
	if got := <-ask(t.Context(), terminal, prompt.Field{Prompt: "Second: "}); got.answer != "two" {
		t.Errorf("%+v", got)
	}
	terminal.Discard()
	done = ask(t.Context(), terminal, prompt.Field{Prompt: "Third: "})
	p.wait("Third: ")
	select {
	case got := <-done:
		t.Errorf("what was discarded answered: %+v", got)
	case <-time.After(100 * time.Millisecond):
		p.types("\x03")
		<-done
	}
}

func TestTerminalChoose(t *testing.T) {
	terminal, p := newTerminal(t)
	done := make(chan int, 1)
	go func() {
		i, err := terminal.Choose(t.Context(), prompt.Menu{Title: "There are 3.", Rows: []prompt.Row{{Label: "one"}, {Label: "two"}, {Label: "three"}}})
		if err != nil {
			t.Error(err)
		}
		done <- i
	}()
	p.wait("three")
	p.types("\x1b[A\r")
	if i := <-done; i != 2 {
		t.Errorf("chose %d", i)
	}
	if !strings.Contains(p.screen(), "There are 3.\r\n") {
		t.Errorf("%q", p.screen())
	}
}

// A signal ends a question and leaves the terminal usable.
func TestTerminalCancelled(t *testing.T) {
	terminal, p := newTerminal(t)
	before, err := term.GetState(int(p.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := ask(ctx, terminal, prompt.Field{Prompt: "Name: "})
	p.wait("Name: ")
	cancel(errors.New("terminated"))
	if got := <-done; got.err == nil || got.err.Error() != "terminated" {
		t.Errorf("%+v", got)
	}
	if after, err := term.GetState(int(p.tty.Fd())); err != nil || *after != *before {
		t.Error("the terminal is not as it was")
	}
}

func TestTerminalBusy(t *testing.T) {
	terminal, p := newTerminal(t)
	terminal.Busy("quick")()
	done := terminal.Busy("slow")
	p.wait("slow")
	done()
	if s := p.screen(); strings.Contains(s, "quick") || !strings.HasSuffix(s, "slow\x1b[0m\r\x1b[K") {
		time.Sleep(50 * time.Millisecond)
		if s = p.screen(); strings.Contains(s, "quick") || !strings.HasSuffix(s, "slow\x1b[0m\r\x1b[K") {
			t.Errorf("%q", s)
		}
	}
}

func TestNoColor(t *testing.T) {
	terminal, p := newTerminal(t, "NO_COLOR", "1")
	done := ask(t.Context(), terminal, prompt.Field{Prompt: "Name: ", Help: "what it is called"})
	p.wait("what it is called")
	p.types("\r")
	<-done
	if strings.Contains(p.screen(), "\x1b[2m") {
		t.Errorf("%q", p.screen())
	}
}

func TestOpenRefuses(t *testing.T) {
	_, p := newTerminal(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	kind := func(v string) func(string) (string, bool) {
		return func(k string) (string, bool) { return v, k == "TERM" }
	}
	for name, open := range map[string]func() (*Terminal, bool){
		"a pipe to read":  func() (*Terminal, bool) { return Open(r, p.tty, kind("xterm")) },
		"a pipe to write": func() (*Terminal, bool) { return Open(p.tty, w, kind("xterm")) },
		"dumb":            func() (*Terminal, bool) { return Open(p.tty, p.tty, kind("dumb")) },
		"no TERM":         func() (*Terminal, bool) { return Open(p.tty, p.tty, kind("")) },
		"no files":        func() (*Terminal, bool) { return Open(nil, nil, kind("xterm")) },
	} {
		if _, ok := open(); ok {
			t.Errorf("%s: is taken for a terminal", name)
		}
	}
}
