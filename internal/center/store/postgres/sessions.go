package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// AddSession implements store.Sessions.
func (db *DB) AddSession(ctx context.Context, s store.Session) error {
	_, err := db.exec(ctx, `INSERT INTO sessions
		(id, cookie_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at, ended_at, remote_ip, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, s.ID, s.CookieHash[:], s.UserID, at(s.CreatedAt), at(s.AuthenticatedAt),
		at(s.LastSeenAt), at(s.ExpiresAt), at(s.EndedAt), s.RemoteIP, raw(s.UserAgent))
	return err
}

const sessionColumns = `s.id, s.cookie_hash, s.user_id, s.created_at, s.authenticated_at, s.last_seen_at, s.expires_at, s.ended_at, s.remote_ip, s.user_agent`

func sessionFields(s *store.Session) []any {
	return []any{
		&s.ID,
		hash{&s.CookieHash},
		&s.UserID,
		instant{&s.CreatedAt},
		instant{&s.AuthenticatedAt},
		instant{&s.LastSeenAt},
		instant{&s.ExpiresAt},
		instant{&s.EndedAt},
		&s.RemoteIP,
		outside{&s.UserAgent},
	}
}

// SessionByCookie implements store.Sessions.
func (db *DB) SessionByCookie(ctx context.Context, cookie store.Hash) (store.Session, store.User, error) {
	var s store.Session
	var u store.User
	err := db.row(ctx, append(sessionFields(&s), userFields(&u)...), `SELECT `+sessionColumns+`, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.cookie_hash = $1`, cookie[:])
	return s, u, err
}

// TouchSession implements store.Sessions.
func (db *DB) TouchSession(ctx context.Context, id string, now time.Time) error {
	_, err := db.exec(ctx, `UPDATE sessions SET last_seen_at = $1 WHERE id = $2`, at(now), id)
	return err
}

// EndSession implements store.Sessions.
func (db *DB) EndSession(ctx context.Context, id, reason string, now time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		if err := t.change(store.ErrNotFound, `UPDATE sessions SET ended_at = CASE ended_at WHEN 0 THEN $1 ELSE ended_at END WHERE id = $2`,
			at(now), id); err != nil {
			return err
		}
		t.later(`UPDATE token_families SET revoked_at = $1, revoked_reason = $2 WHERE session_id = $3 AND revoked_at = 0`, at(now), reason, id)
		return nil
	})
}

// SessionsOf implements store.Sessions.
func (db *DB) SessionsOf(ctx context.Context, userID string) ([]store.Session, error) {
	return all(ctx, db, sessionFields,
		`SELECT `+sessionColumns+` FROM sessions s WHERE user_id = $1 ORDER BY created_at DESC, id`, userID)
}

func endSessionsOf(t *txn, userID, except, reason string, now time.Time) {
	t.later(`UPDATE sessions SET ended_at = $1 WHERE user_id = $2 AND id <> $3 AND ended_at = 0`, at(now), userID, except)
	t.later(`UPDATE token_families SET revoked_at = $1, revoked_reason = $2
		WHERE user_id = $3 AND session_id <> $4 AND revoked_at = 0`, at(now), reason, userID, except)
}

// RenewSession implements store.SessionChanges.
func (db *DB) RenewSession(ctx context.Context, id string, from, to store.Hash, now time.Time) error {
	return db.change(ctx, store.ErrConflict, `UPDATE sessions SET cookie_hash = $1, authenticated_at = $2, last_seen_at = $2
		WHERE id = $3 AND cookie_hash = $4 AND ended_at = 0 AND expires_at > $2`, to[:], at(now), id, from[:])
}

// ClientsOf implements store.SessionChanges.
func (db *DB) ClientsOf(ctx context.Context, userID string) ([]store.SessionClient, error) {
	return all(ctx, db, func(c *store.SessionClient) []any {
		return []any{&c.SessionID, &c.FamilyID, outside{&c.ClientName}, instant{&c.CreatedAt}}
	}, `SELECT f.session_id, f.id, c.name, f.created_at FROM token_families f JOIN clients c ON c.id = f.client_id
		WHERE f.user_id = $1 AND f.revoked_at = 0 ORDER BY f.created_at DESC, f.id`, userID)
}
