package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"keyfob/internal/center/batch"
	"keyfob/internal/center/store"
)

// writer makes changes, each of which happens or does not. SQLite makes one after the other whoever asks,
// and what takes long is the commit, which waits for the disk: so changes that are asked for while a
// commit is under way share the next one. Nobody returns before theirs is on the disk.
type writer struct {
	db      *sql.DB // of one connection
	written func()  // called after every transaction
	queue   batch.Queue[*change]

	// Of whoever leads a batch:
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

type change struct {
	ctx      context.Context //nolint:containedctx // of a call that waits for this
	make     func(*txn) error
	err      error
	panicked any
}

// maxChanges bounds how long the first of a batch waits for the others.
const maxChanges = 128

// tx makes one change in a transaction that may have others in it. f may be called again, after all that it
// has done was undone.
func (w *writer) tx(ctx context.Context, f func(*txn) error) error {
	own := &change{ctx: ctx, make: f, err: errors.New("the change was not made")}
	w.queue.Do(own, maxChanges, func(all []*change) {
		w.write(all)
		w.written()
	})
	if own.panicked != nil {
		panic(own.panicked)
	}
	return own.err
}

func (w *writer) write(all []*change) {
	// A call that is given up must not interrupt a statement: SQLite would roll all of it back.
	ctx := context.WithoutCancel(all[0].ctx)
	asked := all[:0:0]
	for _, c := range all {
		if c.err = context.Cause(c.ctx); c.err == nil { // else it was given up before it began
			asked = append(asked, c)
		}
	}
	err := w.transaction(ctx, asked, (*txn).together)
	if errors.Is(err, errUndone) {
		err = nil
		if len(asked) > 1 { // rare enough to pay for keeping each apart only then
			for _, c := range asked {
				c.err, c.panicked = nil, nil
			}
			err = w.transaction(ctx, asked, (*txn).apart)
		}
	}
	for _, c := range asked {
		if c.err == nil {
			c.err = err
		}
	}
}

// errUndone: a change has failed, and none of its transaction was made.
var errUndone = errors.New("a change failed")

func (w *writer) transaction(ctx context.Context, all []*change, each func(*txn, *change) error) error {
	t, err := w.begin(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := each(t, c); err != nil {
			return errors.Join(err, w.end(ctx, "ROLLBACK"))
		}
	}
	if err := writeHead(ctx, t); err != nil {
		return errors.Join(err, w.end(ctx, "ROLLBACK"))
	}
	return w.end(ctx, "COMMIT")
}

// begin starts a transaction on the connection, which is kept for its prepared statements.
func (w *writer) begin(ctx context.Context) (*txn, error) {
	if w.conn == nil {
		conn, err := w.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		w.conn, w.statements = conn, map[string]*sql.Stmt{}
	}
	t := &txn{w: w, ctx: ctx}
	if _, err := t.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(err, w.drop())
	}
	return t, nil
}

// end ends the transaction. A connection on which that fails is not used any more.
func (w *writer) end(ctx context.Context, how string) error {
	_, err := (&txn{w: w, ctx: ctx}).ExecContext(ctx, how)
	if err != nil {
		err = errors.Join(err, w.drop())
	}
	return err
}

func (w *writer) drop() error {
	var all error
	for _, s := range w.statements {
		all = errors.Join(all, s.Close())
	}
	// The driver rolls back what has not been committed when the connection is closed for good.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	all = errors.Join(all, ignoreClosed(w.conn.Close()))
	w.conn, w.statements = nil, nil
	return all
}

func (w *writer) close() error {
	var err error
	if w.conn != nil {
		err = ignoreClosed(w.conn.Close())
	}
	return errors.Join(err, w.db.Close())
}

// txn is a transaction. It takes a context where database/sql does, and does not stop for it.
type txn struct {
	w   *writer
	ctx context.Context //nolint:containedctx // without an end, in place of those that have one

	head *store.AuditHead // what the head of the audit log will be, if it moves
}

// together makes a change that undoes the whole transaction when it fails.
func (t *txn) together(c *change) error {
	if t.run(c); c.err != nil {
		return errUndone
	}
	return nil
}

// apart makes a change that leaves nothing behind when it fails. The error is one that ends the whole
// transaction.
func (t *txn) apart(c *change) error {
	if _, err := t.ExecContext(t.ctx, "SAVEPOINT change"); err != nil {
		return err
	}
	head := t.head
	if t.run(c); c.err != nil {
		t.head = head
		if _, err := t.ExecContext(t.ctx, "ROLLBACK TO change"); err != nil {
			return err
		}
	}
	_, err := t.ExecContext(t.ctx, "RELEASE change")
	return err
}

func (t *txn) run(c *change) {
	defer func() {
		if c.panicked = recover(); c.panicked != nil {
			c.err = fmt.Errorf("panic: %v", c.panicked)
		}
	}()
	c.err = translate(c.make(t))
}

func (t *txn) prepared(q string) (*sql.Stmt, error) {
	s := t.w.statements[q]
	if s == nil {
		var err error
		if s, err = t.w.conn.PrepareContext(t.ctx, q); err != nil {
			return nil, err
		}
		t.w.statements[q] = s
	}
	return s, nil
}

// ExecContext is [sql.Tx.ExecContext].
func (t *txn) ExecContext(_ context.Context, q string, args ...any) (sql.Result, error) {
	s, err := t.prepared(q)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(t.ctx, args...)
}

// QueryRowContext is [sql.Tx.QueryRowContext].
func (t *txn) QueryRowContext(_ context.Context, q string, args ...any) *sql.Row {
	s, err := t.prepared(q)
	if err != nil {
		return t.w.conn.QueryRowContext(t.ctx, q, args...) // which has the error
	}
	return s.QueryRowContext(t.ctx, args...)
}

// QueryContext is [sql.Tx.QueryContext].
func (t *txn) QueryContext(_ context.Context, q string, args ...any) (*sql.Rows, error) {
	s, err := t.prepared(q)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(t.ctx, args...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
