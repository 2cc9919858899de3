package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"keyfob/internal/center/store"
)

// Apply implements store.Directory.
func (db *DB) Apply(ctx context.Context, o store.Organisation) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, step := range []func(context.Context, *sql.Tx, store.Organisation) error{
			applyInstance, applyAccounts, applyUsers, applyGroups, applyPermissionSets, applyAssignments,
		} {
			if err := step(ctx, tx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func applyInstance(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO instance (one, id, identity_store_id, name, region, session_lifetime) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET id = excluded.id, identity_store_id = excluded.identity_store_id,
			name = excluded.name, region = excluded.region, session_lifetime = excluded.session_lifetime`,
		o.Instance.ID, o.Instance.IdentityStoreID, o.Instance.Name, o.Instance.Region, o.Instance.SessionLifetime.Milliseconds())
	return err
}

func applyAccounts(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	ids := make([]string, len(o.Accounts))
	for i, a := range o.Accounts {
		ids[i] = a.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, email) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email`, a.ID, a.Name, a.Email); err != nil {
			return fmt.Errorf("account %s: %w", a.ID, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM accounts WHERE id NOT IN (SELECT value FROM json_each(?))`, ids)
}

func applyUsers(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	ids := make([]string, len(o.Users))
	for i, u := range o.Users {
		ids[i] = u.ID
		if err := applyUser(ctx, tx, u); err != nil {
			return fmt.Errorf("user %s: %w", u.Name, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM users WHERE declared = 1 AND id NOT IN (SELECT value FROM json_each(?))`, ids)
}

// applyUser makes one person as declared. What can also be changed while the center runs, the password
// and whether the person is disabled, follows the declaration only when the declaration changes.
func applyUser(ctx context.Context, tx *sql.Tx, u store.User) error {
	const lock = `SELECT password_hash, disabled FROM users WHERE id = ?`
	var before, after struct {
		hash     string
		disabled bool
	}
	err := tx.QueryRowContext(ctx, lock, u.ID).Scan(&before.hash, &before.disabled)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO users (id, name, name_key, display_name, email, email_key,
			password_hash, declared_password_hash, disabled, declared_disabled, declared)
		VALUES (?, ?, ?, ?, ?, ?, ?7, ?7, ?8, ?8, 1)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, display_name = excluded.display_name,
			email = excluded.email, email_key = excluded.email_key, declared = 1,
			password_hash = CASE WHEN excluded.declared_password_hash IN (declared_password_hash, '') THEN password_hash
				ELSE excluded.declared_password_hash END,
			declared_password_hash = excluded.declared_password_hash,
			disabled = CASE excluded.declared_disabled WHEN declared_disabled THEN disabled ELSE excluded.declared_disabled END,
			declared_disabled = excluded.declared_disabled`,
		u.ID, u.Name, u.NameKey, u.DisplayName, u.Email, u.EmailKey, u.PasswordHash, u.Disabled); err != nil {
		return err
	}
	if !known {
		return nil
	}
	if err := tx.QueryRowContext(ctx, lock, u.ID).Scan(&after.hash, &after.disabled); err != nil {
		return err
	}
	if after.hash == before.hash && (before.disabled || !after.disabled) {
		return nil
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = ?`, u.ID) // and every token of theirs
	return err
}

func applyGroups(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	ids := make([]string, len(o.Groups))
	for i, g := range o.Groups {
		ids[i] = g.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO groups (id, name) VALUES (?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name`, g.ID, g.Name); err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM group_members WHERE group_id = ?`, g.ID); err != nil {
			return err
		}
		for _, m := range g.Members {
			if _, err := tx.ExecContext(ctx, `INSERT INTO group_members (group_id, user_id) VALUES (?, ?)`, g.ID, m); err != nil {
				return fmt.Errorf("group %s: %w", g.Name, err)
			}
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM groups WHERE id NOT IN (SELECT value FROM json_each(?))`, ids)
}

func applyPermissionSets(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	ids := make([]string, len(o.PermissionSets))
	for i, p := range o.PermissionSets {
		ids[i] = p.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO permission_sets (id, name, description, session_duration) VALUES (?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
				session_duration = excluded.session_duration`, p.ID, p.Name, p.Description, p.SessionDuration.Milliseconds()); err != nil {
			return fmt.Errorf("permission set %s: %w", p.Name, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM permission_sets WHERE id NOT IN (SELECT value FROM json_each(?))`, ids)
}

func applyAssignments(ctx context.Context, tx *sql.Tx, o store.Organisation) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM assignments`); err != nil {
		return err
	}
	for _, a := range o.Assignments {
		if err := addAssignment(ctx, tx, a); err != nil {
			return fmt.Errorf("assignment in account %s: %w", a.AccountID, err)
		}
	}
	return nil
}

func deleteOthers(ctx context.Context, tx *sql.Tx, query string, ids []string) error {
	_, err := tx.ExecContext(ctx, query, asJSON{ids})
	return err
}

// Instance implements store.Directory.
func (db *DB) Instance(ctx context.Context) (store.Instance, error) {
	var i store.Instance
	err := db.read.QueryRowContext(ctx, `SELECT id, identity_store_id, name, region, session_lifetime FROM instance`).
		Scan(&i.ID, &i.IdentityStoreID, &i.Name, &i.Region, duration{&i.SessionLifetime})
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
	return db.tx(ctx, func(tx *sql.Tx) error {
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
	return db.tx(ctx, func(tx *sql.Tx) error {
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
	return db.tx(ctx, func(tx *sql.Tx) error { return addAssignment(ctx, tx, a) })
}

func addAssignment(ctx context.Context, tx *sql.Tx, a store.AccountAssignment) error {
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO assignments (account_id, permission_set_id, principal_kind, principal_id)
		VALUES (?, ?, ?, ?)`, a.AccountID, a.PermissionSetID, string(a.PrincipalKind), a.PrincipalID)
	return err
}

// RemoveAssignment implements store.Assignments.
func (db *DB) RemoveAssignment(ctx context.Context, a store.AccountAssignment) error {
	_, err := db.exec(ctx, `DELETE FROM assignments WHERE account_id = ? AND permission_set_id = ? AND principal_id = ?`,
		a.AccountID, a.PermissionSetID, a.PrincipalID)
	return err
}

// changeOne runs a statement that must change exactly one row, or there was none to change.
func changeOne(ctx context.Context, tx *sql.Tx, q string, args ...any) error {
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

// queryAll reads every row of a query; fields names the places one row is scanned into.
func queryAll[T any](ctx context.Context, db *sql.DB, fields func(*T) []any, q string, args ...any) ([]T, error) {
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
