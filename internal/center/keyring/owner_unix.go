//go:build unix

package keyring

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and group of the one that it is to replace, if there is one.
func keepOwner(made *os.File, path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // there is none
	}
	if s, ok := st.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		return made.Chown(int(s.Uid), int(s.Gid))
	}
	return nil
}
