//go:build unix

package keyfob_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedsts"
)

const mfaConfig = `[profile mfa]
role_arn = arn:aws:iam::1:role/mfa
source_profile = mfa
mfa_serial = arn:aws:iam::1:mfa/ada
aws_access_key_id = AKIA
aws_secret_access_key = s
region = us-east-1
`

// A person at a terminal is asked for the code of an MFA device, on stderr: what is printed goes to a
// shell. A credential_process, whose terminal is somebody else's, never asks.
func TestMFAAtATerminal(t *testing.T) {
	for _, c := range []struct {
		name, command string
		answers       []string // typed one after another; "" ends with Ctrl-C
		shows, log    string
		code          int
	}{
		{"a code", `eval "$(keyfob configure export-credentials --profile mfa --format env)" && echo "got $AWS_ACCESS_KEY_ID"`, []string{"123 456"}, "got ASIA1", "TokenCode=123456", 0},
		{"no code, then one", `eval "$(keyfob configure export-credentials --profile mfa --format env)" && echo "got $AWS_ACCESS_KEY_ID"`, []string{"12", "3456"}, "got ASIA1", "TokenCode=123456", 0},
		{"Ctrl-C", `keyfob configure export-credentials --profile mfa --format env; exit $?`, []string{""}, "", "", 130},
		{"line by line", `TERM=dumb; export TERM; keyfob configure export-credentials --profile mfa >/dev/null --format env; echo "exit $?"`, []string{"123456"}, "exit 0", "TokenCode=123456", 0},
		{"credential_process", `keyfob configure export-credentials --profile mfa | cat; echo done`, nil, "there is no terminal to ask for it at", "", 0},
		{"process by hand", `keyfob configure export-credentials --profile mfa`, []string{"123456"}, `"AccessKeyId": "ASIA1"`, "TokenCode=123456", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := home{dir: t.TempDir(), c: &center{}}
			if err := os.MkdirAll(filepath.Join(h.dir, ".aws"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(h.dir, ".aws", "config"), []byte(mfaConfig), 0o600); err != nil {
				t.Fatal(err)
			}
			service := &scriptedsts.Service{Clock: clock.System{}}
			sts := httptest.NewServer(service.Handler())
			defer sts.Close()
			s := newProgramScreen(t, h, 120, 20, "/usr/bin/env", "AWS_ENDPOINT_URL_STS="+sts.URL, "PATH="+bin+":/usr/bin:/bin", "/bin/sh", "-c", c.command)
			if c.answers != nil {
				s.wait("Enter MFA code for arn:aws:iam::1:mfa/ada:")
			}
			for i, answer := range c.answers {
				if answer == "" {
					s.press("C-c")
					break
				}
				if i > 0 {
					s.wait("a code is six digits")
				}
				s.enter(answer)
			}
			if shown := s.wait(c.shows); strings.Contains(shown, "secret") && !strings.Contains(c.name, "hand") {
				t.Errorf("shown:\n%s", shown)
			}
			if code := s.exitCode(); code != c.code {
				t.Errorf("exit code %d\n%s", code, s.text())
			}
			if calls := strings.Join(service.Calls(), "\n"); !strings.Contains(calls, c.log) || c.log == "" && calls != "" {
				t.Errorf("STS saw %q, want %s", calls, c.log)
			}
		})
	}
}
