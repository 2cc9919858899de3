package fastpath

import (
	"io/fs"
	"syscall"
)

// identity is the device, the inode and the time of the last change of any kind.
func identity(st fs.FileInfo) [3]uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return [3]uint64{uint64(s.Dev), s.Ino, uint64(s.Ctimespec.Nano())}
	}
	return [3]uint64{}
}
