package sqlite

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// AddFactor implements store.Factors.
func (db *DB) AddFactor(ctx context.Context, f store.Factor, limit int) error {
	return db.tx(ctx, func(tx *txn) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM factors WHERE user_id = ?`, f.UserID).Scan(&n); err != nil {
			return err
		}
		if n >= limit {
			return store.ErrConflict
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO factors (id, user_id, kind, name, secret, credential, counter, created_at, last_used_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, f.ID, f.UserID, string(f.Kind), f.Name, f.Secret, f.Credential[:], f.Counter, at(f.CreatedAt), at(f.LastUsedAt))
		return err
	})
}

const factorColumns = `id, user_id, kind, name, secret, credential, counter, created_at, last_used_at`

func factorFields(f *store.Factor) []any {
	return []any{&f.ID, &f.UserID, &f.Kind, &f.Name, &f.Secret, hash{&f.Credential}, &f.Counter, instant{&f.CreatedAt}, instant{&f.LastUsedAt}}
}

// FactorsOf implements store.Factors.
func (db *DB) FactorsOf(ctx context.Context, userID string) ([]store.Factor, error) {
	return queryAll(ctx, db.read, factorFields, `SELECT `+factorColumns+` FROM factors WHERE user_id = ? ORDER BY created_at, id`, userID)
}

// FactorByCredential implements store.Factors.
func (db *DB) FactorByCredential(ctx context.Context, credential store.Hash) (store.Factor, error) {
	var f store.Factor
	err := db.read.QueryRowContext(ctx, `SELECT `+factorColumns+` FROM factors WHERE credential = ?`, credential[:]).Scan(factorFields(&f)...)
	return f, translate(err)
}

// UseFactor implements store.Factors.
func (db *DB) UseFactor(ctx context.Context, id string, counter int64, now time.Time) error {
	n, err := db.exec(ctx, `UPDATE factors SET counter = ?, last_used_at = ? WHERE id = ? AND (counter < ? OR counter = 0 AND ? = 0)`,
		counter, at(now), id, counter, counter)
	if err == nil && n == 0 {
		return store.ErrConflict
	}
	return err
}

// RenameFactor implements store.Factors.
func (db *DB) RenameFactor(ctx context.Context, userID, id, name string) error {
	return db.tx(ctx, func(tx *txn) error {
		return changeOne(ctx, tx, `UPDATE factors SET name = ? WHERE id = ? AND user_id = ?`, name, id, userID)
	})
}

// RemoveFactor implements store.Factors.
func (db *DB) RemoveFactor(ctx context.Context, userID, id string) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := changeOne(ctx, tx, `DELETE FROM factors WHERE id = ? AND user_id = ?`, id, userID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = ? AND NOT EXISTS (SELECT 1 FROM factors WHERE user_id = ?)`,
			userID, userID)
		return err
	})
}

// RemoveFactors implements store.Factors.
func (db *DB) RemoveFactors(ctx context.Context, userID string) error {
	return db.tx(ctx, func(tx *txn) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM factors WHERE user_id = ?`, userID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = ?`, userID)
		return err
	})
}

// SetRecoveryCodes implements store.Factors.
func (db *DB) SetRecoveryCodes(ctx context.Context, userID string, codes []store.Hash) error {
	return db.tx(ctx, func(tx *txn) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = ?`, userID); err != nil {
			return err
		}
		for _, c := range codes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (user_id, hash) VALUES (?, ?)`, userID, c[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// UseRecoveryCode implements store.Factors.
func (db *DB) UseRecoveryCode(ctx context.Context, userID string, code store.Hash) error {
	n, err := db.exec(ctx, `DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?`, userID, code[:])
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// RecoveryCodes implements store.Factors.
func (db *DB) RecoveryCodes(ctx context.Context, userID string) (left int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM recovery_codes WHERE user_id = ?`, userID).Scan(&left)
	return left, translate(err)
}

// AddLink implements store.Links.
func (db *DB) AddLink(ctx context.Context, l store.Link) error {
	return db.tx(ctx, func(tx *txn) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM links WHERE user_id = ?`, l.UserID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO links (user_id, hash, kind, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`,
			l.UserID, l.Hash[:], string(l.Kind), at(l.CreatedAt), at(l.ExpiresAt))
		return err
	})
}

// Link implements store.Links.
func (db *DB) Link(ctx context.Context, secret store.Hash) (store.Link, store.User, error) {
	var l store.Link
	var u store.User
	err := db.read.QueryRowContext(ctx, `SELECT l.hash, l.user_id, l.kind, l.created_at, l.expires_at, `+userColumns+`
		FROM links l JOIN users u ON u.id = l.user_id WHERE l.hash = ?`, secret[:]).
		Scan(append([]any{hash{&l.Hash}, &l.UserID, &l.Kind, instant{&l.CreatedAt}, instant{&l.ExpiresAt}}, userFields(&u)...)...)
	return l, u, translate(err)
}

// RedeemLink implements store.Links.
func (db *DB) RedeemLink(ctx context.Context, secret store.Hash, passwordHash string, now time.Time) (userID string, err error) {
	err = db.tx(ctx, func(tx *txn) error {
		if err := tx.QueryRowContext(ctx, `DELETE FROM links WHERE hash = ? AND expires_at > ? RETURNING user_id`, secret[:], at(now)).
			Scan(&userID); err != nil {
			return err
		}
		if err := changeOne(ctx, tx, `UPDATE users SET password_hash = ? WHERE id = ?`, passwordHash, userID); err != nil {
			return err
		}
		return endSessionsOf(ctx, tx, userID, "", "password changed", now)
	})
	return userID, err
}

// RenewSession implements store.SessionChanges.
func (db *DB) RenewSession(ctx context.Context, id string, from, to store.Hash, now time.Time) error {
	n, err := db.exec(ctx, `UPDATE sessions SET cookie_hash = ?, authenticated_at = ?, last_seen_at = ?
		WHERE id = ? AND cookie_hash = ? AND ended_at = 0 AND expires_at > ?`, to[:], at(now), at(now), id, from[:], at(now))
	if err == nil && n == 0 {
		return store.ErrConflict
	}
	return err
}

// ClientsOf implements store.SessionChanges.
func (db *DB) ClientsOf(ctx context.Context, userID string) ([]store.SessionClient, error) {
	return queryAll(ctx, db.read, func(c *store.SessionClient) []any {
		return []any{&c.SessionID, &c.FamilyID, &c.ClientName, instant{&c.CreatedAt}}
	}, `SELECT f.session_id, f.id, c.name, f.created_at FROM token_families f JOIN clients c ON c.id = f.client_id
		WHERE f.user_id = ? AND f.revoked_at = 0 ORDER BY f.created_at DESC, f.id`, userID)
}
