package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"keyfob/internal/center/store/whole"
)

var (
	_ whole.Source = (*DB)(nil)
	_ whole.Target = (*DB)(nil)
)

// Snapshot implements whole.Source.
func (db *DB) Snapshot(ctx context.Context, use func(func(whole.Table) whole.Rows) error) error {
	tx, err := db.read.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it was only read
	if err := understood(ctx, tx); err != nil {
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
func readTable(ctx context.Context, tx queryer, t whole.Table, yield func(whole.Row, error) bool) error {
	q := `SELECT ` + strings.Join(columnNames(t), ", ") + ` FROM ` + t.Name
	if t.Name == whole.AuditEvents {
		q += ` ORDER BY id`
	}
	rows, err := tx.QueryContext(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	row, into := make(whole.Row, len(t.Columns)), make([]any, len(t.Columns))
	for i, c := range t.Columns {
		into[i] = place{&row[i], c.Kind}
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if !yield(row, nil) {
			return nil
		}
	}
	return rows.Err()
}

// place is where a value of a table goes.
type place struct {
	to   *any
	kind whole.Kind
}

// Scan implements [database/sql.Scanner].
func (p place) Scan(v any) error {
	switch v := v.(type) {
	case int64:
		if p.kind == whole.Flag {
			*p.to = v != 0
			return nil
		}
		if p.kind == whole.Integer {
			*p.to = v
			return nil
		}
	case string:
		if p.kind == whole.Text || p.kind == whole.Outside {
			*p.to = v
			return nil
		}
	case []byte:
		if p.kind == whole.Bytes {
			*p.to = append([]byte{}, v...) // not nil, which would be NULL
			return nil
		}
	}
	return fmt.Errorf("a column holds %T", v)
}

// Fill implements whole.Target.
func (db *DB) Fill(ctx context.Context, use func(func(whole.Table, whole.Rows) (int64, error)) error) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := understood(ctx, tx); err != nil {
			return err
		}
		for _, t := range whole.Tables() {
			q := `SELECT count(*) FROM (SELECT 1 FROM ` + t.Name + ` LIMIT 1)`
			if t.Name == whole.AuditHead {
				q = `SELECT count(*) FROM audit_head WHERE seq <> 0`
			}
			var n int
			if err := tx.QueryRowContext(ctx, q).Scan(&n); err != nil {
				return err
			}
			if n != 0 {
				return fmt.Errorf("%w: in table %s", whole.ErrNotEmpty, t.Name)
			}
		}
		return use(func(t whole.Table, rows whole.Rows) (int64, error) { return fillTable(ctx, tx, t, rows) })
	})
}

func fillTable(ctx context.Context, tx *txn, t whole.Table, rows whole.Rows) (n int64, err error) {
	names := strings.Join(columnNames(t), ", ")
	values := `(` + strings.Repeat("?, ", len(t.Columns)-1) + `?)`
	q := `INSERT INTO ` + t.Name + ` (` + names + `) VALUES ` + values
	if t.Name == whole.AuditHead { // of a log with nothing in it, it is as it should be
		q = `UPDATE audit_head SET (` + names + `) = ` + values + ` WHERE seq <> ?`
	}
	for row, err := range rows {
		if err == nil {
			err = context.Cause(ctx) // which the transaction does not heed
		}
		if err != nil {
			return n, err
		}
		if t.Name == whole.AuditHead {
			row = append(row[:len(row):len(row)], row[slices.IndexFunc(t.Columns, func(c whole.Column) bool { return c.Name == "seq" })])
		}
		if _, err := tx.ExecContext(ctx, q, row...); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// columnNames are the names here of a table's columns.
func columnNames(t whole.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		if names[i] = c.Name; c.Name == "poll_interval" {
			names[i] = "interval"
		}
	}
	return names
}

// understood reports an error when the tables are not as this program's migrations make them.
func understood(ctx context.Context, tx queryer) error {
	done, err := queryAll(ctx, tx, func(v *int64) []any { return []any{v} },
		`SELECT DISTINCT version_id FROM goose_db_version WHERE version_id > 0 AND is_applied ORDER BY version_id`)
	if err != nil {
		return err
	}
	return whole.SameSchema(migrations, done)
}
