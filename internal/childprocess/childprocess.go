// Package childprocess runs the program that a person hands credentials to: in keyfob's place where the
// system can do that, else as a child that cannot tell the difference.
//
// Only the command line's builders call it. It knows no credentials: they are in the environment that it
// is given, and in none of its errors.
package childprocess

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
)

// Program is a program to run. Env is all of its environment, "NAME=value"; the file descriptors are
// keyfob's own standard ones, and no others.
type Program struct {
	Path string // from [Find]
	Argv []string
	Env  []string
}

// NotFoundError is a command that is not there: exit code 127, as a shell has it.
type NotFoundError struct{ Name string }

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("%q: command not found", e.Name) }

// NotExecutableError is a command that cannot be run: exit code 126.
type NotExecutableError struct {
	Name string
	Err  error
}

// Error implements error.
func (e *NotExecutableError) Error() string {
	return fmt.Sprintf("%q cannot be run: %v", e.Name, e.Err)
}

// Unwrap returns the cause.
func (e *NotExecutableError) Unwrap() error { return e.Err }

// Find finds a command the way a shell does: in PATH, unless its name has a slash. The error is a
// [*NotFoundError] or a [*NotExecutableError].
func Find(name string) (path string, err error) {
	path, err = exec.LookPath(name)
	if errors.Is(err, exec.ErrDot) { // PATH says to look here, and whoever set it meant it
		err = nil
	}
	if err == nil {
		return path, nil
	}
	return "", failure(name, err)
}

func failure(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return &NotFoundError{name}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return &NotExecutableError{name, err}
}
