package sqlite

import (
	"context"
	"fmt"
	"time"

	"keyfob/internal/center/store"
)

// applyRoles replaces all roles and service users: nothing refers to them.
func applyRoles(ctx context.Context, tx *txn, o store.Organisation) error {
	for _, q := range []string{`DELETE FROM roles`, `DELETE FROM access_keys`, `DELETE FROM service_users`} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	for _, r := range o.Roles {
		if _, err := tx.ExecContext(ctx, `INSERT INTO roles (account_id, name, path, description, max_session_duration, trust)
			VALUES (?, ?, ?, ?, ?, ?)`, r.AccountID, r.Name, r.Path, r.Description, r.MaxSessionDuration.Milliseconds(), asJSON{r.Trust}); err != nil {
			return fmt.Errorf("role %s in account %s: %w", r.Name, r.AccountID, err)
		}
	}
	for _, u := range o.ServiceUsers {
		if _, err := tx.ExecContext(ctx, `INSERT INTO service_users (account_id, name, mfa_serial, mfa_secret) VALUES (?, ?, ?, ?)`,
			u.AccountID, u.Name, u.MFASerial, bytesOf(u.MFASecret)); err != nil {
			return fmt.Errorf("service user %s in account %s: %w", u.Name, u.AccountID, err)
		}
		for _, k := range u.AccessKeys {
			if _, err := tx.ExecContext(ctx, `INSERT INTO access_keys (id, account_id, user_name, secret) VALUES (?, ?, ?, ?)`,
				k.ID, u.AccountID, u.Name, bytesOf(k.Secret)); err != nil {
				return fmt.Errorf("access key %s: %w", k.ID, err)
			}
		}
	}
	return nil
}

// bytesOf is b, which to a column that may not be NULL is never nil.
func bytesOf(b []byte) []byte { return append([]byte{}, b...) }

// Role implements store.Trusts.
func (db *DB) Role(ctx context.Context, accountID, name string) (store.Role, error) {
	var r store.Role
	err := db.read.QueryRowContext(ctx, `SELECT account_id, name, path, description, max_session_duration, trust FROM roles
		WHERE account_id = ? AND name = ?`, accountID, name).
		Scan(&r.AccountID, &r.Name, &r.Path, &r.Description, duration{&r.MaxSessionDuration}, asJSON{&r.Trust})
	return r, translate(err)
}

// ServiceUser implements store.Trusts.
func (db *DB) ServiceUser(ctx context.Context, accountID, name string) (store.ServiceUser, error) {
	var u store.ServiceUser
	err := db.read.QueryRowContext(ctx, `SELECT account_id, name, mfa_serial, mfa_secret FROM service_users
		WHERE account_id = ? AND name = ?`, accountID, name).Scan(&u.AccountID, &u.Name, &u.MFASerial, &u.MFASecret)
	if err != nil {
		return u, translate(err)
	}
	u.AccessKeys, err = queryAll(ctx, db.read, func(k *store.AccessKey) []any { return []any{&k.ID, &k.Secret} },
		`SELECT id, secret FROM access_keys WHERE account_id = ? AND user_name = ? ORDER BY id`, accountID, name)
	return u, err
}

// ServiceUserByKey implements store.Trusts.
func (db *DB) ServiceUserByKey(ctx context.Context, accessKeyID string) (store.ServiceUser, error) {
	var accountID, name string
	if err := db.read.QueryRowContext(ctx, `SELECT account_id, user_name FROM access_keys WHERE id = ?`, accessKeyID).
		Scan(&accountID, &name); err != nil {
		return store.ServiceUser{}, translate(err)
	}
	return db.ServiceUser(ctx, accountID, name)
}

// GroupsOf implements store.Trusts.
func (db *DB) GroupsOf(ctx context.Context, userID string) ([]string, error) {
	return queryAll(ctx, db.read, func(id *string) []any { return []any{id} },
		`SELECT group_id FROM group_members WHERE user_id = ? ORDER BY group_id`, userID)
}

// UseOnce implements store.Onces.
func (db *DB) UseOnce(ctx context.Context, key store.Hash, expires time.Time) error {
	_, err := db.exec(ctx, `INSERT INTO used_once (hash, expires_at) VALUES (?, ?)`, key[:], at(expires))
	return err
}
