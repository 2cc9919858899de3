//go:build unix

package keyfob_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Each shell shows the profile in its prompt, whatever its name, after the person's own startup files, and
// leaves nothing behind.
func TestShellPrompts(t *testing.T) {
	const evil = "$(touch pwned)`touch pwned`%n\\w;x"
	for _, sh := range []struct{ name, startup, content string }{
		{"bash", ".bashrc", "PS1='mine> '; MINE=yes; export AWS_PROFILE=stale"},
		{"zsh", ".zshrc", "setopt PROMPT_SUBST; PROMPT='mine> '; MINE=yes; export AWS_PROFILE=stale"},
		{"fish", ".config/fish/config.fish", "function fish_prompt; echo -n 'mine> '; end; set MINE yes; set -gx AWS_PROFILE stale"},
		{"dash", ".profile", ""},
	} {
		for _, server := range []bool{false, true} {
			t.Run(sh.name, func(t *testing.T) {
				path, err := exec.LookPath(sh.name)
				if err != nil {
					t.Skip("SKIP-TOOL: " + sh.name)
				}
				home := t.TempDir()
				for name, content := range map[string]string{
					".aws/config": "[profile '" + evil + "']\naws_access_key_id = AKIAEVIL\naws_secret_access_key = s\n",
					sh.startup:    sh.content + "\n",
					// Else fish makes these in the background for ten seconds, on the same terminal.
					".local/share/fish/generated_completions/none": "",
				} {
					if err := os.MkdirAll(filepath.Dir(filepath.Join(home, name)), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				args := []string{"shell", "--profile", evil}
				if server {
					args = append(args, "--server")
				}
				c := exec.CommandContext(ctx, filepath.Join(bin, "keyfob"), args...)
				c.Dir = home
				c.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin", "SHELL=" + path, "TERM=dumb", "TMPDIR=" + home, "LC_ALL=C.UTF-8", "fish_features=no-query-term"}
				terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: 200})
				if err != nil {
					t.Fatal(err)
				}
				defer terminal.Close() //nolint:errcheck // the process has ended
				var screen strings.Builder
				chunks := make(chan string)
				go func() {
					defer close(chunks)
					b := make([]byte, 4096)
					for {
						n, err := terminal.Read(b)
						if n > 0 {
							chunks <- string(b[:n])
						}
						if err != nil {
							return
						}
					}
				}()
				wait := func(what string) {
					t.Helper()
					for !strings.Contains(screen.String(), what) {
						select {
						case s, ok := <-chunks:
							if !ok {
								t.Fatalf("ended before %q; the screen shows %q", what, screen.String())
							}
							screen.WriteString(s)
						case <-time.After(10 * time.Second):
							t.Fatalf("%q did not come; the screen shows %q", what, screen.String())
						}
					}
				}
				prompt := "(" + evil + ") mine> "
				if sh.name == "dash" {
					prompt = "(" + evil + ") $ "
				}
				wait(prompt)
				if _, err := terminal.WriteString("echo \"one-$MINE-two-$AWS_PROFILE-three-$AWS_ACCESS_KEY_ID-four\" >seen; sh -c 'echo $KEYFOB_PROFILE' >name; exit\r"); err != nil {
					t.Fatal(err)
				}
				for s := range chunks {
					screen.WriteString(s)
				}
				if err := c.Wait(); err != nil {
					t.Errorf("%v; the screen shows %q", err, screen.String())
				}
				want := "one-yes-two--three-AKIAEVIL-four\n"
				if server {
					want = "one-yes-two--three--four\n"
				}
				if sh.name == "dash" {
					want = strings.Replace(want, "yes", "", 1)
				}
				if got, err := os.ReadFile(filepath.Join(home, "seen")); err != nil || string(got) != want {
					t.Errorf("%v: it saw %q, want %q", err, got, want)
				}
				if got, err := os.ReadFile(filepath.Join(home, "name")); err != nil || string(got) != evil+"\n" {
					t.Errorf("%v: the name is %q", err, got)
				}
				left, _ := filepath.Glob(filepath.Join(home, "keyfob-*"))
				if _, err := os.Stat(filepath.Join(home, "pwned")); err == nil || len(left) > 0 {
					t.Errorf("pwned: %v; left behind: %q", err == nil, left)
				}
			})
		}
	}
}
