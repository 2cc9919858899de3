//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"
)

func resizes() (resized <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}

// stop stops the whole job, as the terminal would.
func stop() { _ = syscall.Kill(0, syscall.SIGTSTP) }
