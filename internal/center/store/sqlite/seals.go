package sqlite

import (
	"context"
	"strings"

	"keyfob/internal/center/store"
)

// Sealed implements store.Seals.
func (db *DB) Sealed(ctx context.Context, after store.Sealed, limit int) ([]store.Sealed, error) {
	return queryAll(ctx, db.read, func(s *store.Sealed) []any { return []any{&s.Kind, &s.ID, &s.Factor, &s.UserID, &s.Secret} }, `
		SELECT * FROM (
			SELECT 'access key' AS of, id, '' AS factor, '' AS user_id, secret FROM access_keys
			UNION ALL SELECT 'factor', id, kind, user_id, secret FROM factors
			UNION ALL SELECT 'mfa device', account_id || '/' || name, '', '', mfa_secret FROM service_users
		) WHERE (of, id) > (?, ?) AND length(secret) > 0 ORDER BY of, id LIMIT ?`, string(after.Kind), after.ID, limit)
}

// Reseal implements store.Seals.
func (db *DB) Reseal(ctx context.Context, secrets []store.Resealed) (n int, err error) {
	err = db.tx(ctx, func(tx *txn) error {
		n = 0
		for _, s := range secrets {
			q, args := `UPDATE factors SET secret = ? WHERE secret = ? AND id = ?`, []any{s.Anew, s.Secret, s.ID}
			switch s.Kind {
			case store.SealedAccessKey:
				q = `UPDATE access_keys SET secret = ? WHERE secret = ? AND id = ?`
			case store.SealedDevice:
				account, name, _ := strings.Cut(s.ID, "/")
				q, args = `UPDATE service_users SET mfa_secret = ? WHERE mfa_secret = ? AND account_id = ? AND name = ?`, []any{s.Anew, s.Secret, account, name}
			}
			r, err := tx.ExecContext(ctx, q, args...)
			if err != nil {
				return err
			}
			changed, err := r.RowsAffected()
			if err != nil {
				return err
			}
			n += int(changed)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
