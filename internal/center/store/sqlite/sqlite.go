// Package sqlite keeps a center's records in one SQLite file. It is what a center uses by default.
//
// It implements store.Store and is held against storetest. Only the command keyfob-center opens it;
// it knows SQL and nothing about OAuth.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"keyfob/internal/center/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open store. SQLite has one writer at a time, so writes queue in Go, on one connection,
// where waiting is fair and cheap; reads run beside them on connections of their own (WAL).
type DB struct {
	write *writer
	read  *reader
	log   *checkpointer
}

var _ store.Store = (*DB)(nil)

// busyTimeout is how long a statement waits for another process that has the file locked.
const busyTimeout = 10 * time.Second

// Open opens the file, creating it with mode 0600, and brings its tables up to date. Several
// processes may do so at once.
func Open(ctx context.Context, path string) (*DB, error) {
	// SQLite would create the file with the umask's mode; it holds who may do what.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db, err := open(path)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = db.migrate(ctx, files)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), db.Close())
	}
	return db, nil
}

func open(path string) (*DB, error) {
	dsn := func(extra string) string {
		q := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=wal_autocheckpoint(0)%s",
			busyTimeout.Milliseconds(), extra)
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q}).String()
	}
	write, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", dsn("&_pragma=query_only(ON)"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(max(4, 2*runtime.GOMAXPROCS(0)))
	read.SetMaxIdleConns(max(4, 2*runtime.GOMAXPROCS(0)))
	keep, err := sql.Open("sqlite", dsn(""))
	if err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	keep.SetMaxOpenConns(1)
	log := newCheckpointer(keep)
	return &DB{&writer{db: write, written: log.written}, &reader{DB: read, statements: map[string]*sql.Stmt{}}, log}, nil
}

func (db *DB) migrations(files fs.FS) (*goose.Provider, error) {
	// Migrations do not depend on each other's order: what was merged later may have a smaller number.
	return goose.NewProvider(goose.DialectSQLite3, db.write.db, files, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
}

// migrate does the migrations that are not done, each in a transaction of its own.
func (db *DB) migrate(ctx context.Context, files fs.FS) error {
	p, err := db.migrations(files)
	if err != nil {
		return err
	}
	// Two processes that start on a new file race for the same migration; the loser finds it done.
	for attempt := 0; ; attempt++ {
		if _, err = p.Up(ctx); err == nil || attempt == 4 || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt+1) * 50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close implements store.Store.
func (db *DB) Close() error { return errors.Join(db.log.close(), db.read.Close(), db.write.close()) }

// tx runs f in one write transaction, which others may be part of.
func (db *DB) tx(ctx context.Context, f func(*txn) error) error { return db.write.tx(ctx, f) }

// exec runs one statement and returns the number of rows it changed.
func (db *DB) exec(ctx context.Context, q string, args ...any) (n int64, err error) {
	err = db.tx(ctx, func(tx *txn) error {
		r, err := tx.ExecContext(ctx, q, args...)
		if err != nil {
			return err
		}
		n, err = r.RowsAffected()
		return err
	})
	return n, err
}

// translate gives the store's names to the database's errors.
func translate(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	var e *driver.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%w: %w", store.ErrConflict, err)
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return fmt.Errorf("%w: %w", store.ErrNotFound, err)
		}
	}
	return err
}
