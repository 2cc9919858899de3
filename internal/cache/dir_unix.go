//go:build unix

package cache

import (
	"errors"
	"os"
	"syscall"
)

const enforceModes = true

// nonblock keeps an open from waiting at a named pipe that somebody put into the cache.
const nonblock = syscall.O_NONBLOCK

// nofollow keeps a lock file from being made wherever a symbolic link in its place leads, and from
// waiting at a named pipe.
const nofollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func replace(root *os.Root, from, to string) error { return root.Rename(from, to) }

// syncDir makes a rename durable. Some file systems cannot sync a folder, which is no failure.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
