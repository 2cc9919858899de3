package postgres

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// AddClient implements store.Clients.
func (db *DB) AddClient(ctx context.Context, c store.Client, limit int) error {
	return db.tx(ctx, func(t *txn) error {
		// One after the other: the next has to count this one.
		var locked any
		if err := t.row([]any{&locked}, `SELECT pg_advisory_xact_lock($1)::text`, int64(lockClients)); err != nil {
			return err
		}
		return t.change(store.ErrConflict, `INSERT INTO clients (`+clientColumns+`)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE (SELECT count(*) FROM clients) < $11`, append(clientArgs(c), limit)...)
	})
}

const clientColumns = `id, secret_hash, name, scopes, redirect_uris, grant_types, issuer_url, remote_ip, created_at, expires_at`

func clientArgs(c store.Client) []any {
	return []any{
		c.ID, c.SecretHash[:], raw(c.Name),
		asJSON{c.Scopes},
		asJSON{c.RedirectURIs},
		asJSON{c.GrantTypes},
		raw(c.IssuerURL),
		c.RemoteIP, at(c.CreatedAt), at(c.ExpiresAt),
	}
}

func clientFields(c *store.Client) []any {
	return []any{
		&c.ID,
		hash{&c.SecretHash},
		outside{&c.Name},
		asJSON{&c.Scopes},
		asJSON{&c.RedirectURIs},
		asJSON{&c.GrantTypes},
		outside{&c.IssuerURL},
		&c.RemoteIP,
		instant{&c.CreatedAt},
		instant{&c.ExpiresAt},
	}
}

// Client implements store.Clients.
func (db *DB) Client(ctx context.Context, id string) (store.Client, error) {
	var c store.Client
	err := db.row(ctx, clientFields(&c), `SELECT `+clientColumns+` FROM clients WHERE id = $1`, id)
	return c, err
}

// RemoveClient implements store.Clients.
func (db *DB) RemoveClient(ctx context.Context, id string) error {
	_, err := db.exec(ctx, `DELETE FROM clients WHERE id = $1`, id)
	return err
}

// RemoveUnusedClients implements store.Clients.
func (db *DB) RemoveUnusedClients(ctx context.Context, before time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		t.later(`SELECT pg_advisory_xact_lock($1)`, int64(lockHousekeeping)) // as in DeleteExpired
		t.later(`DELETE FROM clients c WHERE created_at < $1 AND NOT declared
			AND NOT EXISTS (SELECT FROM token_families f WHERE f.client_id = c.id)`, at(before))
		return nil
	})
}

