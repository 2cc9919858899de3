package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"keyfob/internal/center/store"
)

// row reads the one row of a statement, which is a transaction of its own.
func (db *DB) row(ctx context.Context, into []any, q string, args ...any) error {
	return again(ctx, func() error { return db.pool.QueryRow(ctx, q, args...).Scan(into...) })
}

// exec runs a statement, which is a transaction of its own, and returns the number of rows it changed.
func (db *DB) exec(ctx context.Context, q string, args ...any) (n int64, err error) {
	err = again(ctx, func() error {
		tag, err := db.pool.Exec(ctx, q, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// change is exec of a statement that changes something, or the error is none.
func (db *DB) change(ctx context.Context, none error, q string, args ...any) error {
	n, err := db.exec(ctx, q, args...)
	if err == nil && n == 0 {
		return none
	}
	return err
}

type queryer interface {
	Query(ctx context.Context, q string, args ...any) (pgx.Rows, error)
}

// all reads every row of a statement; fields names the places one row is scanned into.
func all[T any](ctx context.Context, db *DB, fields func(*T) []any, q string, args ...any) (list []T, err error) {
	err = again(ctx, func() (err error) {
		list, err = rows(ctx, db.pool, fields, q, args...)
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // no list is under a name that is no text
		return nil, nil
	}
	return list, err
}

// reading is a transaction, or a connection that is in one.
type reading interface {
	queryer
	QueryRow(ctx context.Context, q string, args ...any) pgx.Row
}

func rows[T any](ctx context.Context, from queryer, fields func(*T) []any, q string, args ...any) (list []T, err error) {
	rows, err := from.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// txn is a transaction: what is read under lock first, then what is changed, in as few ways to the database and
// back as that takes.
type txn struct {
	ctx  context.Context //nolint:containedctx // of the call that it is for
	conn *pgxpool.Conn
	open bool
	last pgx.Batch // what goes with COMMIT
}

// tx runs f in a transaction, and again if it has to: f must not leave anything behind but what it sets anew.
func (db *DB) tx(ctx context.Context, f func(*txn) error) error {
	return again(ctx, func() (err error) {
		conn, err := db.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release() // which closes a connection that is still in a transaction
		t := &txn{ctx: ctx, conn: conn}
		if err := f(t); err != nil {
			if t.open {
				_, _ = conn.Exec(ctx, "ROLLBACK")
			}
			return err
		}
		return t.commit()
	})
}

// row reads one row, in the same way as BEGIN if it is the first.
func (t *txn) row(into []any, q string, args ...any) error {
	if t.open {
		return t.conn.QueryRow(t.ctx, q, args...).Scan(into...)
	}
	t.open = true
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue(q, args...).QueryRow(func(row pgx.Row) error { return row.Scan(into...) })
	return t.conn.SendBatch(t.ctx, &b).Close()
}

// exec runs one statement and returns the number of rows it changed.
func (t *txn) exec(q string, args ...any) (int64, error) {
	var b pgx.Batch
	if !t.open {
		t.open = true
		b.Queue("BEGIN")
	}
	var n int64
	b.Queue(q, args...).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	return n, t.conn.SendBatch(t.ctx, &b).Close()
}

// change is exec of a statement that changes something, or the error is none.
func (t *txn) change(none error, q string, args ...any) error {
	n, err := t.exec(q, args...)
	if err == nil && n == 0 {
		return none
	}
	return err
}

// later queues a statement that goes with COMMIT.
func (t *txn) later(q string, args ...any) { t.last.Queue(q, args...) }

func (t *txn) commit() error {
	if t.open {
		t.last.Queue("COMMIT")
	} // else what was queued is a transaction by itself
	return t.conn.SendBatch(t.ctx, &t.last).Close()
}
