// Package configfile replaces the content of ~/.aws/config and ~/.aws/credentials: under a lock, in
// one step, keeping the file's mode and the link it may be, and what was there as a backup. What to
// change is the caller's: the editor in awsconfig maps bytes to bytes.
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
	"slices"
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

// BackupSuffix is what the name of a file's backup has more than the file's own.
const BackupSuffix = ".keyfob-backup"

// Change is what Update did to a file.
type Change struct {
	Before, After []byte
	Backup        string // the path of the file that holds Before; "" when none was made
	Shared        bool   // others than the owner may read or write the file
}

// Update replaces the content of the file at path by what edit makes of it. A missing file is an empty
// one and is made with mode 0600. Two Updates of one file, also from two processes, take turns. If edit
// fails or changes nothing, nothing is written.
//
// Unless all that was in the file is still there and more comes below it, it is kept in a backup beside
// it, in the place of an older one, with the file's mode and owner. Without a backup there is no change.
func Update(ctx context.Context, path string, edit func([]byte) ([]byte, error)) (done Change, err error) {
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
		return Change{}, err
	}
	unlock, err := lock(ctx, target)
	if err != nil {
		return Change{}, err
	}
	defer unlock()

	before, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Change{}, err
	}
	after, err := edit(slices.Clone(before)) // its own, whatever edit does with it
	if err != nil {
		return Change{}, err
	}
	done = Change{Before: before, After: after}
	if st, err := os.Stat(target); err == nil {
		done.Shared = shared(st.Mode())
	}
	if bytes.Equal(before, after) {
		return done, nil
	}
	// First everything that may fail for want of room, then the two renames.
	writes := []written{{name: target, data: after}}
	if !bytes.HasPrefix(after, before) {
		done.Backup = target + BackupSuffix
		writes = []written{{name: done.Backup, data: before}, writes[0]}
	}
	if err := replace(writes, target); err != nil {
		return Change{}, err
	}
	return done, nil
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

// written is a file that is to come into the place of whatever has its name now, a link too.
type written struct {
	name string
	data []byte
	tmp  string
}

// replace writes files of one folder with the mode and owner of the file like, 0600 when there is none,
// and only then gives them their names, in their order.
func replace(files []written, like string) (err error) {
	defer func() {
		for _, w := range files {
			if err != nil && w.tmp != "" {
				_ = os.Remove(w.tmp) // if it has its name already there is nothing to remove
			}
		}
	}()
	for i := range files {
		if err := files[i].write(like); err != nil {
			return err
		}
	}
	for _, w := range files {
		if err := os.Rename(w.tmp, w.name); err != nil {
			return err
		}
	}
	// The new names too should outlive a power failure. Where a folder cannot be synced, it is as good as it gets.
	if d, err := os.Open(filepath.Dir(like)); err == nil {
		_ = errors.Join(d.Sync(), d.Close())
	}
	return nil
}

func (w *written) write(like string) error {
	mode := os.FileMode(0o600)
	if st, err := os.Stat(like); err == nil {
		mode = st.Mode().Perm()
	}
	tmp := filepath.Join(filepath.Dir(w.name), "."+filepath.Base(w.name)+"."+rand.Text()[:12]+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode&0o600)
	if err != nil {
		return err
	}
	w.tmp = tmp
	_, err = f.Write(w.data)
	// The owner first: until then it is nobody else's to read.
	return errors.Join(err, keepOwner(f, like), f.Chmod(mode), f.Sync(), f.Close())
}
