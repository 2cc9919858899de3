//go:build unix

package credprocess

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestRun(t *testing.T) {
	var stderr bytes.Buffer
	in, err := os.Open("credprocess_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // it is only read
	r := &Runner{Stdin: in, Stderr: &stderr, Extra: []string{"_AWS_CLI_PROFILE_CHAIN=a,b"}}
	t.Setenv("_AWS_CLI_PROFILE_CHAIN", "a")
	t.Setenv("KEYFOB_TEST", "inherited")
	out, err := r.Run(t.Context(), sh(`echo "$_AWS_CLI_PROFILE_CHAIN $KEYFOB_TEST"; echo complaint >&2; head -n 1`))
	if want := "a,b inherited\n//go:build unix\n"; err != nil || string(out) != want || stderr.String() != "complaint\n" {
		t.Errorf("%s, %v, stderr %s", out, err, stderr.String())
	}
	out, err = r.Run(t.Context(), []string{"/bin/echo", "$HOME", "*", "a b", "; ls"})
	if err != nil || string(out) != "$HOME * a b ; ls\n" {
		t.Errorf("%s, %v: was there a shell?", out, err)
	}
}

// Nothing is read from what is not a file: it is for somebody else.
func TestStdinIsNotRead(t *testing.T) {
	in := strings.NewReader("for somebody else")
	out, err := (&Runner{Stdin: in}).Run(t.Context(), []string{"/bin/cat"})
	if err != nil || len(out) != 0 || in.Len() != len("for somebody else") {
		t.Errorf("%q, %v, %d left", out, err, in.Len())
	}
}

func TestFailures(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		argv []string
		want string
	}{
		"fails":           {append(sh("echo s-e-c-r-e-t; exit 3"), "s-e-c-r-e-t"), "/bin/sh failed: exit status 3"},
		"is killed":       {sh("kill -9 $$"), "/bin/sh failed: signal: killed"},
		"is not there":    {[]string{"no-such-program-of-ours", "s-e-c-r-e-t"}, "no-such-program-of-ours cannot be run: executable file not found in $PATH"},
		"is no program":   {[]string{plain, "s-e-c-r-e-t"}, plain + " cannot be run: permission denied"},
		"prints too much": {sh("yes s-e-c-r-e-t"), "/bin/sh printed more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := (&Runner{}).Run(t.Context(), c.argv)
			if err == nil || err.Error() != c.want || out != nil {
				t.Errorf("%d bytes, %v; want %s", len(out), err, c.want)
			}
		})
	}
}

// Ctrl-C reaches the program, which may have something to put in order, and ends the wait.
func TestInterrupt(t *testing.T) {
	dir, reason := t.TempDir(), errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for range 1000 {
			if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		cancel(reason)
	}()
	_, err := (&Runner{}).Run(ctx, []string{"/bin/sh", "-c", `trap 'touch "$0/tidy"; exit 0' INT; touch "$0/ready"; while :; do sleep 0.05; done`, dir})
	if _, missing := os.Stat(filepath.Join(dir, "tidy")); !errors.Is(err, reason) || missing != nil {
		t.Errorf("%v, %v", err, missing)
	}
}
