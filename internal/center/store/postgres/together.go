package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"keyfob/internal/center/batch"
)

// together is statements of calls that come at the same time. They go to the database in one way, on one
// connection, and are one transaction with one commit: as with SQLite, what costs is not what is in it. Each must be
// a statement that returns at most one row, and takes being one transaction with others.
type together struct{ queue batch.Queue[*asked] }

type asked struct {
	into []any
	q    string
	args []any
	err  error
}

// maxTogether bounds how long the first of a batch waits for the others.
const maxTogether = 64

// errAlone: the statement has to be run by itself, as nothing of its batch has happened.
var errAlone = errors.New("a statement was not run")

// row is [DB.row] of a statement that may go with others.
func (t *together) row(ctx context.Context, db *DB, into []any, q string, args ...any) error {
	own := &asked{into, q, args, errAlone}
	t.queue.Do(own, maxTogether, func(all []*asked) {
		if len(all) == 1 {
			own.err = db.row(ctx, into, q, args...)
			return
		}
		db.ask(context.WithoutCancel(ctx), all) // whoever asks, asks for all
	})
	if errors.Is(own.err, errAlone) {
		return db.row(ctx, into, q, args...)
	}
	return translate(own.err)
}

func (db *DB) ask(ctx context.Context, all []*asked) {
	var b pgx.Batch
	found := make([]error, len(all))
	for i, a := range all {
		b.Queue(a.q, a.args...).QueryRow(func(row pgx.Row) error {
			err := row.Scan(a.into...)
			if errors.Is(err, pgx.ErrNoRows) {
				found[i], err = err, nil
			}
			return err
		})
	}
	err := db.pool.SendBatch(ctx, &b).Close()
	switch {
	case err == nil: // it is committed
		for i, a := range all {
			a.err = found[i]
		}
	case undone(err): // who was to blame finds out alone
	default: // nobody knows what has happened
		for _, a := range all {
			a.err = err
		}
	}
}

// undone tells an error after which nothing of a transaction has happened.
func undone(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Severity == "ERROR" || pgconn.SafeToRetry(err)
}
