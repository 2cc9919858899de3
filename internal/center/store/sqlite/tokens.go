package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"keyfob/internal/center/store"
)

func addFamily(ctx context.Context, tx *txn, f store.TokenFamily) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO token_families (id, client_id, user_id, session_id, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		f.ID, f.ClientID, f.UserID, f.SessionID, asJSON{f.Scopes}, at(f.CreatedAt))
	return err
}

// IssueTokens implements store.Tokens.
func (db *DB) IssueTokens(ctx context.Context, access store.AccessToken, refresh *store.RefreshToken, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error { return issue(ctx, tx, access, refresh, now) })
}

func issue(ctx context.Context, tx *txn, access store.AccessToken, refresh *store.RefreshToken, now time.Time) error {
	var live bool
	if err := tx.QueryRowContext(ctx, liveQuery, at(now), access.FamilyID).Scan(&live); err != nil {
		return err
	}
	if !live {
		return store.ErrRevoked
	}
	return addTokens(ctx, tx, access, refresh)
}

const liveQuery = `SELECT f.revoked_at = 0 AND s.ended_at = 0 AND s.expires_at > ? AND NOT u.disabled
	FROM token_families f JOIN sessions s ON s.id = f.session_id JOIN users u ON u.id = f.user_id WHERE f.id = ?`

func addTokens(ctx context.Context, tx *txn, access store.AccessToken, refresh *store.RefreshToken) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO access_tokens (hash, family_id, expires_at) VALUES (?, ?, ?)`,
		access.Hash[:], access.FamilyID, at(access.ExpiresAt))
	if err != nil || refresh == nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO refresh_tokens (hash, family_id, expires_at) VALUES (?, ?, ?)`,
		refresh.Hash[:], refresh.FamilyID, at(refresh.ExpiresAt))
	return err
}

const grantColumns = `f.id, f.client_id, f.user_id, f.session_id, f.scopes, f.created_at, f.revoked_at, f.revoked_reason, ` +
	sessionColumns + `, ` + userColumns

const grantJoin = ` JOIN sessions s ON s.id = f.session_id JOIN users u ON u.id = f.user_id `

const familyQuery = `SELECT ` + grantColumns + ` FROM token_families f` + grantJoin + `WHERE f.id = ?`

func grantFields(g *store.Grant) []any {
	f := &g.Family
	fields := []any{
		&f.ID, &f.ClientID, &f.UserID, &f.SessionID, asJSON{&f.Scopes}, instant{&f.CreatedAt}, instant{&f.RevokedAt}, &f.RevokedReason,
	}
	return append(append(fields, sessionFields(&g.Session)...), userFields(&g.User)...)
}

// Access implements store.Tokens.
func (db *DB) Access(ctx context.Context, token store.Hash) (store.AccessToken, store.Grant, error) {
	var t store.AccessToken
	var g store.Grant
	err := db.read.QueryRowContext(ctx, `SELECT t.hash, t.family_id, t.expires_at, `+grantColumns+`
		FROM access_tokens t JOIN token_families f ON f.id = t.family_id`+grantJoin+`WHERE t.hash = ?`, token[:]).
		Scan(append([]any{hash{&t.Hash}, &t.FamilyID, instant{&t.ExpiresAt}}, grantFields(&g)...)...)
	return t, g, translate(err)
}

// Refresh implements store.Tokens.
func (db *DB) Refresh(ctx context.Context, token store.Hash) (store.RefreshToken, store.Grant, error) {
	var t store.RefreshToken
	var g store.Grant
	err := db.read.QueryRowContext(ctx, `SELECT t.hash, t.family_id, t.expires_at, t.rotated_at, `+grantColumns+`
		FROM refresh_tokens t JOIN token_families f ON f.id = t.family_id`+grantJoin+`WHERE t.hash = ?`, token[:]).
		Scan(append([]any{hash{&t.Hash}, &t.FamilyID, instant{&t.ExpiresAt}, instant{&t.RotatedAt}}, grantFields(&g)...)...)
	return t, g, translate(err)
}

// Family implements store.Tokens.
func (db *DB) Family(ctx context.Context, id string) (store.Grant, error) {
	var g store.Grant
	err := db.read.QueryRowContext(ctx, familyQuery, id).Scan(grantFields(&g)...)
	return g, translate(err)
}

// Rotate implements store.Tokens.
func (db *DB) Rotate(ctx context.Context, r store.Rotation) (outcome store.RotationOutcome, err error) {
	err = db.tx(ctx, func(tx *txn) error {
		if outcome, err = rotate(ctx, tx, r); err != nil || r.Link == nil {
			return err
		}
		return appendAudit(ctx, tx, func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) { return r.Link(outcome, h) })
	})
	return outcome, err
}

