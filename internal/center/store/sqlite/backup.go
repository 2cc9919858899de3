package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes the database, as it is at one moment, into a new file of mode 0600, while others go on reading
// and changing it. The file appears under its name when it is whole.
func (db *DB) Backup(ctx context.Context, path string) error {
	return create(path, func(made string) error {
		_, err := db.log.db.ExecContext(ctx, `VACUUM INTO ?`, made)
		return err
	})
}

// Create makes a new database that fill has put something into, as Backup does.
func Create(ctx context.Context, path string, fill func(*DB) error) error {
	return create(path, func(made string) error {
		db, err := Open(ctx, made)
		if err != nil {
			return err
		}
		err = fill(db)
		if err == nil {
			err = db.settle(ctx)
		}
		return errors.Join(err, db.Close())
	})
}

// settle brings all of the write-ahead log into the file. Closing does so as well, but does not say when it fails.
func (db *DB) settle(ctx context.Context) error {
	var busy, pages, done int
	if err := db.log.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &done); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("somebody else has the new database open")
	}
	return nil
}

// create makes a file by way of one in a folder of its own, which nobody else may look into: SQLite makes files by the umask.
func create(path string, write func(made string) error) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already", path)
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".backup-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	made := filepath.Join(folder, "center.db")
	if err := write(made); err != nil {
		return err
	}
	f, err := os.OpenFile(made, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(made, path) // which, other than a rename, replaces nothing
}

// Restore puts a backup in the place of a database that is not there. It reads the whole backup before.
func Restore(ctx context.Context, backup, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already: move it away first, with %s-wal and %s-shm", path, path, path)
	}
	if _, err := os.Stat(backup); err != nil {
		return err
	}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: backup}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}).String()
	from, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // it is only read
	var sound string
	if err := from.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		return fmt.Errorf("%s is no backup, or was damaged: %w", backup, firstOf(err, errors.New(sound)))
	}
	var instances int
	if err := from.QueryRowContext(ctx, `SELECT count(*) FROM instance`).Scan(&instances); err != nil {
		return fmt.Errorf("%s is not a center's: %w", backup, err)
	}
	return (&DB{log: &checkpointer{db: from}}).Backup(ctx, path)
}
