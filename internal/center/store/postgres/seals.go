package postgres

import (
	"context"
	"strings"

	"keyfob/internal/center/store"
)

// Sealed implements store.Seals.
func (db *DB) Sealed(ctx context.Context, after store.Sealed, limit int) ([]store.Sealed, error) {
	return all(ctx, db, func(s *store.Sealed) []any { return []any{&s.Kind, &s.ID, &s.Factor, &s.UserID, &s.Secret} }, `
		SELECT * FROM (
			SELECT 'access key'::text AS of, id, '' AS factor, '' AS user_id, secret FROM access_keys
			UNION ALL SELECT 'factor', id, kind, user_id, secret FROM factors
			UNION ALL SELECT 'mfa device', account_id || '/' || name, '', '', mfa_secret FROM service_users
		) s WHERE (of, id) > ($1, $2) AND length(secret) > 0 ORDER BY of, id LIMIT $3`, string(after.Kind), after.ID, limit)
}

// Reseal implements store.Seals.
func (db *DB) Reseal(ctx context.Context, secrets []store.Resealed) (n int, err error) {
	err = db.tx(ctx, func(t *txn) error {
		n = 0
		for _, s := range secrets {
			q, args := `UPDATE factors SET secret = $1 WHERE secret = $2 AND id = $3`, []any{s.Anew, s.Secret, s.ID}
			switch s.Kind {
			case store.SealedAccessKey:
				q = `UPDATE access_keys SET secret = $1 WHERE secret = $2 AND id = $3`
			case store.SealedDevice:
				account, name, _ := strings.Cut(s.ID, "/")
				q, args = `UPDATE service_users SET mfa_secret = $1 WHERE mfa_secret = $2 AND account_id = $3 AND name = $4`, []any{s.Anew, s.Secret, account, name}
			}
			changed, err := t.exec(q, args...)
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
