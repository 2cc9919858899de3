//go:build unix

package configfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("file"), []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path("file")); err != nil || string(b) != "[default]\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := Read(path("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := Read("/dev/zero"); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

// A pipe that somebody writes to is read to its end; one that nobody writes to is not waited for.
func TestReadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path); err != nil || len(b) != 0 {
		t.Errorf("%q, %v", b, err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("k = v\n", 20000)
	go func() {
		_, _ = w.WriteString(want)
		_ = w.Close()
	}()
	if b, err := Read(path); err != nil || string(b) != want {
		t.Errorf("%d bytes of %d, %v", len(b), len(want), err)
	}
}
