package sqlite

import (
	"context"
	"database/sql"
	"time"

	"keyfob/internal/center/store"
)

// Instance implements store.Directory.
func (db *DB) Instance(ctx context.Context) (store.Instance, error) {
	var i store.Instance
	err := db.read.QueryRowContext(ctx, `SELECT id, identity_store_id, name, region, session_lifetime, mfa FROM instance`).
		Scan(&i.ID, &i.IdentityStoreID, &i.Name, &i.Region, duration{&i.SessionLifetime}, &i.MFA)
	return i, translate(err)
}

const userColumns = `u.id, u.name, u.name_key, u.display_name, u.email, u.email_key, u.password_hash, u.disabled`

func userFields(u *store.User) []any {
	return []any{&u.ID, &u.Name, &u.NameKey, &u.DisplayName, &u.Email, &u.EmailKey, &u.PasswordHash, &u.Disabled}
}

// User implements store.Directory.
func (db *DB) User(ctx context.Context, id string) (store.User, error) {
	var u store.User
	err := db.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE id = ?`, id).Scan(userFields(&u)...)
	return u, translate(err)
}

// UserByKey implements store.Directory.
func (db *DB) UserByKey(ctx context.Context, key string) (store.User, error) {
	var u store.User
	if key == "" {
		return u, store.ErrNotFound
	}
	// A name wins over somebody else's e-mail address.
	err := db.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE name_key = ?1 OR email_key = ?1
		ORDER BY name_key = ?1 DESC LIMIT 1`, key).Scan(userFields(&u)...)
	return u, translate(err)
}

// Users implements store.Directory.
func (db *DB) Users(ctx context.Context) ([]store.User, error) {
	return queryAll(ctx, db.read, userFields, `SELECT `+userColumns+` FROM users u ORDER BY name_key`)
}

