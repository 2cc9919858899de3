package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

const factorColumns = `id, user_id, kind, name, secret, credential, counter, created_at, last_used_at`

func factorFields(f *store.Factor) []any {
	return []any{&f.ID, &f.UserID, &f.Kind, outside{&f.Name}, &f.Secret, hash{&f.Credential}, &f.Counter, instant{&f.CreatedAt}, instant{&f.LastUsedAt}}
}

// lockUser keeps a person's factors from being counted by two at once.
func lockUser(t *txn, id string) error {
	var one int
	return t.row([]any{&one}, `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`, id)
}

// AddFactor implements store.Factors.
func (db *DB) AddFactor(ctx context.Context, f store.Factor, limit int) error {
	return db.tx(ctx, func(t *txn) error {
		if err := lockUser(t, f.UserID); err != nil {
			return err
		}
		return t.change(store.ErrConflict, `INSERT INTO factors (`+factorColumns+`)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT count(*) FROM factors WHERE user_id = $2) < $10`,
			f.ID, f.UserID, string(f.Kind), raw(f.Name), bytesOf(f.Secret), f.Credential[:], f.Counter, at(f.CreatedAt), at(f.LastUsedAt), limit)
	})
}

// FactorsOf implements store.Factors.
func (db *DB) FactorsOf(ctx context.Context, userID string) ([]store.Factor, error) {
	return all(ctx, db, factorFields, `SELECT `+factorColumns+` FROM factors WHERE user_id = $1 ORDER BY created_at, id`, userID)
}

// FactorByCredential implements store.Factors.
func (db *DB) FactorByCredential(ctx context.Context, credential store.Hash) (store.Factor, error) {
	var f store.Factor
	err := db.row(ctx, factorFields(&f), `SELECT `+factorColumns+` FROM factors WHERE credential = $1`, credential[:])
	return f, err
}

// UseFactor implements store.Factors.
func (db *DB) UseFactor(ctx context.Context, id string, counter int64, now time.Time) error {
	return db.change(ctx, store.ErrConflict, `UPDATE factors SET counter = $1, last_used_at = $2
		WHERE id = $3 AND (counter < $1 OR counter = 0 AND $1 = 0)`, counter, at(now), id)
}

// RenameFactor implements store.Factors.
func (db *DB) RenameFactor(ctx context.Context, userID, id, name string) error {
	return db.change(ctx, store.ErrNotFound, `UPDATE factors SET name = $1 WHERE id = $2 AND user_id = $3`, raw(name), id, userID)
}

// RemoveFactor implements store.Factors.
func (db *DB) RemoveFactor(ctx context.Context, userID, id string) error {
	return db.tx(ctx, func(t *txn) error {
		if err := lockUser(t, userID); err != nil {
			return err
		}
		if err := t.change(store.ErrNotFound, `DELETE FROM factors WHERE id = $1 AND user_id = $2`, id, userID); err != nil {
			return err
		}
		t.later(`DELETE FROM recovery_codes WHERE user_id = $1 AND NOT EXISTS (SELECT FROM factors WHERE user_id = $1)`, userID)
		return nil
	})
}

// RemoveFactors implements store.Factors.
func (db *DB) RemoveFactors(ctx context.Context, userID string) error {
	return db.tx(ctx, func(t *txn) error {
		t.later(`DELETE FROM factors WHERE user_id = $1`, userID)
		t.later(`DELETE FROM recovery_codes WHERE user_id = $1`, userID)
		return nil
	})
}

// SetRecoveryCodes implements store.Factors.
func (db *DB) SetRecoveryCodes(ctx context.Context, userID string, codes []store.Hash) error {
	hashes := make([][]byte, len(codes))
	for i, c := range codes {
		hashes[i] = c[:]
	}
	return db.tx(ctx, func(t *txn) error {
		if err := lockUser(t, userID); err != nil {
			return err
		}
		t.later(`DELETE FROM recovery_codes WHERE user_id = $1`, userID)
		t.later(`INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])`, userID, hashes)
		return nil
	})
}

// UseRecoveryCode implements store.Factors.
func (db *DB) UseRecoveryCode(ctx context.Context, userID string, code store.Hash) error {
	return db.change(ctx, store.ErrNotFound, `DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2`, userID, code[:])
}

// RecoveryCodes implements store.Factors.
func (db *DB) RecoveryCodes(ctx context.Context, userID string) (left int, err error) {
	err = db.row(ctx, []any{&left}, `SELECT count(*) FROM recovery_codes WHERE user_id = $1`, userID)
	return left, err
}

// AddLink implements store.Links.
func (db *DB) AddLink(ctx context.Context, l store.Link) error {
	_, err := db.exec(ctx, `INSERT INTO links (user_id, hash, kind, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, kind = excluded.kind, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		l.UserID, l.Hash[:], string(l.Kind), at(l.CreatedAt), at(l.ExpiresAt))
	return err
}

// Link implements store.Links.
func (db *DB) Link(ctx context.Context, secret store.Hash) (store.Link, store.User, error) {
	var l store.Link
	var u store.User
	fields := []any{hash{&l.Hash}, &l.UserID, &l.Kind, instant{&l.CreatedAt}, instant{&l.ExpiresAt}}
	err := db.row(ctx, append(fields, userFields(&u)...), `SELECT l.hash, l.user_id, l.kind, l.created_at, l.expires_at, `+userColumns+`
		FROM links l JOIN users u ON u.id = l.user_id WHERE l.hash = $1`, secret[:])
	return l, u, err
}

// RedeemLink implements store.Links.
func (db *DB) RedeemLink(ctx context.Context, secret store.Hash, passwordHash string, now time.Time) (userID string, err error) {
	err = db.tx(ctx, func(t *txn) error {
		if err := t.row([]any{&userID}, `DELETE FROM links WHERE hash = $1 AND expires_at > $2 RETURNING user_id`, secret[:], at(now)); err != nil {
			return err
		}
		t.later(`UPDATE users SET password_hash = $1 WHERE id = $2`, passwordHash, userID)
		endSessionsOf(t, userID, "", "password changed", now)
		return nil
	})
	if err != nil {
		return "", err
	}
	return userID, nil
}
