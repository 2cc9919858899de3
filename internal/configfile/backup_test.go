package configfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackup: what somebody wrote is never lost by one change, and an addition needs no backup.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	backup := path + BackupSuffix
	for _, step := range []struct {
		after, backup string
		made          bool
	}{
		{"one\n", "", false}, // a new file
		{"one\ntwo\n", "", false},
		{"one\ntwo\n", "", false}, // no change
		{"two\n", "one\ntwo\n", true},
		{"two\nthree\n", "one\ntwo\n", false},
		{"three\n", "two\nthree\n", true},
		{"", "three\n", true},
	} {
		before, _ := os.ReadFile(path)
		done, err := Update(t.Context(), path, to(step.after))
		if err != nil {
			t.Fatal(err)
		}
		holds(t, path, step.after)
		if string(done.Before) != string(before) || string(done.After) != step.after || (done.Backup == backup) != step.made || !step.made && done.Backup != "" {
			t.Errorf("%q to %q: %q to %q with backup %q", before, step.after, done.Before, done.After, done.Backup)
		}
		if _, err := os.Stat(backup); err == nil || step.backup != "" {
			holds(t, backup, step.backup)
		}
	}
	only(t, dir, "config", "config"+BackupSuffix)
}

// TestNoBackup: where the backup cannot be made nothing is changed.
func TestNoBackup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	write(t, path, "old", 0o600)
	if err := os.MkdirAll(filepath.Join(path+BackupSuffix, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := update(t.Context(), path, to("new")); err == nil || !strings.Contains(err.Error(), BackupSuffix) {
		t.Errorf("error is %v", err)
	}
	holds(t, path, "old")
	only(t, dir, "config", "config"+BackupSuffix)
}
