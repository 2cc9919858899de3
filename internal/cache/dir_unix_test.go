//go:build unix

package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyfob/internal/session"
)

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	st, err := os.Lstat(path)
	must(t, err)
	return st.Mode()
}

func umask(t *testing.T, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func TestModesOfNewFiles(t *testing.T) {
	umask(t, 0)
	home := t.TempDir()
	f := New(home)
	must(t, f.SaveToken("s", fullToken()))
	must(t, f.SaveRole(aRole(), roleCredentials()))
	unlock, err := f.LockToken(t.Context(), "s")
	must(t, err)
	unlock()
	seen := 0
	must(t, filepath.WalkDir(filepath.Join(home, ".aws"), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		seen++
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = os.ModeDir | 0o700
		}
		if got := modeOf(t, path); got != want {
			t.Errorf("%s has mode %v, want %v", path, got, want)
		}
		return nil
	}))
	if seen != 9 { // .aws, sso, cache, a token, locks, a lock, cli, cache, a role
		t.Errorf("%d files and folders", seen)
	}
}

func TestModesOfExistingFiles(t *testing.T) {
	umask(t, 0)
	open := func(t *testing.T) (f *Files, file string) {
		home := t.TempDir()
		file = ssoFile(home, fileName("s"))
		must(t, os.MkdirAll(filepath.Dir(file), 0o777))
		must(t, os.WriteFile(file, golden(t, "token.json"), 0o666))
		return New(home), file
	}
	t.Run("read", func(t *testing.T) {
		f, file := open(t)
		_, err := f.LoadToken("s")
		must(t, err)
		check(t, "file", modeOf(t, file), 0o600)
	})
	t.Run("write", func(t *testing.T) {
		f, file := open(t)
		must(t, f.SaveToken("s", fullToken()))
		check(t, "file", modeOf(t, file), 0o600)
		check(t, "folder", modeOf(t, filepath.Dir(file)), os.ModeDir|0o700)
	})
	t.Run("lock", func(t *testing.T) {
		f, file := open(t)
		locks := filepath.Join(filepath.Dir(filepath.Dir(file)), "locks")
		must(t, os.Mkdir(locks, 0o777))
		unlock, err := f.LockToken(t.Context(), "s")
		must(t, err)
		unlock()
		check(t, "folder", modeOf(t, locks), os.ModeDir|0o700)
	})
}

// A symbolic link in the cache must not make us read, open to us, or overwrite a file elsewhere.
func TestSymlinkOutOfTheCache(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.json")
	for name, target := range map[string]func(link string) string{
		"absolute": func(string) string { return outside },
		"relative": func(link string) string {
			rel, err := filepath.Rel(filepath.Dir(link), outside)
			must(t, err)
			return rel
		},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(outside, golden(t, "token.json"), 0o644))
			home := t.TempDir()
			f := New(home)
			link := ssoFile(home, fileName("s"))
			must(t, os.MkdirAll(filepath.Dir(link), 0o700))
			must(t, os.Symlink(target(link), link))
			if tok, err := f.LoadToken("s"); !errors.Is(err, session.ErrNoToken) {
				t.Errorf("read through the link: %v, %v", tok, err)
			}
			if found, err := f.Tokens(); err != nil || len(found) != 0 {
				t.Errorf("listed through the link: %v, %v", found, err)
			}
			must(t, f.SaveToken("s", minimalToken()))
			if !modeOf(t, link).IsRegular() {
				t.Error("the link was not replaced")
			}
			check(t, "new file", contentOf(t, link), string(golden(t, "token_minimal.json")))
			check(t, "file outside", contentOf(t, outside), string(golden(t, "token.json")))
			check(t, "mode outside", modeOf(t, outside), 0o644)
		})
	}
	t.Run("removed", func(t *testing.T) {
		home := t.TempDir()
		link := cliFile(home, roleName(aRole()))
		must(t, os.MkdirAll(filepath.Dir(link), 0o700))
		must(t, os.Symlink(outside, link))
		must(t, New(home).DropRole(aRole()))
		if _, err := os.Lstat(link); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the link is still there: %v", err)
		}
		check(t, "file outside", contentOf(t, outside), string(golden(t, "token.json")))
	})
	t.Run("lock", func(t *testing.T) {
		home := t.TempDir()
		f := New(home)
		link := filepath.Join(home, ".aws", "sso", "locks", strings.TrimSuffix(fileName("s"), ".json")+".lock")
		must(t, os.MkdirAll(filepath.Dir(link), 0o700))
		made := filepath.Join(t.TempDir(), "made")
		must(t, os.Symlink(made, link))
		if unlock, err := f.LockToken(t.Context(), "s"); err == nil {
			unlock()
			t.Error("locked through a link")
		}
		if _, err := os.Lstat(made); err == nil {
			t.Error("a file was made outside")
		}
	})
}

