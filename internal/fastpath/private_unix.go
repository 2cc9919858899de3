//go:build unix

package fastpath

import (
	"os"
	"syscall"
)

// readOwn reads a regular file that belongs to this user and to nobody else. A link in the file's place is
// not followed, a named pipe not waited for. Package os would set up its poller for that.
func readOwn(path string) ([]byte, bool) {
	fd, err := retry(func() (int, error) {
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, false
	}
	defer syscall.Close(fd) //nolint:errcheck // nothing was written
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG ||
		st.Mode&0o077 != 0 || int(st.Uid) != os.Geteuid() || st.Size > maxFile {
		return nil, false
	}
	b := make([]byte, st.Size+1)
	n, err := retry(func() (int, error) { return syscall.Read(fd, b) })
	return b[:max(n, 0)], err == nil && int64(n) == st.Size
}

func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
}
