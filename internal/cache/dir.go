package cache

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
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// maxFile bounds what is read of a cache file. The largest real ones have a few kilobytes.
const maxFile = 1 << 20

// lockPoll is how often a waiting process tries the lock again.
const lockPoll = 10 * time.Millisecond

// dir is one folder of cache files. All its operations stay inside: a symbolic link that leads out
// of the folder is not followed ([os.Root]).
type dir struct {
	path  string // of the files
	locks string // beside it, because the AWS CLI and SDKs read every file of the cache folder as JSON
}

// read returns a file's content; a file that is not there, is too large, leads out of the folder or
// is not a regular file counts as absent. A mode that lets others in is corrected.
func (d dir) read(name string) ([]byte, bool) {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, false
	}
	defer root.Close() //nolint:errcheck // nothing was written
	f, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, false
	}
	defer f.Close() //nolint:errcheck // nothing was written
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, false
	}
	if enforceModes && st.Mode().Perm()&0o077 != 0 {
		_ = f.Chmod(0o600) // another program's file, perhaps another user's: as far as we may
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return b, err == nil && len(b) <= maxFile
}

// write replaces a file in one step: readers see the old content or the new, whatever happens.
func (d dir) write(name string, data []byte) error {
	if err := d.put(name, data, (*os.File).Sync); err != nil {
		return err
	}
	if err := syncDir(d.path); err != nil {
		return fmt.Errorf("cannot write %s: %w", filepath.Join(d.path, name), bare(err))
	}
	return nil
}

// writeSoon is write for what can be had again: after a crash of the machine there may be half a file, or
// none, and its reader has to tell.
func (d dir) writeSoon(name string, data []byte) error {
	return d.put(name, data, func(*os.File) error { return nil })
}

func (d dir) put(name string, data []byte, sync func(*os.File) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cannot write %s: %w", filepath.Join(d.path, name), bare(err))
		}
	}()
	root, tmp, err := d.writeTemp(name, data, sync)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // the file itself is closed
	if err := replace(root, tmp, name); err != nil {
		_ = root.Remove(tmp)
		return err
	}
	return nil
}

// writeTemp makes a file beside the one it is for.
func (d dir) writeTemp(name string, data []byte, sync func(*os.File) error) (root *os.Root, tmp string, err error) {
	if err := makePrivate(d.path); err != nil {
		return nil, "", err
	}
	if root, err = os.OpenRoot(d.path); err != nil {
		return nil, "", err
	}
	sweep(root)
	tmp = "." + name + "." + rand.Text()[:12] + tmpSuffix
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, "", errors.Join(err, root.Close())
	}
	_, err = f.Write(data)
	if err = errors.Join(err, sync(f), f.Close()); err != nil {
		return nil, "", errors.Join(err, root.Remove(tmp), root.Close())
	}
	return root, tmp, nil
}

// room is what a write may take: far more than any real token, which have up to six kilobytes.
const room = 32 << 10

// makeRoom holds a place for one write until release, which may be called more than once.
func (d dir) makeRoom() (release func(), err error) {
	// Not zeros, which some file systems do not store.
	root, tmp, err := d.writeTemp("room", bytes.Repeat([]byte("room"), room/4), (*os.File).Sync)
	if err != nil {
		return nil, fmt.Errorf("write to %s: %w", d.path, bare(err))
	}
	return sync.OnceFunc(func() {
		_ = root.Remove(tmp)
		_ = root.Close()
	}), nil
}

const (
	tmpSuffix = ".tmp"
	tmpMaxAge = time.Minute // far longer than any write takes
)

// sweep removes what killed writers left behind, because it holds secrets.
func sweep(root *os.Root) {
	entries, _ := fs.ReadDir(root.FS(), ".")
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), tmpSuffix) {
			continue
		}
		if st, err := e.Info(); err == nil && time.Since(st.ModTime()) > tmpMaxAge {
			_ = root.Remove(e.Name()) // a folder of that name is not ours and stays if it holds anything
		}
	}
}

// remove deletes a file; one that is not there is no error.
func (d dir) remove(name string) error {
	root, err := os.OpenRoot(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s: %w", filepath.Join(d.path, name), bare(err))
	}
	return nil
}

// names lists the files of the folder, sorted.
func (d dir) names() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// lock takes the lock of a name, waiting until ctx is done. The operating system releases the lock
// of a process that dies.
func (d dir) lock(ctx context.Context, name string) (unlock func(), err error) {
	return d.lockBy(ctx, name, func(l *flock.Flock) (bool, error) { return l.TryLockContext(ctx, lockPoll) })
}

// lockOneOf takes one of some locks: one that is free or else, waiting for it, the one at first.
func (d dir) lockOneOf(ctx context.Context, first int, names []string) (unlock func(), err error) {
	for i := range names {
		if unlock, err = d.lockBy(ctx, names[(first+i)%len(names)], (*flock.Flock).TryLock); err == nil {
			return unlock, nil
		}
	}
	return d.lock(ctx, names[first%len(names)])
}

func (d dir) lockBy(ctx context.Context, name string, try func(*flock.Flock) (bool, error)) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := makePrivate(d.locks); err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", filepath.Join(d.path, name), bare(err))
	}
	l := flock.New(filepath.Join(d.locks, strings.TrimSuffix(name, ".json")+".lock"),
		flock.SetFlag(os.O_RDWR|os.O_CREATE|nofollow), flock.SetPermissions(0o600))
	ok, err := try(l)
	switch {
	case ctx.Err() != nil && !ok:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("cannot lock %s: %w", filepath.Join(d.path, name), bare(err))
	case !ok:
		return nil, fmt.Errorf("cannot lock %s: not granted", filepath.Join(d.path, name))
	}
	return func() { _ = l.Unlock() }, nil
}

// makePrivate makes a folder and its parents, and closes the folder itself to others.
func makePrivate(path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		st, err = os.Stat(path)
	}
	if err != nil {
		return err
	}
	if enforceModes && st.Mode().Perm()&0o077 != 0 {
		// Not every folder can be closed (a mounted volume that belongs to somebody else); the files
		// in it are private all the same.
		if err := os.Chmod(path, 0o700); !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// bare drops the path from a file error, for messages that name the file themselves.
func bare(err error) error {
	if p := new(fs.PathError); errors.As(err, &p) {
		return p.Err
	}
	if l := new(os.LinkError); errors.As(err, &l) {
		return l.Err
	}
	return err
}

// holds reports whether there is a file of that name.
func (d dir) holds(name string) bool {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return false
	}
	defer root.Close() //nolint:errcheck // nothing was written
	_, err = root.Lstat(name)
	return err == nil
}
