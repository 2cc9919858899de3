package childprocess

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
)

// Run runs the program as a child, passes on the signals that keyfob gets, and returns its exit code:
// 128 and the signal's number if a signal ended it.
//
// A child shares keyfob's process group, and so its terminal and its place in a shell's jobs and
// pipelines. What the terminal sends to the whole group it has got already, and it is not passed on.
func (p Program) Run() (code int, err error) {
	cmd := &exec.Cmd{Path: p.Path, Args: p.Argv, Env: p.Env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	// Before the child is there: a signal that comes in between is for it.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passed()...)
	defer signal.Stop(signals)
	err = cmd.Start()
	if err != nil && tryShell(err) {
		cmd = &exec.Cmd{Path: "/bin/sh", Args: append([]string{"sh", p.Path}, p.Argv[1:]...), Env: p.Env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
		err = cmd.Start()
	}
	if err != nil {
		return 0, failure(p.Argv[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if !fromTerminal(s) {
				_ = cmd.Process.Signal(s) // it may just have ended
			}
		case err := <-ended:
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				return 0, err
			}
			return exitCode(cmd.ProcessState), nil
		}
	}
}

// Hold keeps signals from ending keyfob until release: there is something to clean up, which takes a
// moment, and the second signal of two must not cut it short.
func Hold() (release func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, passed()...)
	return func() { signal.Stop(signals) }
}
