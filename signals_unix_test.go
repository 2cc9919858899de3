//go:build unix

package keyfob_test

import (
	"os"
	"syscall"
)

func otherSignals() map[string]os.Signal {
	return map[string]os.Signal{"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH}
}
