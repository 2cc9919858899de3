//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"
)

// needsTERM: without a name nobody knows what a terminal can do.
const needsTERM = true

func canDraw(*os.File) bool { return true }

func resizes() (resized <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}

// stop stops the whole job, as the terminal would.
func stop() { _ = syscall.Kill(0, syscall.SIGTSTP) }
