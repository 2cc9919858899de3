package keyring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockPoll = 10 * time.Millisecond
	lockWait = 10 * time.Second
)

// Change puts the ring that edit makes of the one in a file into its place, in one step, with the owner that the
// file has: whoever changes it as root leaves it to the center. Two Changes of one file, also from two processes,
// take turns. If edit fails, nothing is written.
func Change(ctx context.Context, path string, edit func(*Ring) (*Ring, error)) (*Ring, error) {
	path, err := filepath.EvalSymlinks(path) // a link to the file stays one
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, errors.New("another process is changing it"))
	defer cancel()
	lock, err := lockBeside(path)
	if err != nil {
		return nil, err
	}
	if ok, err := lock.TryLockContext(ctx, lockPoll); !ok {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process

	r, err := Load(path)
	if err != nil {
		return nil, err
	}
	if r, err = edit(r); err != nil {
		return nil, err
	}
	return r, r.write(path, func(made string) error { return os.Rename(made, path) })
}

// lockBeside is the lock of a file, which is replaced and cannot be its own. Whoever owns the file can use it.
func lockBeside(path string) (*flock.Flock, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close() //nolint:errcheck // read only
	name := "." + filepath.Base(path) + ".lock"
	f, err := dir.OpenFile(name, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, err
	}
	err = keepOwner(f, path)
	return flock.New(filepath.Join(filepath.Dir(path), name), flock.SetPermissions(0o600)), errors.Join(err, f.Close())
}
