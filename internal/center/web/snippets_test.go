package web

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

func hostile() environment { return environment{{"A", `it's "$HOME" \ %PATH% & ‘x’`}} }

func TestQuotingForShells(t *testing.T) {
	e := hostile()
	for got, want := range map[string]string{
		e.posix():      `export A='it'\''s "$HOME" \ %PATH% & ‘x’'` + "\n",
		e.cmd():        `set "A=it's "$HOME" \ %PATH% & ‘x’"` + "\n",
		e.powershell(): `$Env:A='it''s "$HOME" \ %PATH% & ‘‘x’’'` + "\n",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	out, err := exec.Command("/bin/sh", "-eu", "-c", e.posix()+`printf %s "$A"`).CombinedOutput()
	if err != nil || string(out) != e[0][1] {
		t.Errorf("sh says %q, %v", out, err)
	}
}

// Whatever an instance or a role is called, its name neither ends the section's line nor the section.
func FuzzSharedConfig(f *testing.F) {
	for _, s := range []string{"Analytical Engines", "Ada's lab #1; [x]\n[profile y]", "日本語", "", "\u202e", "a b\tc"} {
		f.Add(s, "ReadOnly")
	}
	f.Fuzz(func(t *testing.T, instance, role string) {
		if !regexp.MustCompile(`^[\w+=,.@-]{1,32}$`).MatchString(role) {
			t.Skip("no name of a permission set")
		}
		c := sharedConfig(store.Instance{Name: instance, Region: "eu-west-1", SessionLifetime: time.Hour}, "https://c.example/start", "111111111111", role)
		if n := len(strings.Split(c, "\n")); n != 22 {
			t.Errorf("%d lines:\n%s", n, c)
		}
		for _, line := range strings.Split(c, "\n") {
			if strings.HasPrefix(line, "[") && !regexp.MustCompile(`^\[(profile|sso-session|services) [\w+=.@-]+\]$`).MatchString(line) {
				t.Errorf("a section is %q", line)
			}
		}
	})
}
