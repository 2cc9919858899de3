package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// reader runs queries beside the writer, on connections of their own. It keeps what they compile to, so
// every query must be one of a few: one that is put together goes to the [sql.DB] within.
type reader struct {
	*sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

func (r *reader) prepared(ctx context.Context, q string) (*sql.Stmt, error) {
	r.mu.RLock()
	s := r.statements[q]
	r.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s = r.statements[q]; s != nil {
		return s, nil
	}
	s, err := r.PrepareContext(ctx, q)
	if err == nil {
		r.statements[q] = s
	}
	return s, err
}

// QueryRowContext is [sql.DB.QueryRowContext].
func (r *reader) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	s, err := r.prepared(ctx, q)
	if err != nil {
		return r.DB.QueryRowContext(ctx, q, args...) // which has the error
	}
	return s.QueryRowContext(ctx, args...)
}

// QueryContext is [sql.DB.QueryContext].
func (r *reader) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	s, err := r.prepared(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}
