//go:build unix

package keyfob_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestPager is what a person at a terminal gets: the pager of their choice, a table as wide as the screen, colors.
func TestPager(t *testing.T) {
	h := signedIn(t)
	const paged = `AWS_PAGER=sh -c "echo paged; cat; exit 3"`
	table := []string{"sso", "list-accounts", "--profile", "dev", "--output", "table"}
	for _, c := range []struct {
		name    string
		env     []string
		args    []string
		want    []string
		without []string
		code    int
	}{
		{name: "chosen", env: []string{paged}, args: table, want: []string{"paged\r\n----", "\x1b[1m\x1b[34mSandbox\x1b[0m"}},
		{name: "before PAGER", env: []string{paged, "PAGER=no-such-pager"}, args: table, want: []string{"paged"}},
		{name: "PAGER", env: []string{strings.TrimPrefix(paged, "AWS_")}, args: table, want: []string{"paged"}},
		{name: "off", env: []string{"AWS_PAGER=", "PAGER=no-such-pager"}, args: table, want: []string{"Sandbox"}},
		{name: "not now", env: []string{paged}, args: append([]string{"--no-cli-pager"}, table...), want: []string{"Sandbox"}, without: []string{"paged"}},
		{name: "no color", env: []string{"AWS_PAGER=", "NO_COLOR=1"}, args: table, want: []string{"Sandbox"}, without: []string{"\x1b"}},
		{name: "nothing to show", env: []string{paged}, args: []string{"sso", "list-accounts", "--profile", "dev", "--output", "off"}, without: []string{"paged"}},
		{
			name: "missing", env: []string{"AWS_PAGER=no-such-pager -x"}, args: table, code: 253,
			want: []string{"keyfob: error: Unable to redirect output to pager. Received the following error when opening pager: no-such-pager: executable file not found", "keyfob: hint: AWS_PAGER, cli_pager and PAGER name it"},
		},
		{name: "no less", env: []string{"PATH=/nonexistent"}, args: table, want: []string{"Sandbox"}, without: []string{"error"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := h.keyfob(t.Context(), c.args...)
			cmd.Env = append(cmd.Env, c.env...)
			terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 70})
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close() //nolint:errcheck // the process has ended
			var shown bytes.Buffer
			_, _ = io.Copy(&shown, terminal) // EIO once the other side is closed
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(shown.String(), w) {
					t.Errorf("no %q on the screen:\n%q", w, shown.String())
				}
			}
			for _, w := range c.without {
				if strings.Contains(shown.String(), w) {
					t.Errorf("%q on the screen:\n%q", w, shown.String())
				}
			}
		})
	}
}
