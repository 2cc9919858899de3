package sqlite

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// Applied implements store.Administration.
func (db *DB) Applied(ctx context.Context) (digest string, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT applied FROM instance`).Scan(&digest)
	return digest, translate(err)
}

// SetApplied implements store.Administration.
func (db *DB) SetApplied(ctx context.Context, from, to string) error {
	_, err := db.exec(ctx, `UPDATE instance SET applied = ? WHERE applied = ?`, to, from)
	return err
}

// Administrator implements store.Administration.
func (db *DB) Administrator(ctx context.Context, userID string) (yes bool, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM administrators WHERE principal_id IN (`+principals+`))`, userID).Scan(&yes)
	return yes, err
}

// UpdateUser implements store.Administration.
func (db *DB) UpdateUser(ctx context.Context, u store.User) error {
	return db.tx(ctx, func(tx *txn) error {
		return changeOne(ctx, tx, `UPDATE users SET display_name = ?, email = ?, email_key = ? WHERE id = ?`, u.DisplayName, u.Email, u.EmailKey, u.ID)
	})
}

// RemoveUser implements store.Administration.
func (db *DB) RemoveUser(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM users WHERE id = ?`, id)
}

// remove deletes one row, and what is left of it in tables that do not refer to it.
func (db *DB) remove(ctx context.Context, q, id string) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := changeOne(ctx, tx, q, id); err != nil {
			return err
		}
		return dropLoose(ctx, tx)
	})
}

// EndSessionsOf implements store.Administration.
func (db *DB) EndSessionsOf(ctx context.Context, userID, reason string, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error { return endSessionsOf(ctx, tx, userID, "", reason, now) })
}

// OpenSessions implements store.Administration.
func (db *DB) OpenSessions(ctx context.Context, now time.Time, limit int) ([]store.Session, error) {
	return queryAll(ctx, db.read, sessionFields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE ended_at = 0 AND expires_at > ? ORDER BY created_at DESC, id LIMIT ?`, at(now), limit)
}

// Session implements store.Administration.
func (db *DB) Session(ctx context.Context, id string) (store.Session, error) {
	var s store.Session
	err := db.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE id = ?`, id).Scan(sessionFields(&s)...)
	return s, translate(err)
}

// AddGroup implements store.Administration.
func (db *DB) AddGroup(ctx context.Context, g store.Group) error {
	_, err := db.exec(ctx, `INSERT INTO groups (id, name, declared) VALUES (?, ?, 0)`, g.ID, g.Name)
	return err
}

// RemoveGroup implements store.Administration.
func (db *DB) RemoveGroup(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM groups WHERE id = ?`, id)
}

// AddMember implements store.Administration.
func (db *DB) AddMember(ctx context.Context, groupID, userID string) error {
	_, err := db.exec(ctx, `INSERT INTO group_members (group_id, user_id, declared) VALUES (?, ?, 0)
		ON CONFLICT (group_id, user_id) DO NOTHING`, groupID, userID)
	return err
}

// RemoveMember implements store.Administration.
func (db *DB) RemoveMember(ctx context.Context, groupID, userID string) error {
	return db.tx(ctx, func(tx *txn) error {
		return changeOne(ctx, tx, `DELETE FROM group_members WHERE group_id = ? AND user_id = ?`, groupID, userID)
	})
}

// PutPermissionSet implements store.Administration.
func (db *DB) PutPermissionSet(ctx context.Context, p store.PermissionSet) error {
	_, err := db.exec(ctx, `INSERT INTO permission_sets (id, name, description, session_duration, policies, declared)
		VALUES (?, ?, ?, ?, ?, 0)
		ON CONFLICT (id) DO UPDATE SET description = excluded.description, session_duration = excluded.session_duration,
			policies = excluded.policies`, p.ID, p.Name, p.Description, p.SessionDuration.Milliseconds(), asJSON{p.Policies})
	return err
}

// RemovePermissionSet implements store.Administration.
func (db *DB) RemovePermissionSet(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM permission_sets WHERE id = ?`, id)
}