func rotate(ctx context.Context, tx *txn, r store.Rotation) (store.RotationOutcome, error) {
	// Nearly always it is the first use of a good token, which one statement finds out and marks.
	err := tx.QueryRowContext(ctx, `UPDATE refresh_tokens SET rotated_at = ?1 WHERE hash = ?2 AND rotated_at = 0
		AND EXISTS (SELECT 1 FROM token_families f JOIN sessions s ON s.id = f.session_id JOIN users u ON u.id = f.user_id
			WHERE f.id = family_id AND f.revoked_at = 0 AND s.ended_at = 0 AND s.expires_at > ?1 AND NOT u.disabled)
		RETURNING family_id`, at(r.Now), r.Old[:]).Scan(&r.Access.FamilyID)
	if err == nil {
		r.Refresh.FamilyID = r.Access.FamilyID
		return store.RotationDone, addTokens(ctx, tx, r.Access, &r.Refresh)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	var rotatedAt time.Time
	if err := tx.QueryRowContext(ctx, `SELECT family_id, rotated_at FROM refresh_tokens WHERE hash = ?`, r.Old[:]).
		Scan(&r.Access.FamilyID, instant{&rotatedAt}); err != nil {
		return 0, err
	}
	r.Refresh.FamilyID = r.Access.FamilyID
	switch {
	case rotatedAt.IsZero():
		return store.RotationDone, issue(ctx, tx, r.Access, &r.Refresh, r.Now)
	case r.Now.Sub(rotatedAt) <= r.Grace:
		return store.RotationGraced, issue(ctx, tx, r.Access, &r.Refresh, r.Now)
	}
	return store.RotationReused, revokeFamily(ctx, tx, r.Access.FamilyID, "refresh token reused", r.Now)
}

// RevokeFamily implements store.Tokens.
func (db *DB) RevokeFamily(ctx context.Context, id, reason string, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error { return revokeFamily(ctx, tx, id, reason, now) })
}

func revokeFamily(ctx context.Context, tx *txn, id, reason string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE token_families SET revoked_at = ?, revoked_reason = ? WHERE id = ? AND revoked_at = 0`, at(now), reason, id)
	return err
}

// Throttle implements store.Throttles.
func (db *DB) Throttle(ctx context.Context, key string) (store.Throttle, error) {
	return readThrottle(db.read.QueryRowContext(ctx, throttleQuery, key))
}

const throttleQuery = `SELECT failures, first_at, blocked_until FROM throttles WHERE key = ?`

func readThrottle(row *sql.Row) (store.Throttle, error) {
	var t store.Throttle
	err := row.Scan(&t.Failures, instant{&t.FirstAt}, instant{&t.BlockedUntil})
	if err == sql.ErrNoRows { //nolint:errorlint // Scan returns it bare
		return store.Throttle{}, nil
	}
	return t, err
}

// UpdateThrottle implements store.Throttles.
func (db *DB) UpdateThrottle(ctx context.Context, key string, change func(*store.Throttle)) (store.Throttle, error) {
	var t store.Throttle
	err := db.tx(ctx, func(tx *txn) error {
		var err error
		if t, err = readThrottle(tx.QueryRowContext(ctx, throttleQuery, key)); err != nil {
			return err
		}
		change(&t)
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO throttles (key, failures, first_at, blocked_until) VALUES (?, ?, ?, ?)`,
			key, t.Failures, at(t.FirstAt), at(t.BlockedUntil))
		return err
	})
	return t, err
}

// ClearThrottle implements store.Throttles.
func (db *DB) ClearThrottle(ctx context.Context, key string) error {
	_, err := db.exec(ctx, `DELETE FROM throttles WHERE key = ?`, key)
	return err
}

// DeleteExpired implements store.Store.
func (db *DB) DeleteExpired(ctx context.Context, before time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		// Sessions and clients take their families, and those their codes, along; tokens without them are of no
		// use. A code that was used stays that long, as its second use must still be noticed, and an access token
		// as long as its session, as it may still be used to sign out.
		for _, q := range []string{
			`DELETE FROM device_authorizations WHERE expires_at < ?`,
			`DELETE FROM authorization_codes WHERE expires_at < ? AND consumed_at = 0`,
			`DELETE FROM refresh_tokens WHERE expires_at < ?`,
			`DELETE FROM sessions WHERE expires_at < ?`,
			`DELETE FROM clients WHERE expires_at < ?`,
			`DELETE FROM access_tokens WHERE expires_at < ? AND NOT EXISTS (SELECT 1 FROM token_families f WHERE f.id = family_id)`,
			`DELETE FROM used_once WHERE expires_at < ?`,
			`DELETE FROM links WHERE expires_at < ?`,
			`DELETE FROM throttles WHERE max(first_at, blocked_until) < ?`,
		} {
			if _, err := tx.ExecContext(ctx, q, at(before)); err != nil {
				return err
			}
		}
		return nil
	})
}
