// Package credprocess runs the program that a credential_process names.
//
// Only package sources makes a Runner; the credential rules split the command and read what the
// program prints. No shell is involved. The program has keyfob's own stdin and stderr, so that it can
// ask and complain; what it prints is secret and appears in no error.
package credprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// MaxOutput bounds what a program may print. Real answers have two kilobytes.
const MaxOutput = 1 << 20

// grace is how long a program may take to end after Ctrl-C before it is killed, and how long whatever
// it left behind may hold on to its output.
const grace = 3 * time.Second

// Runner runs programs.
type Runner struct {
	Stdin  io.Reader // a file is handed over as it is; nothing is read from it here
	Stderr io.Writer
	Extra  []string // variables beside those of keyfob itself, "NAME=value"
}

// Run runs a program, found in PATH unless its name has a slash, and returns what it printed. Errors say
// the name of the program, never its arguments, which may be secret.
func (r *Runner) Run(ctx context.Context, argv []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the person configured it
	out := &limited{}
	if f, ok := r.Stdin.(*os.File); ok && f != nil { // anything else would be copied, and so be read
		cmd.Stdin = f
	}
	cmd.Stdout, cmd.Stderr = out, r.Stderr
	cmd.Env = append(os.Environ(), r.Extra...)
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case out.full:
		return nil, fmt.Errorf("%s printed more than %d bytes", argv[0], MaxOutput)
	case errors.As(err, &exit):
		return nil, fmt.Errorf("%s failed: %s", argv[0], exit.ProcessState)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("%s ended and left its output open", argv[0])
	case err != nil:
		var cause *exec.Error
		var path *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		} else if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("%s cannot be run: %w", argv[0], err)
	}
	return out.kept.Bytes(), nil
}

// limited keeps what is written to it, up to a limit.
type limited struct {
	kept bytes.Buffer // not embedded: its ReadFrom knows no limit
	full bool
}

var errFull = errors.New("too much output")

// Write implements [io.Writer].
func (l *limited) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > MaxOutput {
		l.full = true
		return 0, errFull // closes the pipe, which ends the program
	}
	return l.kept.Write(p)
}
