//go:build unix

package childprocess

import (
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// passed lists the signals that are passed on: those that programs give a meaning to. The ones that stop
// a process are the terminal's, and work on the whole group. What keyfob was started to ignore, the child
// ignores too.
func passed() []os.Signal {
	all := []os.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGCONT, syscall.SIGWINCH,
	}
	return slices.DeleteFunc(all, signal.Ignored)
}

// fromTerminal reports whether the terminal has sent a signal, and so to the child as well. Nothing says
// where a signal comes from, but these are the terminal's when its foreground is keyfob's process group.
func fromTerminal(s os.Signal) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH, syscall.SIGCONT:
	default:
		return false
	}
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false // there is none
	}
	defer terminal.Close() //nolint:errcheck // nothing is written
	foreground, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}

func tryShell(err error) bool { return errors.Is(err, syscall.ENOEXEC) }
