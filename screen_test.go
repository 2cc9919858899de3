//go:build unix

package keyfob_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// screen is a real terminal, tmux's, with keyfob running in it: what a person sees is what is compared.
type screen struct {
	t      *testing.T
	socket string
}

// newScreen runs keyfob on a terminal of that size.
func newScreen(t *testing.T, h home, width, height int, args ...string) *screen {
	t.Helper()
	return newProgramScreen(t, h, width, height, append([]string{filepath.Join(bin, "keyfob")}, args...)...)
}

func newProgramScreen(t *testing.T, h home, width, height int, program ...string) *screen {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("needs tmux")
	}
	// A socket's path must be short.
	dir, err := os.MkdirTemp("", "kf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &screen{t: t, socket: filepath.Join(dir, "s")}
	command := exec.Command("tmux", append([]string{
		"-S", s.socket, "-f", "/dev/null", "-u", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), "--",
	}, program...)...)
	// The program has to stay to be looked at when it is done, and "new-session" runs it at once.
	command.Args = append(command.Args[:6:6], append([]string{"set", "-g", "remain-on-exit", "on", ";", "set", "-g", "remain-on-exit-format", "", ";", "set", "-g", "default-terminal", "tmux-256color", ";"}, command.Args[6:]...)...)
	command.Env = append(h.keyfob(t.Context()).Env, "AWS_ENDPOINT_URL="+h.c.URL, "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", s.socket, "kill-server").Run() })
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// press presses keys by their names in tmux: Enter, Up, C-c, a.
func (s *screen) press(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// enter types text and presses Enter.
func (s *screen) enter(text string) {
	s.t.Helper()
	s.write(text)
	s.press("Enter")
}

func (s *screen) write(text string) {
	s.t.Helper()
	if text != "" {
		s.tmux("send-keys", "-l", "--", text)
	}
}

func (s *screen) resize(width, height int) {
	s.t.Helper()
	s.tmux("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height))
}

// text is what the screen shows, without blanks at the ends of lines and empty lines at the end.
func (s *screen) text() string {
	s.t.Helper()
	var lines []string
	for line := range strings.SplitSeq(s.tmux("capture-pane", "-p"), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// wait waits until the screen shows something, and a moment longer until it stays as it is.
func (s *screen) wait(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	last := ""
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		now := s.text()
		if now == last && re.MatchString(now) {
			return now
		}
		last = now
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is not on the screen:\n%s", pattern, now)
		}
	}
}

// all is everything the terminal has shown, long lines whole again.
func (s *screen) all() string {
	s.t.Helper()
	return s.tmux("capture-pane", "-p", "-J", "-S", "-")
}

// exitCode waits for the program's end.
func (s *screen) exitCode() int {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if dead, status, _ := strings.Cut(strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_dead} #{pane_dead_status}")), " "); dead == "1" {
			if code, err := strconv.Atoi(status); err == nil {
				return code
			}
			// tmux has seen the terminal close and missed the signal; the end of another child makes it look.
			s.tmux("run-shell", "true")
		}
	}
	s.t.Fatalf("it is still running:\n%s", s.text())
	return -1
}