// People do link the whole folder elsewhere; that is theirs to decide.
func TestFolderThatIsALink(t *testing.T) {
	home, elsewhere := t.TempDir(), t.TempDir()
	must(t, os.Symlink(elsewhere, filepath.Join(home, ".aws")))
	f := New(home)
	must(t, f.SaveToken("s", fullToken()))
	if got, err := f.LoadToken("s"); err != nil || got != fullToken() {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPipeDoesNotBlock(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	file := ssoFile(home, fileName("s"))
	must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(t, syscall.Mkfifo(file, 0o600))
	lock := filepath.Join(home, ".aws", "sso", "locks", strings.TrimSuffix(fileName("s"), ".json")+".lock")
	must(t, os.MkdirAll(filepath.Dir(lock), 0o700))
	must(t, syscall.Mkfifo(lock, 0o600))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := f.LoadToken("s"); !errors.Is(err, session.ErrNoToken) {
			t.Errorf("read: %v", err)
		}
		if found, err := f.Tokens(); err != nil || len(found) != 0 {
			t.Errorf("listed: %v, %v", found, err)
		}
		if unlock, err := f.LockToken(context.Background(), "s"); err == nil {
			unlock()
		}
		if err := f.SaveToken("s", fullToken()); err != nil {
			t.Errorf("write: %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("blocked")
	}
	check(t, "file", contentOf(t, file), string(golden(t, "token.json")))
}

func TestWriteWhereAFolderIs(t *testing.T) {
	home := t.TempDir()
	file := ssoFile(home, fileName("s"))
	must(t, os.MkdirAll(filepath.Join(file, "full"), 0o700))
	err := New(home).SaveToken("s", fullToken())
	if err == nil || !strings.Contains(err.Error(), file) || strings.Count(err.Error(), filepath.Dir(file)) != 1 {
		t.Errorf("the error names the file once: %v", err)
	}
	onlyFile(t, filepath.Dir(file), filepath.Base(file))
}

// What a killed writer left behind goes with a later write, but not what a living one works on.
func TestSweep(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	old, young, other := ssoFile(home, ".x.json.AAAA.tmp"), ssoFile(home, ".x.json.BBBB.tmp"), ssoFile(home, "x.tmp")
	for _, p := range []string{old, young, other} {
		put(t, p, []byte(`{"accessToken": "a`))
	}
	past := time.Now().Add(-2 * tmpMaxAge)
	must(t, os.Chtimes(old, past, past))
	must(t, os.Chtimes(other, past, past))
	must(t, f.SaveToken("s", fullToken()))
	if _, err := os.Lstat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", old, err)
	}
	for _, p := range []string{young, other} {
		if _, err := os.Lstat(p); err != nil {
			t.Error(err)
		}
	}
}

func onlyFile(t *testing.T, folder, want string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != 1 || names[0] != want {
		t.Errorf("%s holds %q, want only %s", folder, names, want)
	}
}

// A place that is set aside holds something, is private, and is gone afterwards.
func TestMakeRoom(t *testing.T) {
	home := t.TempDir()
	release, err := New(home).MakeRoom()
	if err != nil {
		t.Fatal(err)
	}
	held, err := filepath.Glob(filepath.Join(home, ".aws", "sso", "cache", ".room.*.tmp"))
	if err != nil || len(held) != 1 {
		t.Fatalf("%v, %v", held, err)
	}
	if st, err := os.Stat(held[0]); err != nil || st.Size() < 16<<10 || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	release()
	release()
	if left, _ := filepath.Glob(filepath.Join(home, ".aws", "sso", "cache", "*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}

	blocked := t.TempDir()
	if err := os.WriteFile(filepath.Join(blocked, ".aws"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(blocked).MakeRoom(); err == nil {
		t.Error("there is room where no folder can be")
	}
}
