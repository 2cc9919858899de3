//go:build unix

package keyfob_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Ctrl-C on a real terminal ends any step at once with 130, and what was there stays usable.
func TestCtrlC(t *testing.T) {
	h := signedIn(t)
	// How long a call waits between attempts is random, and must not be over before the key is pressed.
	if out, err := h.keyfob(t.Context(), "configure", "set", "max_attempts", "9", "--profile", "dev").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		name   string
		args   []string
		ready  *regexp.Regexp // when to press it
		expire bool           // the token first, so that it has to be refreshed
		fault  string
	}{
		{name: "waiting for the browser", args: []string{"sso", "login", "--profile", "dev", "--no-browser"}, ready: authorizeURL},
		{name: "waiting for the code", args: []string{"sso", "login", "--profile", "dev", "--no-browser", "--use-device-code"}, ready: deviceURL},
		{
			name: "registering", args: []string{"sso", "login", "--profile", "old", "--no-browser", "--debug"},
			fault: `{"operation":"RegisterClient","delay":"20s","times":-1}`,
		},
		{
			name: "refreshing", args: []string{"configure", "export-credentials", "--profile", "dev"}, expire: true,
			fault: `{"operation":"CreateToken:refresh_token","delay":"20s","times":-1}`,
		},
		{
			name: "between attempts", args: []string{"configure", "export-credentials", "--profile", "dev"}, expire: true,
			fault: `{"operation":"GetRoleCredentials","status":503,"times":-1}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.expire {
				h.expire(t)
			}
			if c.fault != "" {
				if _, err := h.c.control("POST", "/faults", c.fault); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if _, err := h.c.control("DELETE", "/faults", ""); err != nil {
						t.Error(err)
					}
				}()
			}
			before := tokenFile(t, h)
			code, screen, took := interrupt(t, h, c.args, c.ready)
			if code != 130 {
				t.Errorf("exit code %d, want 130; the screen shows %q", code, screen)
			}
			if took > 2*time.Second {
				t.Errorf("it took %s to end", took)
			}
			if strings.Contains(screen, "goroutine") || strings.Contains(screen, "keyfob: error") {
				t.Errorf("the screen shows %q", screen)
			}
			if c.ready != nil && !bytes.Equal(before, tokenFile(t, h)) {
				t.Error("an interrupted sign-in changed the token")
			}
		})
	}
	h.expire(t)
	if out, err := h.keyfob(t.Context(), "sts", "get-caller-identity", "--profile", "dev").CombinedOutput(); err != nil {
		t.Errorf("after all that: %v\n%s", err, out)
	}
}

func tokenFile(t *testing.T, h home) []byte {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(h.dir, ".aws/sso/cache/*.json"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte("accessToken")) {
			return b
		}
	}
	t.Fatal("there is no token")
	return nil
}

// interrupt runs keyfob on a terminal and presses Ctrl-C when ready has appeared, or after a moment.
func interrupt(t *testing.T, h home, args []string, ready *regexp.Regexp) (code int, screen string, took time.Duration) {
	t.Helper()
	c := h.keyfob(t.Context(), args...)
	terminal, err := pty.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close() //nolint:errcheck // the process has ended
	var shown bytes.Buffer
	chunks := make(chan []byte)
	go func() {
		defer close(chunks)
		for {
			b := make([]byte, 4096)
			n, err := terminal.Read(b)
			if n > 0 {
				chunks <- b[:n]
			}
			if err != nil { // EIO once the other side is closed
				return
			}
		}
	}()
	wait := time.After(10 * time.Second)
	if ready == nil {
		wait = time.After(700 * time.Millisecond)
	}
waiting:
	for ready == nil || !ready.Match(shown.Bytes()) {
		select {
		case b, ok := <-chunks:
			if !ok {
				break waiting
			}
			shown.Write(b)
		case <-wait:
			if ready != nil {
				t.Errorf("%v did not appear", ready)
			}
			break waiting
		}
	}
	pressed := time.Now()
	if _, err := terminal.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case b, ok := <-chunks:
			if !ok {
				chunks = nil
			}
			shown.Write(b)
		case err := <-ended:
			took = time.Since(pressed)
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			return code, shown.String(), took
		}
	}
}
