//go:build unix

package keyfob_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person at a terminal is shown what --fix would write, and asked.
func TestCheckFixAsks(t *testing.T) {
	const legacy = "[profile old]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 012345678901\nsso_role_name = Admin\n"
	const rewritten = "[profile old]\nsso_account_id = 012345678901\nsso_role_name = Admin\nsso_session = acme\n" +
		"[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
	for _, c := range []struct {
		name, key, says, file string
		code                  int
	}{
		{"yes", "y", "keyfob sso login --sso-session acme", rewritten, 0},
		{"no", "n", "Nothing was written.", legacy, 0},
		{"just Enter", "", "Nothing was written.", legacy, 0},
		{"Ctrl-C", "C-c", "", legacy, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := home{dir: t.TempDir(), c: &center{}}
			config := filepath.Join(h.dir, ".aws", "config")
			if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, []byte(legacy), 0o600); err != nil {
				t.Fatal(err)
			}
			s := newScreen(t, h, 120, 40, "configure", "check", "--fix")
			if shown := s.wait(`\[y/N\]`); !strings.Contains(shown, "+sso_session = acme\n") || !strings.Contains(shown, "-sso_region = eu-west-1\n") {
				t.Errorf("shown:\n%s", shown)
			}
			if c.code == 0 {
				s.enter(c.key)
			} else {
				s.press(c.key)
			}
			if code := s.exitCode(); code != c.code {
				t.Errorf("exit code %d", code)
			}
			if shown := s.text(); !strings.Contains(shown, c.says) {
				t.Errorf("shown:\n%s", shown)
			}
			if b, err := os.ReadFile(config); err != nil || string(b) != c.file {
				t.Errorf("the file is %q, error %v", b, err)
			}
		})
	}
}
