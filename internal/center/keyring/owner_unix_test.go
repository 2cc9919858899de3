//go:build unix

package keyring

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Root changes the keys of a center that runs as somebody else.
func TestChangeKeepsTheOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := Load(path); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		if uid, gid = 12345, 23456; os.Chown(path, uid, gid) != nil {
			t.Fatal("root cannot give the file away")
		}
	}
	if _, err := Change(t.Context(), path, func(r *Ring) (*Ring, error) { return r.Rotated(time.Now()) }); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(all) != 2 { // the lock too, which the center's user may need next
		t.Fatalf("there are %v, %v", all, err)
	}
	for _, one := range all {
		st, err := one.Info()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := st.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != uid || int(s.Gid) != gid || st.Mode() != 0o600 {
			t.Errorf("%s is now %+v of mode %s, want of %d and %d", one.Name(), st.Sys(), st.Mode(), uid, gid)
		}
	}
}