// AddUser implements store.Directory.
func (db *DB) AddUser(ctx context.Context, u store.User) error {
	_, err := db.exec(ctx, `INSERT INTO users (id, name, name_key, display_name, email, email_key, password_hash, disabled)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, u.ID, u.Name, u.NameKey, u.DisplayName, u.Email, u.EmailKey, u.PasswordHash, u.Disabled)
	return err
}

// SetPassword implements store.Directory.
func (db *DB) SetPassword(ctx context.Context, userID, passwordHash, keepSession string, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := changeOne(ctx, tx, `UPDATE users SET password_hash = ? WHERE id = ?`, passwordHash, userID); err != nil {
			return err
		}
		return endSessionsOf(ctx, tx, userID, keepSession, "password changed", now)
	})
}

// UpgradePasswordHash implements store.Directory.
func (db *DB) UpgradePasswordHash(ctx context.Context, userID, from, to string) error {
	_, err := db.exec(ctx, `UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?`, to, userID, from)
	return err
}

// SetDisabled implements store.Directory.
func (db *DB) SetDisabled(ctx context.Context, userID string, disabled bool, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := changeOne(ctx, tx, `UPDATE users SET disabled = ? WHERE id = ?`, disabled, userID); err != nil {
			return err
		}
		if !disabled {
			return nil
		}
		return endSessionsOf(ctx, tx, userID, "", "user disabled", now)
	})
}

// Account implements store.Directory.
func (db *DB) Account(ctx context.Context, id string) (store.Account, error) {
	var a store.Account
	err := db.read.QueryRowContext(ctx, `SELECT id, name, email FROM accounts WHERE id = ?`, id).Scan(&a.ID, &a.Name, &a.Email)
	return a, translate(err)
}

// principals is the person and every group they are in; its parameter is the person's id.
const principals = `SELECT ?1 UNION SELECT group_id FROM group_members WHERE user_id = ?1`

// AccountsFor implements store.Assignments.
func (db *DB) AccountsFor(ctx context.Context, userID, after string, limit int) ([]store.Account, error) {
	return queryAll(ctx, db.read, func(a *store.Account) []any { return []any{&a.ID, &a.Name, &a.Email} }, `
		SELECT id, name, email FROM accounts
		WHERE id > ?2 AND id IN (SELECT account_id FROM assignments WHERE principal_id IN (`+principals+`))
		ORDER BY id LIMIT ?3`, userID, after, limit)
}

const permissionSetColumns = `id, name, description, session_duration`

func permissionSetFields(p *store.PermissionSet) []any {
	return []any{&p.ID, &p.Name, &p.Description, duration{&p.SessionDuration}}
}

// PermissionSetsFor implements store.Assignments.
func (db *DB) PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) ([]store.PermissionSet, error) {
	return queryAll(ctx, db.read, permissionSetFields, `
		SELECT `+permissionSetColumns+` FROM permission_sets
		WHERE name > ?3 AND id IN (SELECT permission_set_id FROM assignments WHERE account_id = ?2 AND principal_id IN (`+principals+`))
		ORDER BY name LIMIT ?4`, userID, accountID, after, limit)
}

// RoleNamesFor implements store.Assignments.
func (db *DB) RoleNamesFor(ctx context.Context, userID string) (map[string][]string, error) {
	type role struct{ account, name string }
	roles, err := queryAll(ctx, db.read, func(r *role) []any { return []any{&r.account, &r.name} }, `
		SELECT DISTINCT a.account_id, p.name FROM assignments a JOIN permission_sets p ON p.id = a.permission_set_id
		WHERE a.principal_id IN (`+principals+`) ORDER BY a.account_id, p.name`, userID)
	names := map[string][]string{}
	for _, r := range roles {
		names[r.account] = append(names[r.account], r.name)
	}
	return names, err
}

// Assigned implements store.Assignments.
func (db *DB) Assigned(ctx context.Context, userID, accountID, permissionSet string) (store.PermissionSet, error) {
	var p store.PermissionSet
	err := db.read.QueryRowContext(ctx, `
		SELECT `+permissionSetColumns+` FROM permission_sets
		WHERE name = ?3 AND id IN (SELECT permission_set_id FROM assignments WHERE account_id = ?2 AND principal_id IN (`+principals+`))`,
		userID, accountID, permissionSet).Scan(permissionSetFields(&p)...)
	return p, translate(err)
}

// AddAssignment implements store.Assignments.
func (db *DB) AddAssignment(ctx context.Context, a store.AccountAssignment) error {
	return db.tx(ctx, func(tx *txn) error { return addAssignment(ctx, tx, a) })
}

func addAssignment(ctx context.Context, tx *txn, a store.AccountAssignment) error {
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO assignments (account_id, permission_set_id, principal_kind, principal_id, declared)
		VALUES (?, ?, ?, ?, 0)`, a.AccountID, a.PermissionSetID, string(a.PrincipalKind), a.PrincipalID)
	return err
}

// RemoveAssignment implements store.Assignments.
func (db *DB) RemoveAssignment(ctx context.Context, a store.AccountAssignment) error {
	_, err := db.exec(ctx, `DELETE FROM assignments WHERE account_id = ? AND permission_set_id = ? AND principal_id = ?`,
		a.AccountID, a.PermissionSetID, a.PrincipalID)
	return err
}

// changeOne runs a statement that must change exactly one row, or there was none to change.
func changeOne(ctx context.Context, tx *txn, q string, args ...any) error {
	r, err := tx.ExecContext(ctx, q, args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return firstOf(err, store.ErrNotFound)
	}
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

type queryer interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}

// queryAll reads every row of a query; fields names the places one row is scanned into.
func queryAll[T any](ctx context.Context, db queryer, fields func(*T) []any, q string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has the error
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Revision implements store.Revisions.
func (db *DB) Revision(ctx context.Context) (n int64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT n FROM revision`).Scan(&n)
	return n, translate(err)
}
