package sqlite

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// AddSession implements store.Sessions.
func (db *DB) AddSession(ctx context.Context, s store.Session) error {
	_, err := db.exec(ctx, `INSERT INTO sessions
		(id, cookie_hash, user_id, created_at, authenticated_at, last_seen_at, expires_at, ended_at, remote_ip, user_agent)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID, s.CookieHash[:], s.UserID, at(s.CreatedAt), at(s.AuthenticatedAt),
		at(s.LastSeenAt), at(s.ExpiresAt), at(s.EndedAt), s.RemoteIP, s.UserAgent)
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
		&s.RemoteIP, &s.UserAgent,
	}
}

// SessionByCookie implements store.Sessions.
func (db *DB) SessionByCookie(ctx context.Context, cookie store.Hash) (store.Session, store.User, error) {
	var s store.Session
	var u store.User
	err := db.read.QueryRowContext(ctx, `SELECT `+sessionColumns+`, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.cookie_hash = ?`, cookie[:]).
		Scan(append(sessionFields(&s), userFields(&u)...)...)
	return s, u, translate(err)
}

// TouchSession implements store.Sessions.
func (db *DB) TouchSession(ctx context.Context, id string, now time.Time) error {
	_, err := db.exec(ctx, `UPDATE sessions SET last_seen_at = ? WHERE id = ?`, at(now), id)
	return err
}

// EndSession implements store.Sessions.
func (db *DB) EndSession(ctx context.Context, id, reason string, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := changeOne(ctx, tx, `UPDATE sessions SET ended_at = CASE ended_at WHEN 0 THEN ? ELSE ended_at END WHERE id = ?`,
			at(now), id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE token_families SET revoked_at = ?, revoked_reason = ? WHERE session_id = ? AND revoked_at = 0`,
			at(now), reason, id)
		return err
	})
}

// SessionsOf implements store.Sessions.
func (db *DB) SessionsOf(ctx context.Context, userID string) ([]store.Session, error) {
	return queryAll(ctx, db.read, sessionFields,
		`SELECT `+sessionColumns+` FROM sessions s WHERE user_id = ? ORDER BY created_at DESC, id`, userID)
}

func endSessionsOf(ctx context.Context, tx *txn, userID, except, reason string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE sessions SET ended_at = ? WHERE user_id = ? AND id <> ? AND ended_at = 0`,
		at(now), userID, except); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE token_families SET revoked_at = ?, revoked_reason = ?
		WHERE user_id = ? AND session_id <> ? AND revoked_at = 0`, at(now), reason, userID, except)
	return err
}
