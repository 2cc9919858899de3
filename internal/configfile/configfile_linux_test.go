package configfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// powerless runs f without root's power over files, for whom no folder is read-only.
func powerless(f func() error) error {
	if os.Geteuid() != 0 {
		return f()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		const nobody = 65534
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
		if now, _, _ := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); now != nobody {
			done <- nil
			return
		}
		done <- f()
	}()
	return <-done
}

// A folder that cannot be written to keeps its file as it is.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old", 0o644)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	err := powerless(func() error { return update(t.Context(), path, to("new")) })
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("error is %v", err)
	}
	holds(t, path, "old")
	only(t, dir, "config")
}
