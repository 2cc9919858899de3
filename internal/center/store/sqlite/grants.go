package sqlite

import (
	"context"
	"time"

	"keyfob/internal/center/store"
)

// AddClient implements store.Clients.
func (db *DB) AddClient(ctx context.Context, c store.Client, limit int) error {
	return db.tx(ctx, func(tx *txn) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO clients
			(id, secret_hash, name, scopes, redirect_uris, grant_types, issuer_url, remote_ip, created_at, expires_at)
			SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM clients) < ?`,
			c.ID, c.SecretHash[:], c.Name, asJSON{c.Scopes}, asJSON{c.RedirectURIs}, asJSON{c.GrantTypes}, c.IssuerURL,
			c.RemoteIP, at(c.CreatedAt), at(c.ExpiresAt), limit)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return firstOf(err, store.ErrConflict)
		}
		return nil
	})
}

const clientColumns = `id, secret_hash, name, scopes, redirect_uris, grant_types, issuer_url, remote_ip, created_at, expires_at`

func clientFields(c *store.Client) []any {
	return []any{
		&c.ID,
		hash{&c.SecretHash},
		&c.Name,
		asJSON{&c.Scopes},
		asJSON{&c.RedirectURIs},
		asJSON{&c.GrantTypes},
		&c.IssuerURL, &c.RemoteIP,
		instant{&c.CreatedAt},
		instant{&c.ExpiresAt},
	}
}

// Client implements store.Clients.
func (db *DB) Client(ctx context.Context, id string) (store.Client, error) {
	var c store.Client
	err := db.read.QueryRowContext(ctx, `SELECT `+clientColumns+` FROM clients WHERE id = ?`, id).Scan(clientFields(&c)...)
	return c, translate(err)
}

// RemoveClient implements store.Clients.
func (db *DB) RemoveClient(ctx context.Context, id string) error {
	_, err := db.exec(ctx, `DELETE FROM clients WHERE id = ?`, id)
	return err
}

// RemoveUnusedClients implements store.Clients.
func (db *DB) RemoveUnusedClients(ctx context.Context, before time.Time) error {
	_, err := db.exec(ctx, `DELETE FROM clients WHERE created_at < ? AND declared = 0
		AND NOT EXISTS (SELECT 1 FROM token_families f WHERE f.client_id = clients.id)`, at(before))
	return err
}

// AddDevice implements store.Devices.
func (db *DB) AddDevice(ctx context.Context, d store.DeviceAuthorization) error {
	_, err := db.exec(ctx, `INSERT INTO device_authorizations
		(device_code_hash, user_code_hash, client_id, scopes, remote_ip, user_agent, created_at, expires_at, state, interval)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, d.DeviceCodeHash[:], d.UserCodeHash[:], d.ClientID, asJSON{d.Scopes},
		d.RemoteIP, d.UserAgent, at(d.CreatedAt), at(d.ExpiresAt), string(d.State), d.Interval.Milliseconds())
	return err
}

const deviceColumns = `device_code_hash, user_code_hash, client_id, scopes, remote_ip, user_agent, created_at, expires_at, state,
	family_id, interval, polls, last_poll_at`

func deviceFields(d *store.DeviceAuthorization) []any {
	return []any{
		hash{&d.DeviceCodeHash},
		hash{&d.UserCodeHash},
		&d.ClientID,
		asJSON{&d.Scopes},
		&d.RemoteIP, &d.UserAgent,
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
	err := db.read.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM device_authorizations WHERE user_code_hash = ?`, userCode[:]).
		Scan(deviceFields(&d)...)
	return d, translate(err)
}

// ApproveDevice implements store.Devices.
func (db *DB) ApproveDevice(ctx context.Context, userCode store.Hash, f store.TokenFamily, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := decideDevice(ctx, tx, userCode, store.DeviceApproved, f.ID, now); err != nil {
			return err
		}
		return addFamily(ctx, tx, f)
	})
}

// DenyDevice implements store.Devices.
func (db *DB) DenyDevice(ctx context.Context, userCode store.Hash, now time.Time) error {
	return db.tx(ctx, func(tx *txn) error {
		return decideDevice(ctx, tx, userCode, store.DeviceDenied, "", now)
	})
}

func decideDevice(ctx context.Context, tx *txn, userCode store.Hash, to store.DeviceState, familyID string, now time.Time) error {
	r, err := tx.ExecContext(ctx, `UPDATE device_authorizations SET state = ?, family_id = ?
		WHERE user_code_hash = ? AND state = ? AND expires_at > ?`, string(to), familyID, userCode[:], string(store.DevicePending), at(now))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return firstOf(err, store.ErrConflict)
	}
	return nil
}

// PollDevice implements store.Devices.
func (db *DB) PollDevice(ctx context.Context, deviceCode store.Hash, decide func(*store.DeviceAuthorization)) (store.DeviceAuthorization, error) {
	var d store.DeviceAuthorization
	err := db.tx(ctx, func(tx *txn) error {
		if err := tx.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM device_authorizations WHERE device_code_hash = ?`, deviceCode[:]).
			Scan(deviceFields(&d)...); err != nil {
			return err
		}
		decide(&d)
		_, err := tx.ExecContext(ctx, `UPDATE device_authorizations SET state = ?, interval = ?, polls = ?, last_poll_at = ?
			WHERE device_code_hash = ?`, string(d.State), d.Interval.Milliseconds(), d.Polls, at(d.LastPollAt), deviceCode[:])
		return err
	})
	return d, err
}

// AddCode implements store.Codes.
func (db *DB) AddCode(ctx context.Context, c store.AuthorizationCode, f store.TokenFamily) error {
	return db.tx(ctx, func(tx *txn) error {
		if err := addFamily(ctx, tx, f); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO authorization_codes
			(code_hash, client_id, redirect_uri, challenge, family_id, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
			c.CodeHash[:], c.ClientID, c.RedirectURI, c.Challenge, f.ID, at(c.ExpiresAt))
		return err
	})
}

// RedeemCode implements store.Codes.
func (db *DB) RedeemCode(ctx context.Context, code store.Hash, now time.Time,
	issueFor func(store.AuthorizationCode, store.Grant) (*store.AccessToken, *store.RefreshToken),
) (store.Grant, error) {
	var g store.Grant
	reused := false
	err := db.tx(ctx, func(tx *txn) error {
		var c store.AuthorizationCode
		if err := tx.QueryRowContext(ctx, `SELECT code_hash, client_id, redirect_uri, challenge, family_id, expires_at, consumed_at
			FROM authorization_codes WHERE code_hash = ?`, code[:]).
			Scan(hash{&c.CodeHash}, &c.ClientID, &c.RedirectURI, &c.Challenge, &c.FamilyID, instant{&c.ExpiresAt}, instant{&c.ConsumedAt}); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, familyQuery, c.FamilyID).Scan(grantFields(&g)...); err != nil {
			return err
		}
		if reused = !c.ConsumedAt.IsZero(); reused {
			return revokeFamily(ctx, tx, c.FamilyID, "authorization code reused", now)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE authorization_codes SET consumed_at = ? WHERE code_hash = ?`, at(now), code[:]); err != nil {
			return err
		}
		access, refresh := issueFor(c, g)
		if access == nil {
			return nil
		}
		return issue(ctx, tx, *access, refresh, now)
	})
	if err == nil && reused {
		err = store.ErrConflict
	}
	return g, err
}
