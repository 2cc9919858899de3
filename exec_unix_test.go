//go:build unix

package keyfob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Signals reach the command, whether it has taken keyfob's place or is its child, each once.
func TestExecPassesSignals(t *testing.T) {
	h := signedIn(t)
	for _, args := range [][]string{{"exec"}, {"exec", "--server"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			c := h.keyfob(ctx, append(args, "--profile", "dev", "--", os.Args[0])...)
			c.Env = append(c.Env, signalChild+"=1")
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal
			out, err := c.StdoutPipe()
			if err == nil {
				err = c.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := newLines(out)
			lines.wait(t, "ready")
			for _, s := range []struct {
				signal syscall.Signal
				name   string
			}{
				{syscall.SIGHUP, "HUP"},
				{syscall.SIGINT, "INT"},
				{syscall.SIGINT, "INT"},
				{syscall.SIGQUIT, "QUIT"},
				{syscall.SIGUSR1, "USR1"},
				{syscall.SIGUSR2, "USR2"},
				{syscall.SIGWINCH, "WINCH"},
				{syscall.SIGTERM, "TERM"},
			} {
				if err := c.Process.Signal(s.signal); err != nil {
					t.Fatal(err)
				}
				lines.wait(t, "got "+s.name)
			}
			rest := lines.all()
			if err := c.Wait(); code(err) != 9 {
				t.Errorf("ended with %v, want 9", err)
			}
			if len(rest) > 0 {
				t.Errorf("more came: %q", rest)
			}
		})
	}
}

// Ctrl-C reaches the command once, and keyfob does not end before it.
func TestExecCtrlC(t *testing.T) {
	h := signedIn(t)
	for _, args := range [][]string{{"exec"}, {"exec", "--server"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			c := h.keyfob(ctx, append(args, "--profile", "dev", "--", os.Args[0])...)
			c.Env = append(c.Env, signalChild+"=1")
			terminal, err := pty.Start(c)
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close() //nolint:errcheck // the process has ended
			lines := newLines(terminal)
			lines.wait(t, "ready")
			for range 3 {
				if _, err := terminal.Write([]byte{3}); err != nil {
					t.Fatal(err)
				}
				lines.wait(t, "got INT")
				time.Sleep(100 * time.Millisecond) // for one too many
			}
			if _, err := terminal.Write([]byte{0x1c}); err != nil {
				t.Fatal(err)
			}
			lines.wait(t, "got QUIT")
			if err := pty.Setsize(terminal, &pty.Winsize{Rows: 11, Cols: 33}); err != nil {
				t.Fatal(err)
			}
			lines.wait(t, "got WINCH")
			time.Sleep(100 * time.Millisecond)
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			lines.wait(t, "got TERM")
			if err := c.Wait(); code(err) != 9 {
				t.Errorf("ended with %v, want 9", err)
			}
		})
	}
}

// Ctrl-Z stops keyfob and the command together, in a shell that has them as one job, and fg goes on.
func TestExecJobControl(t *testing.T) {
	h := signedIn(t)
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIP-TOOL: bash")
	}
	for _, flag := range []string{"", "--server"} {
		t.Run("exec "+flag, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			c := exec.CommandContext(ctx, "bash", "--norc", "--noprofile", "-i")
			c.Env = append(h.keyfob(ctx).Env, "PS1=$ ", "PATH="+bin+":/usr/bin:/bin", "TERM=dumb", "INPUTRC=/dev/null")
			terminal, err := pty.Start(c)
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close() //nolint:errcheck // the process has ended
			lines := newLines(terminal)
			say := func(s string) {
				t.Helper()
				if _, err := io.WriteString(terminal, s); err != nil {
					t.Fatal(err)
				}
			}
			say("stty -echo; echo no''\\ echo\n")
			lines.wait(t, "no echo")
			say("keyfob exec " + flag + " --profile dev -- sh -c 'echo ready $$; read x; echo read $x; exit 5'\n")
			_, child, _ := strings.Cut(lines.wait(t, "ready "), "ready ")
			say("\x1a")
			lines.wait(t, "Stopped")
			// The shell waits for keyfob only. Until the command has stopped too, it is it that reads the terminal.
			waitStopped(t, child)
			say("echo in the shell\n")
			lines.wait(t, "in the shell")
			say("fg\n")
			time.Sleep(200 * time.Millisecond)
			say("something\n")
			lines.wait(t, "read something")
			say("echo code $?\n")
			lines.wait(t, "code 5")
			say("exit\n")
			_ = c.Wait()
		})
	}
}

// waitStopped waits until a process has taken the signal that stops it, where the system shows that.
func waitStopped(t *testing.T, pid string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if errors.Is(err, os.ErrNotExist) && runtime.GOOS != "linux" {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "T") {
			return
		}
	}
	t.Fatalf("process %s did not stop", pid)
}

func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// lines reads what a program says, as it comes.
type lines struct{ chunks chan []byte }

func newLines(r io.Reader) *lines {
	l := &lines{make(chan []byte, 1024)}
	go func() {
		defer close(l.chunks)
		var kept []byte
		for {
			b := make([]byte, 4096)
			n, err := r.Read(b)
			kept = append(kept, b[:n]...)
			for {
				line, rest, ok := bytes.Cut(kept, []byte("\n"))
				if !ok {
					break
				}
				l.chunks <- bytes.Clone(bytes.TrimSpace(line))
				kept = rest
			}
			if err != nil {
				return
			}
		}
	}()
	return l
}

// wait waits for the next line that holds s. The same again before it is one too many.
func (l *lines) wait(t *testing.T, s string) string {
	t.Helper()
	var seen []string
	timeout := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-l.chunks:
			if !ok {
				t.Fatalf("ended before %q, after %q", s, seen)
			}
			if bytes.Contains(line, []byte(s)) {
				return string(line)
			}
			seen = append(seen, string(line))
			if bytes.Contains(line, []byte("got ")) {
				t.Fatalf("%q came before %q", line, s)
			}
		case <-timeout:
			t.Fatalf("%q did not come, but %q", s, seen)
		}
	}
}

func (l *lines) all() (rest []string) {
	for line := range l.chunks {
		rest = append(rest, string(line))
	}
	return rest
}
