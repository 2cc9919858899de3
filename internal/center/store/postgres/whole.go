package postgres

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"keyfob/internal/center/store/whole"
)

var (
	_ whole.Source = (*DB)(nil)
	_ whole.Target = (*DB)(nil)
)

// unlimited lets a transaction take as long as copying does, and wait for the other database.
const unlimited = `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`

// Snapshot implements whole.Source.
func (db *DB) Snapshot(ctx context.Context, use func(func(whole.Table) whole.Rows) error) error {
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it was only read
	if err := understood(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, unlimited); err != nil {
		return err
	}
	return use(func(t whole.Table) whole.Rows {
		return func(yield func(whole.Row, error) bool) {
			if err := readTable(ctx, tx, t, yield); err != nil {
				yield(nil, err)
			}
		}
	})
}

// readTable returns nil when yield wants no more.
func readTable(ctx context.Context, tx pgx.Tx, t whole.Table, yield func(whole.Row, error) bool) error {
	q := `SELECT ` + strings.Join(columnNames(t), ", ") + ` FROM ` + t.Name
	if t.Name == whole.AuditEvents {
		q += ` ORDER BY id`
	}
	rows, err := tx.Query(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return err
		}
		for i, c := range t.Columns {
			switch v := row[i].(type) {
			case int32:
				row[i] = int64(v)
			case []byte:
				if c.Kind == whole.Outside {
					row[i] = string(v)
				}
			}
		}
		if !yield(row, nil) {
			return nil
		}
	}
	return rows.Err()
}

// Fill implements whole.Target.
func (db *DB) Fill(ctx context.Context, use func(func(whole.Table, whole.Rows) (int64, error)) error) error {
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to undo after Commit
	if err := understood(ctx, tx); err != nil {
		return err
	}
	for _, t := range whole.Tables() {
		// What others have begun ends first, and they wait for this to end.
		if _, err := tx.Exec(ctx, `LOCK TABLE `+t.Name+` IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		q := `SELECT EXISTS (SELECT FROM ` + t.Name + `)`
		if t.Name == whole.AuditHead {
			q = `SELECT EXISTS (SELECT FROM audit_head WHERE seq <> 0)`
		}
		var found bool
		if err := tx.QueryRow(ctx, q).Scan(&found); err != nil {
			return err
		}
		if found {
			return fmt.Errorf("%w: in table %s", whole.ErrNotEmpty, t.Name)
		}
	}
	if _, err := tx.Exec(ctx, unlimited); err != nil {
		return err
	}
	if err := use(func(t whole.Table, rows whole.Rows) (int64, error) { return fillTable(ctx, tx, t, rows) }); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func fillTable(ctx context.Context, tx pgx.Tx, t whole.Table, rows whole.Rows) (int64, error) {
	if t.Name == whole.AuditHead {
		return fillHead(ctx, tx, t, rows)
	}
	next, stop := iter.Pull2(rows)
	defer stop()
	var unread error // which PostgreSQL only gets to know as text
	n, err := tx.CopyFrom(ctx, pgx.Identifier{t.Name}, columnNames(t), pgx.CopyFromFunc(func() ([]any, error) {
		row, err, ok := next()
		if err != nil || !ok {
			unread = err
			return nil, err
		}
		for i, c := range t.Columns {
			if s, ok := row[i].(string); ok && c.Kind == whole.Outside {
				row[i] = raw(s)
			}
		}
		return row, nil
	}))
	if unread != nil {
		err = unread
	}
	return n, err
}

// fillHead moves the head, which is there. Of a log with nothing in it, it is as it should be.
func fillHead(ctx context.Context, tx pgx.Tx, t whole.Table, rows whole.Rows) (n int64, err error) {
	var values []string
	for i := range t.Columns {
		values = append(values, fmt.Sprint("$", i+1))
	}
	seq := values[slices.IndexFunc(t.Columns, func(c whole.Column) bool { return c.Name == "seq" })]
	q := `UPDATE audit_head SET (` + strings.Join(columnNames(t), ", ") + `) = (` + strings.Join(values, ", ") + `) WHERE seq <> ` + seq
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		if _, err := tx.Exec(ctx, q, row...); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func columnNames(t whole.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// understood reports an error when the tables are not as this program's migrations make them.
func understood(ctx context.Context, tx pgx.Tx) error {
	done, err := rows(ctx, tx, func(v *int64) []any { return []any{v} },
		`SELECT DISTINCT version_id FROM goose_db_version WHERE version_id > 0 AND is_applied ORDER BY version_id`)
	if err != nil {
		return err
	}
	return whole.SameSchema(migrations, done)
}