// AddDevice implements store.Devices.
func (db *DB) AddDevice(ctx context.Context, d store.DeviceAuthorization) error {
	_, err := db.exec(ctx, `INSERT INTO device_authorizations
		(device_code_hash, user_code_hash, client_id, scopes, remote_ip, user_agent, created_at, expires_at, state, poll_interval)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, d.DeviceCodeHash[:], d.UserCodeHash[:], d.ClientID, asJSON{d.Scopes},
		d.RemoteIP, raw(d.UserAgent), at(d.CreatedAt), at(d.ExpiresAt), string(d.State), d.Interval.Milliseconds())
	return err
}

const deviceQuery = `SELECT device_code_hash, user_code_hash, client_id, scopes, remote_ip, user_agent, created_at, expires_at, state,
	family_id, poll_interval, polls, last_poll_at FROM device_authorizations `

func deviceFields(d *store.DeviceAuthorization) []any {
	return []any{
		hash{&d.DeviceCodeHash},
		hash{&d.UserCodeHash},
		&d.ClientID,
		asJSON{&d.Scopes},
		&d.RemoteIP,
		outside{&d.UserAgent},
		instant{&d.CreatedAt},
		instant{&d.ExpiresAt},
		&d.State, &d.FamilyID,
		duration{&d.Interval},
		&d.Polls,
		instant{&d.LastPollAt},
	}
}

// DeviceByUserCode implements store.Devices.
func (db *DB) DeviceByUserCode(ctx context.Context, userCode store.Hash) (store.DeviceAuthorization, error) {
	var d store.DeviceAuthorization
	err := db.row(ctx, deviceFields(&d), deviceQuery+`WHERE user_code_hash = $1`, userCode[:])
	return d, err
}

// ApproveDevice implements store.Devices.
func (db *DB) ApproveDevice(ctx context.Context, userCode store.Hash, f store.TokenFamily, now time.Time) error {
	return db.tx(ctx, func(t *txn) error {
		if err := decideDevice(t, userCode, store.DeviceApproved, f.ID, now); err != nil {
			return err
		}
		addFamily(t, f)
		return nil
	})
}

// DenyDevice implements store.Devices.
func (db *DB) DenyDevice(ctx context.Context, userCode store.Hash, now time.Time) error {
	return db.tx(ctx, func(t *txn) error { return decideDevice(t, userCode, store.DeviceDenied, "", now) })
}

func decideDevice(t *txn, userCode store.Hash, to store.DeviceState, familyID string, now time.Time) error {
	return t.change(store.ErrConflict, `UPDATE device_authorizations SET state = $1, family_id = $2
		WHERE user_code_hash = $3 AND state = $4 AND expires_at > $5`, string(to), familyID, userCode[:], string(store.DevicePending), at(now))
}

// PollDevice implements store.Devices.
func (db *DB) PollDevice(ctx context.Context, deviceCode store.Hash, decide func(*store.DeviceAuthorization)) (store.DeviceAuthorization, error) {
	var d store.DeviceAuthorization
	err := db.tx(ctx, func(t *txn) error {
		d = store.DeviceAuthorization{}
		if err := t.row(deviceFields(&d), deviceQuery+`WHERE device_code_hash = $1 FOR NO KEY UPDATE`, deviceCode[:]); err != nil {
			return err
		}
		decide(&d)
		t.later(`UPDATE device_authorizations SET state = $1, poll_interval = $2, polls = $3, last_poll_at = $4
			WHERE device_code_hash = $5`, string(d.State), d.Interval.Milliseconds(), d.Polls, at(d.LastPollAt), deviceCode[:])
		return nil
	})
	return d, err
}

// AddCode implements store.Codes.
func (db *DB) AddCode(ctx context.Context, c store.AuthorizationCode, f store.TokenFamily) error {
	return db.tx(ctx, func(t *txn) error {
		addFamily(t, f)
		t.later(`INSERT INTO authorization_codes (code_hash, client_id, redirect_uri, challenge, family_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.CodeHash[:], c.ClientID, raw(c.RedirectURI), raw(c.Challenge), f.ID, at(c.ExpiresAt))
		return nil
	})
}

// RedeemCode implements store.Codes.
func (db *DB) RedeemCode(ctx context.Context, code store.Hash, now time.Time,
	issue func(store.AuthorizationCode, store.Grant) (*store.AccessToken, *store.RefreshToken),
) (store.Grant, error) {
	var g store.Grant
	reused := false
	err := db.tx(ctx, func(t *txn) error {
		var c store.AuthorizationCode
		fields := []any{hash{&c.CodeHash}, &c.ClientID, outside{&c.RedirectURI}, outside{&c.Challenge}, &c.FamilyID, instant{&c.ExpiresAt}, instant{&c.ConsumedAt}}
		if err := t.row(append(fields, grantFields(&g)...),
			`SELECT c.code_hash, c.client_id, c.redirect_uri, c.challenge, c.family_id, c.expires_at, c.consumed_at, `+grantColumns+`
			FROM authorization_codes c JOIN token_families f ON f.id = c.family_id`+grantJoin+`WHERE c.code_hash = $1 FOR NO KEY UPDATE OF c`, code[:]); err != nil {
			return err
		}
		if reused = !c.ConsumedAt.IsZero(); reused {
			revokeFamily(t, c.FamilyID, "authorization code reused", now)
			return nil
		}
		if access, refresh := issue(c, g); access != nil {
			var live bool
			if err := t.row([]any{&live}, issueQuery, issueArgs(*access, refresh, now)...); err != nil {
				return err
			}
			if !live {
				return store.ErrRevoked
			}
		}
		t.later(`UPDATE authorization_codes SET consumed_at = $1 WHERE code_hash = $2`, at(now), code[:])
		return nil
	})
	if err == nil && reused {
		err = store.ErrConflict
	}
	return g, err
}
