// Package postgres keeps a center's records in a PostgreSQL database, which any number of centers share.
//
// It implements store.Store and is held against storetest. Only the command keyfob-center opens it; it knows
// SQL and nothing about OAuth. Transactions are READ COMMITTED: whatever may be used once is one row, and who
// uses it locks that row, or changes it in one statement that says what it must have been. Hot paths are one
// statement, so one way to the database and back.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"keyfob/internal/center/batch"
	"keyfob/internal/center/store"
)

// DB is an open store.
type DB struct {
	pool *pgxpool.Pool
	log  appender

	// What is asked at every refresh.
	reads     together
	rotations batch.Queue[*rotation]
}

var _ store.Store = (*DB)(nil)

// What a database that hangs, or somebody who holds a lock and is gone, may hold up.
const (
	connectTimeout   = 5 * time.Second
	statementTimeout = 30 * time.Second
	idleTimeout      = 15 * time.Second // of a transaction that does nothing
)

// mostConnections is how many one center opens, unless the URL has pool_max_conns. PostgreSQL allows 100 by
// default, and there may be several centers.
const mostConnections = 16

// IsURL tells whether a name of a database is one of this package's.
func IsURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// Open connects to the database that url names and brings its tables up to date; several processes may do so at
// once. What url does not say comes from PGPASSFILE, PGPASSWORD, PGSSLROOTCERT, … as in every program that uses
// PostgreSQL. Errors do not contain the password.
func Open(ctx context.Context, url string) (*DB, error) {
	config, err := configure(url)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	db := &DB{pool: pool}
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

func configure(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = mostConnections
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name":                    "keyfob-center",
		"statement_timeout":                   fmt.Sprint(statementTimeout.Milliseconds()),
		"idle_in_transaction_session_timeout": fmt.Sprint(idleTimeout.Milliseconds()),
		"default_transaction_isolation":       "read committed",
	} {
		if config.ConnConfig.RuntimeParams[name] == "" {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// Close implements store.Store.
func (db *DB) Close() error {
	db.pool.Close()
	return nil
}

// maxAttempts is how often a transaction is tried that PostgreSQL gave up for another's sake.
const maxAttempts = 8

// again runs f until it is neither in a deadlock with somebody nor on a connection that was closed before
// anything was sent.
func again(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt == maxAttempts || ctx.Err() != nil || !passing(err) {
			return translate(err)
		}
		select {
		case <-time.After(time.Duration(attempt) * 5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// passing tells an error that says to try again.
func passing(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "40001" || e.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return pgconn.SafeToRetry(err)
}

// translate gives the store's names to the database's errors.
func translate(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case "23505", "21000": // unique_violation; cardinality_violation: twice in one Apply
			return fmt.Errorf("%w: %w", store.ErrConflict, err)
		case "23503": // foreign_key_violation
			return fmt.Errorf("%w: %w", store.ErrNotFound, err)
		case "22021": // character_not_in_repertoire: nothing here has such a name
			return fmt.Errorf("%w: %w", store.ErrNotFound, err)
		}
	}
	return err
}
