//go:build unix

package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script writes a program to start as a browser.
func script(t *testing.T, text string) (path, out string) {
	t.Helper()
	dir := t.TempDir()
	path, out = filepath.Join(dir, "browser"), filepath.Join(dir, "out")
	text = "#!/bin/sh\n" + strings.ReplaceAll(text, "OUT", out) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, out
}

// TestLaunch: the page arrives as one argument that no shell has looked at, and the program has
// neither the terminal's session nor anything to read or write.
func TestLaunch(t *testing.T) {
	path, out := script(t, `{ printf '%s\n' "$#" "$1"; ps -o sid= -p $$ 2>/dev/null || awk '{print $6}' /proc/$$/stat; echo $$
readlink /proc/$$/fd/0 || echo /dev/null; readlink /proc/$$/fd/1; } >OUT.part
echo noise; echo noise >&2; mv OUT.part OUT`)
	if err := (Opener{LookupEnv: environment("BROWSER", path)}).Open(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	if lines[0] != "1" || lines[1] != page {
		t.Errorf("got %q", lines)
	}
	if sid, pid := strings.TrimSpace(lines[2]), lines[3]; sid != pid {
		t.Errorf("session %s, process %s: Ctrl-C in the terminal would close the browser", sid, pid)
	}
	if lines[4] != "/dev/null" {
		t.Errorf("stdin is %s", lines[4])
	}
}

// TestInterruptedLaunch: Ctrl-C ends the wait for the launcher and leaves what it started alone.
func TestInterruptedLaunch(t *testing.T) {
	path, out := script(t, `echo $$ >OUT.part; mv OUT.part OUT; sleep 30`)
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for range 500 {
			if _, err := os.Stat(out); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel(stop)
	}()
	if err := (Opener{LookupEnv: environment("BROWSER", path)}).Open(ctx, page); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	for _, c := range strings.TrimSpace(string(b)) {
		pid = pid*10 + int(c-'0')
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("the browser is gone: %v", err)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

// TestBrowserThatStays: one that does not return is the browser itself.
func TestBrowserThatStays(t *testing.T) {
	path, out := script(t, `echo $$ >OUT; exec sleep 30`)
	began := time.Now()
	if err := (Opener{LookupEnv: environment("BROWSER", path)}).Open(t.Context(), page); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d < patience || d > patience+5*time.Second {
		t.Errorf("waited %v", d)
	}
	b, _ := os.ReadFile(out)
	var pid int
	for _, c := range strings.TrimSpace(string(b)) {
		pid = pid*10 + int(c-'0')
	}
	if pid > 1 {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
