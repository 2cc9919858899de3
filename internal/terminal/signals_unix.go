//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// needsTERM: without a name nobody knows what a terminal can do.
const needsTERM = true

func canDraw(*os.File) bool { return true }

func resizes() (resized <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}

// stopWait is how long a stop may take to come. Where nobody could continue the program, the system does
// not stop it at all.
const stopWait = 200 * time.Millisecond

// stop stops the whole job, as the terminal would, and returns when it goes on.
func stop() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if syscall.Kill(0, syscall.SIGTSTP) != nil {
		return
	}
	select {
	case <-continued:
	case <-time.After(stopWait):
	}
}
