// Package pager shows a text page by page, with the program that a person has chosen for that.
//
// Only the command line calls it, and only when stdout is a terminal. It must not know what the text is.
package pager

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// StartError is a pager that cannot be run.
type StartError struct {
	Name string
	Err  error
}

// Error implements error.
func (e *StartError) Error() string {
	return fmt.Sprintf("Unable to redirect output to pager. Received the following error when opening pager: %s: %v", e.Name, e.Err)
}

// Unwrap returns why.
func (e *StartError) Unwrap() error { return e.Err }

// Missing reports whether there is no such program at all.
func (e *StartError) Missing() bool { return errors.Is(e.Err, exec.ErrNotFound) }

// defaultLess is what less is told when its own variable says nothing: to end when all fits on one screen, to keep
// colors, and to leave the text on the screen.
const defaultLess = "LESS=FRX"

// Show runs a pager, found in PATH unless its name has a slash, and returns when it ends. It may end before it has
// read everything, and in any way: it is the person who ends it, with Ctrl-C if need be.
func Show(argv []string, text string, stdout, stderr io.Writer) error {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec // the person configured it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), stdout, stderr
	cmd.Env = os.Environ()
	if _, ok := os.LookupEnv("LESS"); !ok {
		cmd.Env = append(cmd.Env, defaultLess)
	}
	if err := cmd.Start(); err != nil {
		cause := new(exec.Error)
		path := new(os.PathError)
		switch {
		case errors.As(err, &cause):
			err = cause.Err
		case errors.As(err, &path):
			err = path.Err
		}
		return &StartError{argv[0], err}
	}
	_ = cmd.Wait()
	return nil
}
