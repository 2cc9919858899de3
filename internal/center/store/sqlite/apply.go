package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyfob/internal/center/store"
)

// Apply implements store.Directory.
func (db *DB) Apply(ctx context.Context, o store.Organisation) error {
	return db.ApplyRecorded(ctx, o, nil)
}

// ApplyRecorded implements store.Directory.
func (db *DB) ApplyRecorded(ctx context.Context, o store.Organisation, link func(all, declared store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	return db.tx(ctx, func(tx *txn) error {
		if link != nil {
			all, declared, err := before(ctx, tx)
			if err != nil {
				return err
			}
			if err := appendAudit(ctx, tx, func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) { return link(all, declared, h) }); err != nil {
				return err
			}
		}
		for _, step := range []func(context.Context, *txn, store.Organisation) error{
			applyInstance, applyAccounts, applyUsers, applyGroups, applyPermissionSets, applyAssignments, applyRoles,
			applyAdministrators, applyClients,
		} {
			if err := step(ctx, tx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// before is what there is, nothing before the first Apply.
func before(ctx context.Context, tx *txn) (all, declared store.Organisation, err error) {
	if all, err = organisation(ctx, tx, false); err == nil {
		declared, err = organisation(ctx, tx, true)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return all, declared, err
}

func applyInstance(ctx context.Context, tx *txn, o store.Organisation) error {
	if o.Instance.MFA == store.MFARequired {
		// Nobody stays signed in who may have shown a password alone.
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE EXISTS (SELECT 1 FROM instance WHERE mfa <> ?)`, string(store.MFARequired)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO instance (one, id, identity_store_id, name, region, session_lifetime, mfa, applied) VALUES (1, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET id = excluded.id, identity_store_id = excluded.identity_store_id,
			name = excluded.name, region = excluded.region, session_lifetime = excluded.session_lifetime, mfa = excluded.mfa,
			applied = excluded.applied`,
		o.Instance.ID, o.Instance.IdentityStoreID, o.Instance.Name, o.Instance.Region, o.Instance.SessionLifetime.Milliseconds(), string(o.Instance.MFA), o.Digest)
	return err
}

func applyAccounts(ctx context.Context, tx *txn, o store.Organisation) error {
	ids := make([]string, len(o.Accounts))
	for i, a := range o.Accounts {
		ids[i] = a.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, email) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email`, a.ID, a.Name, a.Email); err != nil {
			return fmt.Errorf("account %s: %w", a.ID, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM accounts WHERE ? AND id NOT IN (SELECT value FROM json_each(?))`, true, ids)
}

func applyUsers(ctx context.Context, tx *txn, o store.Organisation) error {
	ids := make([]string, len(o.Users))
	for i, u := range o.Users {
		ids[i] = u.ID
		if err := applyUser(ctx, tx, u); err != nil {
			return fmt.Errorf("user %s: %w", u.Name, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM users WHERE (declared = 1 OR ?) AND id NOT IN (SELECT value FROM json_each(?))`, o.Prune, ids)
}

// applyUser makes one person as declared. What can also be changed while the center runs, the password
// and whether the person is disabled, follows the declaration only when the declaration changes.
func applyUser(ctx context.Context, tx *txn, u store.User) error {
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

func applyGroups(ctx context.Context, tx *txn, o store.Organisation) error {
	ids := make([]string, len(o.Groups))
	for i, g := range o.Groups {
		ids[i] = g.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO groups (id, name, declared) VALUES (?, ?, 1)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, declared = 1`, g.ID, g.Name); err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM group_members WHERE group_id = ? AND (declared = 1 OR ?)`, g.ID, o.Prune); err != nil {
			return err
		}
		for _, m := range g.Members {
			if _, err := tx.ExecContext(ctx, `INSERT INTO group_members (group_id, user_id, declared) VALUES (?, ?, 1)
				ON CONFLICT (group_id, user_id) DO UPDATE SET declared = 1`, g.ID, m); err != nil {
				return fmt.Errorf("group %s: %w", g.Name, err)
			}
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM groups WHERE (declared = 1 OR ?) AND id NOT IN (SELECT value FROM json_each(?))`, o.Prune, ids)
}

func applyPermissionSets(ctx context.Context, tx *txn, o store.Organisation) error {
	ids := make([]string, len(o.PermissionSets))
	for i, p := range o.PermissionSets {
		ids[i] = p.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO permission_sets (id, name, description, session_duration, policies, declared)
			VALUES (?, ?, ?, ?, ?, 1)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
				session_duration = excluded.session_duration, policies = excluded.policies, declared = 1`,
			p.ID, p.Name, p.Description, p.SessionDuration.Milliseconds(), asJSON{p.Policies}); err != nil {
			return fmt.Errorf("permission set %s: %w", p.Name, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM permission_sets WHERE (declared = 1 OR ?) AND id NOT IN (SELECT value FROM json_each(?))`, o.Prune, ids)
}

func applyAssignments(ctx context.Context, tx *txn, o store.Organisation) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM assignments WHERE declared = 1 OR ?`, o.Prune); err != nil {
		return err
	}
	for _, a := range o.Assignments {
		if _, err := tx.ExecContext(ctx, `INSERT INTO assignments (account_id, permission_set_id, principal_kind, principal_id, declared)
			VALUES (?, ?, ?, ?, 1) ON CONFLICT (principal_id, account_id, permission_set_id) DO UPDATE SET declared = 1`,
			a.AccountID, a.PermissionSetID, string(a.PrincipalKind), a.PrincipalID); err != nil {
			return fmt.Errorf("assignment in account %s: %w", a.AccountID, err)
		}
	}
	return dropLoose(ctx, tx)
}

// dropLoose removes what was given to somebody who is gone: principals are people or groups, so that the
// table can refer to neither.
func dropLoose(ctx context.Context, tx *txn) error {
	for _, q := range []string{
		`DELETE FROM assignments WHERE principal_id NOT IN (SELECT id FROM users UNION ALL SELECT id FROM groups)`,
		`DELETE FROM administrators WHERE principal_id NOT IN (SELECT id FROM users UNION ALL SELECT id FROM groups)`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func deleteOthers(ctx context.Context, tx *txn, query string, prune bool, ids []string) error {
	_, err := tx.ExecContext(ctx, query, prune, asJSON{ids})
	return err
}
