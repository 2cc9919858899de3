package configfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func to(text string) func([]byte) ([]byte, error) {
	return func([]byte) ([]byte, error) { return []byte(text), nil }
}

// update is Update where only the error matters.
func update(ctx context.Context, path string, edit func([]byte) ([]byte, error)) error {
	_, err := Update(ctx, path, edit)
	return err
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("%s holds %q (%v), want %q", filepath.Base(path), b, err, want)
	}
}

// only fails the test if the folder holds more than the named files and their locks.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		known := false
		for _, n := range names {
			known = known || e.Name() == n || e.Name() == "."+strings.TrimSuffix(n, BackupSuffix)+".lock"
		}
		if !known {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old", 0o600)
	_, err := Update(t.Context(), path, func(old []byte) ([]byte, error) { return append(old, " and new"...), nil })
	if err != nil {
		t.Fatal(err)
	}
	holds(t, path, "old and new")
	only(t, dir, "config")
}

// TestMissing: the file is made, and its folder, both for this person alone.
func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "home", ".aws", "config")
	var got []byte
	_, err := Update(t.Context(), path, func(old []byte) ([]byte, error) { got = old; return []byte("new"), nil })
	if err != nil || len(got) != 0 {
		t.Fatalf("%v, edit got %q", err, got)
	}
	holds(t, path, "new")
}

// TestNoChange: what does not change is not written, and a file that is not there is not made.
func TestNoChange(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old", 0o600)
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	refused := errors.New("no")
	for name, edit := range map[string]func([]byte) ([]byte, error){
		"the same": to("old"), "refused": func([]byte) ([]byte, error) { return []byte("x"), refused },
	} {
		_, err := Update(t.Context(), path, edit)
		if (name == "refused") != errors.Is(err, refused) || name != "refused" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(past) {
			t.Errorf("%s: it was written", name)
		}
	}
	holds(t, path, "old")
	missing := filepath.Join(dir, "credentials")
	if _, err := Update(t.Context(), missing, to("")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("an empty file was made")
	}
}

// TestAtOnce: of many changes at once every one ends up in the file.
func TestAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	const n = 20
	done := make(chan error, n)
	for i := range n {
		go func() {
			done <- update(t.Context(), path, func(old []byte) ([]byte, error) {
				time.Sleep(time.Millisecond)
				return append(old, fmt.Sprintf("<%d>", i)...), nil
			})
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	b, _ := os.ReadFile(path)
	for i := range n {
		if strings.Count(string(b), fmt.Sprintf("<%d>", i)) != 1 {
			t.Errorf("change %d is not in %s", i, b)
		}
	}
}

// TestWaitsInterrupted: Ctrl-C ends the wait for somebody else's change.
func TestWaitsInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	write(t, path, "old", 0o600)
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := Update(t.Context(), path, func(old []byte) ([]byte, error) {
		time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
		began := time.Now()
		if _, err := Update(ctx, path, to("other")); !errors.Is(err, stop) || time.Since(began) > 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		return old, nil
	})
	if err != nil {
		t.Error(err)
	}
	holds(t, path, "old")
}

// TestCannot: what cannot be done is said with the file's name, once, and leaves everything as it was.
func TestCannot(t *testing.T) {
	dir := t.TempDir()
	isDir := filepath.Join(dir, "folder")
	if err := os.Mkdir(isDir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "file"), "old", 0o600)
	locked := filepath.Join(dir, "locked")
	write(t, locked, "old", 0o600)
	if err := os.Mkdir(filepath.Join(dir, ".locked.lock"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{isDir, filepath.Join(dir, "file", "config"), locked} {
		if _, err := Update(t.Context(), path, to("new")); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	holds(t, locked, "old")
	holds(t, filepath.Join(dir, "file"), "old")
	only(t, dir, "file", "folder", "locked")
}
