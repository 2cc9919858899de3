//go:build unix

package configfile

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestModes(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o644, 0o640, 0o400, 0o664} {
		path := filepath.Join(t.TempDir(), "config")
		write(t, path, "old", mode)
		done, err := Update(t.Context(), path, to("new"))
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%v became %v (%v)", mode, st.Mode(), err)
		}
		if own := mode == 0o600 || mode == 0o400; done.Shared == own {
			t.Errorf("%v: shared is %v", mode, done.Shared)
		}
	}
	path := filepath.Join(t.TempDir(), ".aws", "credentials")
	if _, err := Update(t.Context(), path, to("new")); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if st, err := os.Stat(p); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s is %v (%v)", p, st.Mode(), err)
		}
	}
}

// TestLinks: a config file that is kept elsewhere, as dotfiles are, stays there.
func TestLinks(t *testing.T) {
	for _, c := range []struct {
		name, link string
		exists     bool
	}{
		{"a link", "../dotfiles/config", true},
		{"a link to a link", "../dotfiles/again", true},
		{"a link to nothing yet", "../dotfiles/new", false},
		{"a link into a folder that is not there yet", "../dotfiles/folder/new", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			aws, dotfiles := filepath.Join(home, ".aws"), filepath.Join(home, "dotfiles")
			for _, d := range []string{aws, dotfiles} {
				if err := os.Mkdir(d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			write(t, filepath.Join(dotfiles, "config"), "old", 0o600)
			if err := os.Symlink("config", filepath.Join(dotfiles, "again")); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(aws, "config")
			if err := os.Symlink(c.link, path); err != nil {
				t.Fatal(err)
			}
			if _, err := Update(t.Context(), path, to("new")); err != nil {
				t.Fatal(err)
			}
			if got, err := os.Readlink(path); err != nil || got != c.link {
				t.Errorf("the link is %q (%v)", got, err)
			}
			if got, err := os.Readlink(filepath.Join(dotfiles, "again")); err != nil || got != "config" {
				t.Errorf("the other link is %q (%v)", got, err)
			}
			holds(t, path, "new")
			holds(t, filepath.Join(aws, c.link), "new")
			if !c.exists {
				holds(t, filepath.Join(dotfiles, "config"), "old")
			}
		})
	}
	t.Run("a circle", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.Symlink("config", path); err != nil {
			t.Fatal(err)
		}
		if _, err := Update(t.Context(), path, to("new")); err == nil {
			t.Error("a circle of links was written through")
		}
	})
}

// TestOwner: root, in another person's home, does not take that person's file away.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP-TOOL: root, who alone can give files away")
	}
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, "old", 0o600)
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), path, to("new")); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := st.Sys().(*syscall.Stat_t); s.Uid != 12345 || s.Gid != 23456 {
		t.Errorf("it belongs to %d:%d", s.Uid, s.Gid)
	}
}

// TestFullDisk: when there is no room for the new content the old one stays. A limit on the size of
// files stands for the disk, in a process of its own.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv("KEYFOB_TEST_FULL_DISK"); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := Update(t.Context(), path, to(strings.Repeat("new", 1000))); err == nil || !strings.Contains(err.Error(), "file too large") {
			t.Errorf("%v", err)
		}
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old", 0o600)
	write(t, path+BackupSuffix, "older", 0o600)
	c := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	c.Env = append(os.Environ(), "KEYFOB_TEST_FULL_DISK="+path)
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk") {
		t.Errorf("%v\n%s", err, out)
	}
	holds(t, path, "old")
	holds(t, path+BackupSuffix, "older")
	only(t, dir, "config", "config"+BackupSuffix)
}

// TestTwoProcesses: the lock holds between processes too.
func TestTwoProcesses(t *testing.T) {
	if path := os.Getenv("KEYFOB_TEST_PROCESS"); path != "" {
		for range 20 {
			if _, err := Update(t.Context(), path, func(old []byte) ([]byte, error) { return append(old, 'x'), nil }); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	path := filepath.Join(t.TempDir(), "config")
	var all []*exec.Cmd
	for range 3 {
		c := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
		c.Env = append(os.Environ(), "KEYFOB_TEST_PROCESS="+path)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	holds(t, path, strings.Repeat("x", 60))
}
