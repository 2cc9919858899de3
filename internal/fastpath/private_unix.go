//go:build unix

package fastpath

import (
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep an open from following a link that somebody put in the file's place, and from waiting at
// a named pipe.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// private reports whether the file belongs to this user and to nobody else.
func private(st fs.FileInfo) bool {
	s, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid() && st.Mode().Perm()&0o077 == 0
}
