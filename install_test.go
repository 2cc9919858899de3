package keyfob_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What `make install` puts where works from there.
func TestInstall(t *testing.T) {
	into := t.TempDir()
	c := exec.Command("make", "install", "DESTDIR="+into, "PREFIX=/usr")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{
		"bin/keyfob", "bin/keyfob-center", "share/man/man1/keyfob.1", "share/man/man1/keyfob-sso-login.1", "share/man/man1/keyfob-center-serve.1",
		"share/bash-completion/completions/keyfob", "share/zsh/site-functions/_keyfob", "share/fish/vendor_completions.d/keyfob.fish",
	} {
		st, err := os.Stat(filepath.Join(into, "usr", name))
		if err != nil || st.Size() == 0 || strings.HasPrefix(name, "bin/") != (st.Mode()&0o111 != 0) {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
	for _, program := range []string{"keyfob", "keyfob-center"} {
		if out, err := exec.Command(filepath.Join(into, "usr/bin", program), "--version").CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("%s --version: %v\n%s", program, err, out)
		}
	}
}
