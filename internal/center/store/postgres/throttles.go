package postgres

import (
	"context"
	"errors"
	"time"

	"keyfob/internal/center/store"
)

func throttleFields(t *store.Throttle) []any {
	return []any{&t.Failures, instant{&t.FirstAt}, instant{&t.BlockedUntil}}
}

// Throttle implements store.Throttles.
func (db *DB) Throttle(ctx context.Context, key string) (store.Throttle, error) {
	var t store.Throttle
	err := db.row(ctx, throttleFields(&t), `SELECT failures, first_at, blocked_until FROM throttles WHERE key = $1`, raw(key))
	if errors.Is(err, store.ErrNotFound) {
		return store.Throttle{}, nil
	}
	return t, err
}

// UpdateThrottle implements store.Throttles.
func (db *DB) UpdateThrottle(ctx context.Context, key string, change func(*store.Throttle)) (store.Throttle, error) {
	var th store.Throttle
	err := db.tx(ctx, func(t *txn) error {
		th = store.Throttle{}
		// The row is locked whether it was there or not.
		if err := t.row(throttleFields(&th), `INSERT INTO throttles (key, failures, first_at, blocked_until) VALUES ($1, 0, 0, 0)
			ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING failures, first_at, blocked_until`, raw(key)); err != nil {
			return err
		}
		change(&th)
		t.later(`UPDATE throttles SET failures = $1, first_at = $2, blocked_until = $3 WHERE key = $4`,
			th.Failures, at(th.FirstAt), at(th.BlockedUntil), raw(key))
		return nil
	})
	return th, err
}

// ClearThrottle implements store.Throttles.
func (db *DB) ClearThrottle(ctx context.Context, key string) error {
	_, err := db.exec(ctx, `DELETE FROM throttles WHERE key = $1`, raw(key))
	return err
}

// UseOnce implements store.Onces.
func (db *DB) UseOnce(ctx context.Context, key store.Hash, expires time.Time) error {
	return db.change(ctx, store.ErrConflict, `INSERT INTO used_once (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key[:], at(expires))
}
