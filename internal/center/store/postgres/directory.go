package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// Instance implements store.Directory.
func (db *DB) Instance(ctx context.Context) (store.Instance, error) {
	var i store.Instance
	err := db.row(ctx, []any{&i.ID, &i.IdentityStoreID, &i.Name, &i.Region, duration{&i.SessionLifetime}, &i.MFA},
		`SELECT id, identity_store_id, name, region, session_lifetime, mfa FROM instance`)
	return i, err
}

const userColumns = `u.id, u.name, u.name_key, u.display_name, u.email, u.email_key, u.password_hash, u.disabled`

func userFields(u *store.User) []any {
	return []any{&u.ID, &u.Name, &u.NameKey, &u.DisplayName, &u.Email, &u.EmailKey, &u.PasswordHash, &u.Disabled}
}

// User implements store.Directory.
func (db *DB) User(ctx context.Context, id string) (store.User, error) {
	var u store.User
	err := db.row(ctx, userFields(&u), `SELECT `+userColumns+` FROM users u WHERE id = $1`, id)
	return u, err
}

// UserByKey implements store.Directory.
func (db *DB) UserByKey(ctx context.Context, key string) (store.User, error) {
	var u store.User
	if key == "" {
		return u, store.ErrNotFound
	}
	// A name wins over somebody else's e-mail address.
	err := db.row(ctx, userFields(&u), `SELECT `+userColumns+` FROM users u WHERE name_key = $1 OR email_key = $1 AND email_key <> ''
		ORDER BY name_key = $1 DESC LIMIT 1`, key)
	return u, err
}

// Users implements store.Directory.
func (db *DB) Users(ctx context.Context) ([]store.User, error) {
	return all(ctx, db, userFields, `SELECT `+userColumns+` FROM users u ORDER BY name_key`)
}

// AddUser implements store.Directory.
func (db *DB) AddUser(ctx context.Context, u store.User) error {
	_, err := db.exec(ctx, `INSERT INTO users (id, name, name_key, display_name, email, email_key, password_hash, disabled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, u.ID, u.Name, u.NameKey, u.DisplayName, u.Email, u.EmailKey, u.PasswordHash, u.Disabled)
	return err
}

// SetPassword implements store.Directory.
func (db *DB) SetPassword(ctx context.Context, userID, passwordHash, keepSession string, now time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		if err := t.change(store.ErrNotFound, `UPDATE users SET password_hash = $1 WHERE id = $2`, passwordHash, userID); err != nil {
			return err
		}
		endSessionsOf(t, userID, keepSession, "password changed", now)
		return nil
	})
}

// UpgradePasswordHash implements store.Directory.
func (db *DB) UpgradePasswordHash(ctx context.Context, userID, from, to string) error {
	_, err := db.exec(ctx, `UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, to, userID, from)
	return err
}

// SetDisabled implements store.Directory.
func (db *DB) SetDisabled(ctx context.Context, userID string, disabled bool, now time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		if err := t.change(store.ErrNotFound, `UPDATE users SET disabled = $1 WHERE id = $2`, disabled, userID); err != nil {
			return err
		}
		if disabled {
			endSessionsOf(t, userID, "", "user disabled", now)
		}
		return nil
	})
}

// Account implements store.Directory.
func (db *DB) Account(ctx context.Context, id string) (store.Account, error) {
	var a store.Account
	err := db.row(ctx, []any{&a.ID, &a.Name, &a.Email}, `SELECT id, name, email FROM accounts WHERE id = $1`, id)
	return a, err
}

// principals is the person and every group they are in; its parameter is the person's id.
const principals = `SELECT $1 UNION ALL SELECT group_id FROM group_members WHERE user_id = $1`

// AccountsFor implements store.Assignments.
func (db *DB) AccountsFor(ctx context.Context, userID, after string, limit int) ([]store.Account, error) {
	return all(ctx, db, func(a *store.Account) []any { return []any{&a.ID, &a.Name, &a.Email} }, `
		SELECT id, name, email FROM accounts
		WHERE id > $2 AND id IN (SELECT account_id FROM assignments WHERE principal_id IN (`+principals+`))
		ORDER BY id LIMIT $3`, userID, after, limit)
}

const permissionSetColumns = `id, name, description, session_duration`

func permissionSetFields(p *store.PermissionSet) []any {
	return []any{&p.ID, &p.Name, &p.Description, duration{&p.SessionDuration}}
}

// PermissionSetsFor implements store.Assignments.
func (db *DB) PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) ([]store.PermissionSet, error) {
	return all(ctx, db, permissionSetFields, `
		SELECT `+permissionSetColumns+` FROM permission_sets
		WHERE name > $3 AND id IN (SELECT permission_set_id FROM assignments WHERE account_id = $2 AND principal_id IN (`+principals+`))
		ORDER BY name LIMIT $4`, userID, accountID, after, limit)
}

// RoleNamesFor implements store.Assignments.
func (db *DB) RoleNamesFor(ctx context.Context, userID string) (map[string][]string, error) {
	type role struct{ account, name string }
	roles, err := all(ctx, db, func(r *role) []any { return []any{&r.account, &r.name} }, `
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
	err := db.row(ctx, permissionSetFields(&p), `
		SELECT `+permissionSetColumns+` FROM permission_sets
		WHERE name = $3 AND id IN (SELECT permission_set_id FROM assignments WHERE account_id = $2 AND principal_id IN (`+principals+`))`,
		userID, accountID, permissionSet)
	return p, err
}

// AddAssignment implements store.Assignments.
func (db *DB) AddAssignment(ctx context.Context, a store.AccountAssignment) error {
	_, err := db.exec(ctx, `INSERT INTO assignments (account_id, permission_set_id, principal_kind, principal_id, declared)
		VALUES ($1, $2, $3, $4, false) ON CONFLICT DO NOTHING`, a.AccountID, a.PermissionSetID, string(a.PrincipalKind), a.PrincipalID)
	return err
}

// RemoveAssignment implements store.Assignments.
func (db *DB) RemoveAssignment(ctx context.Context, a store.AccountAssignment) error {
	_, err := db.exec(ctx, `DELETE FROM assignments WHERE account_id = $1 AND permission_set_id = $2 AND principal_id = $3`,
		a.AccountID, a.PermissionSetID, a.PrincipalID)
	return err
}

// Revision implements store.Revisions.
func (db *DB) Revision(ctx context.Context) (n int64, err error) {
	err = db.row(ctx, []any{&n}, `SELECT n FROM revision`)
	return n, err
}
