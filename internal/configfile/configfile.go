// Package configfile replaces the content of ~/.aws/config and ~/.aws/credentials: under a lock, in
// one step, keeping the file's mode and the link it may be. What to change is the caller's: the
// editor in awsconfig maps bytes to bytes.
package configfile

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockPoll = 10 * time.Millisecond
	lockWait = 10 * time.Second
)

// maxSize bounds what is read: a config file that is larger is something else, perhaps without an end.
const maxSize = 64 << 20

// Read is [os.ReadFile] for the shared files, which may be named by a variable and be anything: a pipe
// that a shell writes to is read, one that nobody writes to is empty, and a device does not fill memory.
func Read(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(b) > maxSize {
		err = errors.New("it is too large to be a config file")
	}
	return b, err
}

// Update replaces the content of the file at path by what edit makes of it. A missing file is an empty
// one and is made with mode 0600. Two Updates of one file, also from two processes, take turns. If edit
// fails or changes nothing, nothing is written.
func Update(ctx context.Context, path string, edit func([]byte) ([]byte, error)) (err error) {
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	target, err := follow(path)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(target), 0o700)
	}
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, target)
	if err != nil {
		return err
	}
	defer unlock()

	old, err := os.ReadFile(target)
	mode := os.FileMode(0o600)
	if st, statErr := os.Stat(target); statErr == nil {
		mode = st.Mode().Perm()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	updated, err := edit(old)
	if err != nil || bytes.Equal(old, updated) {
		return err
	}
	return replace(target, updated, mode)
}

// follow returns what is to be replaced: the link that path may be stays, also one to a file that is
// still to be made.
func follow(path string) (string, error) {
	for range 40 { // what systems follow
		target, err := filepath.EvalSymlinks(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return target, err
		}
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // it is no link
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return "", errors.New("too many links")
}

// lock takes the lock of a file. It stands beside it, since the file itself is replaced.
func lock(ctx context.Context, target string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, errors.New("another process is changing it"))
	defer cancel()
	l := flock.New(filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+".lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLockContext(ctx, lockPoll)
	if ctx.Err() != nil && !ok {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil
}

func replace(target string, data []byte, mode os.FileMode) error {
	tmp := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+rand.Text()[:12]+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), keepOwner(f, target), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, target)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return err
	}
	// The new name too should outlive a power failure. Where a folder cannot be synced, it is as good as it gets.
	if d, err := os.Open(filepath.Dir(target)); err == nil {
		_ = errors.Join(d.Sync(), d.Close())
	}
	return nil
}
