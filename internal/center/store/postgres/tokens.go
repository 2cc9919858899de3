package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

func addFamily(t *txn, f store.TokenFamily) {
	t.later(`INSERT INTO token_families (id, client_id, user_id, session_id, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		f.ID, f.ClientID, f.UserID, f.SessionID, asJSON{f.Scopes}, at(f.CreatedAt))
}

// isLive is whether a family may have new tokens, at the instant $1.
const isLive = `f.revoked_at = 0 AND s.ended_at = 0 AND s.expires_at > $1 AND NOT u.disabled`

const issueQuery = `
	WITH family AS MATERIALIZED (SELECT f.id, ` + isLive + ` AS live FROM token_families f` + grantJoin + `WHERE f.id = $2),
	access AS (INSERT INTO access_tokens (hash, family_id, expires_at) SELECT $3, id, $4 FROM family WHERE live),
	refresh AS (INSERT INTO refresh_tokens (hash, family_id, expires_at) SELECT $5, id, $6 FROM family WHERE live AND $5::bytea IS NOT NULL)
	SELECT live FROM family`

func issueArgs(access store.AccessToken, refresh *store.RefreshToken, now time.Time) []any {
	var h []byte
	var expires int64
	if refresh != nil {
		h, expires = refresh.Hash[:], at(refresh.ExpiresAt)
	}
	return []any{at(now), access.FamilyID, access.Hash[:], at(access.ExpiresAt), h, expires}
}

// IssueTokens implements store.Tokens.
func (db *DB) IssueTokens(ctx context.Context, access store.AccessToken, refresh *store.RefreshToken, now time.Time) error {
	var live bool
	if err := db.row(ctx, []any{&live}, issueQuery, issueArgs(access, refresh, now)...); err != nil {
		return err
	}
	if !live {
		return store.ErrRevoked
	}
	return nil
}

const grantColumns = `f.id, f.client_id, f.user_id, f.session_id, f.scopes, f.created_at, f.revoked_at, f.revoked_reason, ` +
	sessionColumns + `, ` + userColumns

const grantJoin = ` JOIN sessions s ON s.id = f.session_id JOIN users u ON u.id = f.user_id `

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
	fields := []any{hash{&t.Hash}, &t.FamilyID, instant{&t.ExpiresAt}}
	err := db.row(ctx, append(fields, grantFields(&g)...), `SELECT t.hash, t.family_id, t.expires_at, `+grantColumns+`
		FROM access_tokens t JOIN token_families f ON f.id = t.family_id`+grantJoin+`WHERE t.hash = $1`, token[:])
	return t, g, err
}

// Refresh implements store.Tokens.
func (db *DB) Refresh(ctx context.Context, token store.Hash) (store.RefreshToken, store.Grant, error) {
	var t store.RefreshToken
	var g store.Grant
	fields := []any{hash{&t.Hash}, &t.FamilyID, instant{&t.ExpiresAt}, instant{&t.RotatedAt}}
	err := db.reads.row(ctx, db, append(fields, grantFields(&g)...), `SELECT t.hash, t.family_id, t.expires_at, t.rotated_at, `+grantColumns+`
		FROM refresh_tokens t JOIN token_families f ON f.id = t.family_id`+grantJoin+`WHERE t.hash = $1`, token[:])
	return t, g, err
}

// Family implements store.Tokens.
func (db *DB) Family(ctx context.Context, id string) (store.Grant, error) {
	var g store.Grant
	err := db.row(ctx, grantFields(&g), `SELECT `+grantColumns+` FROM token_families f`+grantJoin+`WHERE f.id = $1`, id)
	return g, err
}

// RevokeFamily implements store.Tokens.
func (db *DB) RevokeFamily(ctx context.Context, id, reason string, now time.Time) error {
	return db.tx(ctx, func(t *txn) error { revokeFamily(t, id, reason, now); return nil })
}

func revokeFamily(t *txn, id, reason string, now time.Time) {
	t.later(`UPDATE token_families SET revoked_at = $1, revoked_reason = $2 WHERE id = $3 AND revoked_at = 0`, at(now), reason, id)
}

// DeleteExpired implements store.Store.
func (db *DB) DeleteExpired(ctx context.Context, before time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		// One center after the other: what two delete in different order they wait for in a circle.
		t.later(`SELECT pg_advisory_xact_lock($1)`, int64(lockHousekeeping))
		// Sessions and clients take their families, and those their codes, along; tokens without them are of no
		// use. A code that was used stays that long, as its second use must still be noticed, and an access token
		// as long as its session, as it may still be used to sign out.
		for _, q := range []string{
			`DELETE FROM device_authorizations WHERE expires_at < $1`,
			`DELETE FROM authorization_codes WHERE expires_at < $1 AND consumed_at = 0`,
			`DELETE FROM refresh_tokens WHERE expires_at < $1`,
			`DELETE FROM sessions WHERE expires_at < $1`,
			`DELETE FROM clients WHERE expires_at < $1`,
			`DELETE FROM access_tokens a WHERE expires_at < $1 AND NOT EXISTS (SELECT FROM token_families f WHERE f.id = a.family_id)`,
			`DELETE FROM used_once WHERE expires_at < $1`,
			`DELETE FROM links WHERE expires_at < $1`,
			`DELETE FROM throttles WHERE greatest(first_at, blocked_until) < $1`,
		} {
			t.later(q, at(before))
		}
		return nil
	})
}
