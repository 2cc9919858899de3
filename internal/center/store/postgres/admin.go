package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// Applied implements store.Administration.
func (db *DB) Applied(ctx context.Context) (digest string, err error) {
	err = db.row(ctx, []any{&digest}, `SELECT applied FROM instance`)
	return digest, err
}

// SetApplied implements store.Administration.
func (db *DB) SetApplied(ctx context.Context, from, to string) error {
	_, err := db.exec(ctx, `UPDATE instance SET applied = $1 WHERE applied = $2`, to, from)
	return err
}

// Administrator implements store.Administration.
func (db *DB) Administrator(ctx context.Context, userID string) (yes bool, err error) {
	err = db.row(ctx, []any{&yes}, `SELECT EXISTS (SELECT 1 FROM administrators WHERE principal_id IN (`+principals+`))`, userID)
	return yes, err
}

// UpdateUser implements store.Administration.
func (db *DB) UpdateUser(ctx context.Context, u store.User) error {
	return db.change(ctx, store.ErrNotFound, `UPDATE users SET display_name = $1, email = $2, email_key = $3 WHERE id = $4`, u.DisplayName, u.Email, u.EmailKey, u.ID)
}

// RemoveUser implements store.Administration.
func (db *DB) RemoveUser(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM users WHERE id = $1`, id)
}

// remove deletes one row, and what is left of it in tables that do not refer to it.
func (db *DB) remove(ctx context.Context, q, id string) error {
	return db.tx(ctx, func(t *txn) error {
		if err := t.change(store.ErrNotFound, q, id); err != nil {
			return err
		}
		dropLoose(t)
		return nil
	})
}

// EndSessionsOf implements store.Administration.
func (db *DB) EndSessionsOf(ctx context.Context, userID, reason string, now time.Time) error {
	return db.tx(ctx, func(t *txn) error { endSessionsOf(t, userID, "", reason, now); return nil })
}

// OpenSessions implements store.Administration.
func (db *DB) OpenSessions(ctx context.Context, now time.Time, limit int) ([]store.Session, error) {
	return all(ctx, db, sessionFields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE ended_at = 0 AND expires_at > $1 ORDER BY created_at DESC, id LIMIT $2`, at(now), limit)
}

// Session implements store.Administration.
func (db *DB) Session(ctx context.Context, id string) (store.Session, error) {
	var s store.Session
	err := db.row(ctx, sessionFields(&s), `SELECT `+sessionColumns+` FROM sessions s WHERE id = $1`, id)
	return s, err
}

// AddGroup implements store.Administration.
func (db *DB) AddGroup(ctx context.Context, g store.Group) error {
	_, err := db.exec(ctx, `INSERT INTO groups (id, name, declared) VALUES ($1, $2, false)`, g.ID, g.Name)
	return err
}

// RemoveGroup implements store.Administration.
func (db *DB) RemoveGroup(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM groups WHERE id = $1`, id)
}

// AddMember implements store.Administration.
func (db *DB) AddMember(ctx context.Context, groupID, userID string) error {
	_, err := db.exec(ctx, `INSERT INTO group_members (group_id, user_id, declared) VALUES ($1, $2, false)
		ON CONFLICT (group_id, user_id) DO NOTHING`, groupID, userID)
	return err
}

// RemoveMember implements store.Administration.
func (db *DB) RemoveMember(ctx context.Context, groupID, userID string) error {
	return db.change(ctx, store.ErrNotFound, `DELETE FROM group_members WHERE group_id = $1 AND user_id = $2`, groupID, userID)
}

// PutPermissionSet implements store.Administration.
func (db *DB) PutPermissionSet(ctx context.Context, p store.PermissionSet) error {
	_, err := db.exec(ctx, `INSERT INTO permission_sets (id, name, description, session_duration, policies, declared)
		VALUES ($1, $2, $3, $4, $5, false)
		ON CONFLICT (id) DO UPDATE SET description = excluded.description, session_duration = excluded.session_duration,
			policies = excluded.policies`, p.ID, p.Name, p.Description, p.SessionDuration.Milliseconds(), asJSON{p.Policies})
	return err
}

// RemovePermissionSet implements store.Administration.
func (db *DB) RemovePermissionSet(ctx context.Context, id string) error {
	return db.remove(ctx, `DELETE FROM permission_sets WHERE id = $1`, id)
}
