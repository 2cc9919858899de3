//go:build unix

package configfile

import (
	"os"
	"syscall"
)

// nonblock keeps an open from waiting at a named pipe that nobody writes to.
const nonblock = syscall.O_NONBLOCK

// keepOwner gives the new file the old one's owner and group, which matters to somebody who runs the
// program as root in another's home.
func keepOwner(f *os.File, target string) error {
	st, err := os.Stat(target)
	if err != nil {
		return nil //nolint:nilerr // there is no old file, so nothing to keep
	}
	if s, ok := st.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
		return f.Chown(int(s.Uid), int(s.Gid))
	}
	return nil
}

// shared reports whether others than the owner may read or write a file of that mode.
func shared(mode os.FileMode) bool { return mode&0o066 != 0 }
