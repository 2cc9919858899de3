//go:build unix && !linux

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

func flush(f *os.File) { _ = unix.IoctlSetPointerInt(int(f.Fd()), unix.TIOCFLUSH, unix.TCIFLUSH) }
