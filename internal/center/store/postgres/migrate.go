package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Locks that centers on one database share.
const (
	lockMigrations = 0x6b6579666f62 + iota
	lockClients
	lockHousekeeping
)

// migrate does the migrations that are not done, one center after the other.
func (db *DB) migrate(ctx context.Context) error {
	err := db.Migrated(ctx)
	var behind *behindError
	if !errors.As(err, &behind) {
		return err
	}
	// A connection of their own, as they may take long.
	config := db.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	lock, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer lock.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the lock goes with it
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(lockMigrations)); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	conns := stdlib.OpenDB(*config)
	defer conns.Close() //nolint:errcheck // nothing is lost with it
	p, err := goose.NewProvider(goose.DialectPostgres, conns, files, goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

type behindError struct{ done, all int }

func (e *behindError) Error() string {
	return fmt.Sprintf("%d of %d migrations of the database are done", e.done, e.all)
}

// Migrated reports an error when the tables are not as this program needs them: not yet brought up to
// date, or a backup from before was put in their place.
func (db *DB) Migrated(ctx context.Context) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	var done int
	err = db.row(ctx, []any{&done}, `SELECT count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0 AND is_applied`)
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "42P01" { // undefined_table
		err = nil
	}
	if err == nil && done < len(files) {
		return &behindError{done, len(files)}
	}
	return err
}
