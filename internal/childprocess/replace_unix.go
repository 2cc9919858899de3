//go:build unix

package childprocess

import (
	"errors"
	"syscall"
)

// Replace runs the program in place of keyfob: it has keyfob's process id, terminal, signals and parent.
// It returns only when that cannot be done.
func (p Program) Replace() (code int, err error) {
	err = syscall.Exec(p.Path, p.Argv, p.Env)
	if errors.Is(err, syscall.ENOEXEC) { // a script without #!, which shells and execvp give to sh
		err = syscall.Exec("/bin/sh", append([]string{"sh", p.Path}, p.Argv[1:]...), p.Env)
	}
	return 0, failure(p.Argv[0], err)
}
