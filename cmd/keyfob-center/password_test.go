package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// typist is a person at a terminal on which a command runs.
type typist struct {
	*testing.T
	cmd  *exec.Cmd
	tty  *os.File
	in   *bufio.Reader
	seen strings.Builder
}

func atTerminal(t *testing.T, args ...string) *typist {
	t.Helper()
	cmd := exec.Command("keyfob-center", args...)
	tty, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() }) //nolint:errcheck // a test
	if err := tty.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		t.Fatal(err)
	}
	return &typist{T: t, cmd: cmd, tty: tty, in: bufio.NewReader(tty)}
}

// await reads until text is on the screen.
func (p *typist) await(text string) {
	p.Helper()
	for !strings.Contains(p.seen.String(), text) {
		b, err := p.in.ReadByte()
		if err != nil {
			p.Fatalf("%v before %q; seen %q", err, text, p.seen.String())
		}
		p.seen.WriteByte(b)
	}
}

func (p *typist) write(s string) {
	p.Helper()
	time.Sleep(50 * time.Millisecond) // echo is turned off after the prompt is shown
	if _, err := io.WriteString(p.tty, s); err != nil {
		p.Fatal(err)
	}
}

// end returns the exit code, and the whole screen.
func (p *typist) end() (int, string) {
	p.Helper()
	b, _ := io.ReadAll(p.in) // a terminal ends with an error
	p.seen.Write(b)
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), p.seen.String()
	} else if err != nil {
		p.Fatal(err)
	}
	return 0, p.seen.String()
}

func TestPasswordIsAskedForWithoutEcho(t *testing.T) {
	config := filepath.Join(t.TempDir(), "center.yaml")
	if err := os.WriteFile(config, []byte(minimal+"users: [{name: ada}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("typed twice", func(t *testing.T) {
		p := atTerminal(t, "user", "password", "ada", "--config", config)
		p.await("Password: ")
		p.write("correct horse\n")
		p.await("Once more: ")
		p.write("correct horse\n")
		if code, seen := p.end(); code != 0 || strings.Contains(seen, "horse") || !strings.Contains(seen, "Changed the password of ada") {
			t.Errorf("%d %q", code, seen)
		}
	})
	t.Run("typed differently", func(t *testing.T) {
		p := atTerminal(t, "user", "password", "ada", "--config", config)
		p.await("Password: ")
		p.write("correct horse\n")
		p.await("Once more: ")
		p.write("correct house\n")
		if code, seen := p.end(); code != exitUsage || !strings.Contains(seen, "the two passwords differ") {
			t.Errorf("%d %q", code, seen)
		}
	})
	t.Run("Ctrl-C", func(t *testing.T) {
		p := atTerminal(t, "user", "password", "ada", "--config", config)
		p.await("Password: ")
		p.write("\x03")
		if code, seen := p.end(); code != exitInterrupted {
			t.Errorf("%d %q", code, seen)
		}
	})
}
