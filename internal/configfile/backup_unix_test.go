//go:build unix

package configfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestBackupMode: the backup is no more open than the file, even where an older one was, and is the same
// person's.
func TestBackupMode(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o644, 0o640, 0o400} {
		dir := t.TempDir()
		path := filepath.Join(dir, "credentials")
		write(t, path, "old", mode)
		write(t, path+BackupSuffix, "older", 0o666)
		root := os.Geteuid() == 0
		if root {
			if err := os.Chown(path, 12345, 23456); err != nil {
				t.Fatal(err)
			}
		}
		if err := update(t.Context(), path, to("new")); err != nil {
			t.Fatal(err)
		}
		holds(t, path+BackupSuffix, "old")
		for _, name := range []string{path, path + BackupSuffix} {
			st, err := os.Lstat(name)
			if err != nil || st.Mode() != mode {
				t.Fatalf("%s is %v, want %v (%v)", name, st.Mode(), mode, err)
			}
			if s := st.Sys().(*syscall.Stat_t); root && (s.Uid != 12345 || s.Gid != 23456) {
				t.Errorf("%s belongs to %d:%d", name, s.Uid, s.Gid)
			}
		}
	}
}

// TestPlantedBackup: a link that somebody put where the backup goes is not followed.
func TestPlantedBackup(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "config"), filepath.Join(dir, "victim")
	write(t, path, "old", 0o600)
	write(t, victim, "mine", 0o644)
	if err := os.Symlink("victim", path+BackupSuffix); err != nil {
		t.Fatal(err)
	}
	if err := update(t.Context(), path, to("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, victim, "mine")
	holds(t, path+BackupSuffix, "old")
	if st, err := os.Lstat(path + BackupSuffix); err != nil || !st.Mode().IsRegular() {
		t.Errorf("the backup is %v (%v)", st.Mode(), err)
	}
}
