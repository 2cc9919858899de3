package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"keyfob/internal/center/store"
)

// Organisation implements store.Administration.
func (db *DB) Organisation(ctx context.Context, declared bool) (store.Organisation, error) {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // everything as of one moment
	if err != nil {
		return store.Organisation{}, err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was changed
	return organisation(ctx, tx, declared)
}

func organisation(ctx context.Context, tx queryer, declared bool) (store.Organisation, error) {
	var o store.Organisation
	if err := tx.QueryRowContext(ctx, `SELECT id, identity_store_id, name, region, session_lifetime, mfa, applied FROM instance`).
		Scan(&o.Instance.ID, &o.Instance.IdentityStoreID, &o.Instance.Name, &o.Instance.Region, duration{&o.Instance.SessionLifetime}, &o.Instance.MFA, &o.Digest); err != nil {
		return o, translate(err)
	}
	only := func(column string) string {
		if declared {
			return " WHERE " + column + " = 1"
		}
		return ""
	}
	users := userColumns
	if declared {
		users = `u.id, u.name, u.name_key, u.display_name, u.email, u.email_key, u.declared_password_hash, u.declared_disabled`
	}
	var members []struct{ Group, User string }
	for _, read := range []func() error{
		into(ctx, tx, &o.Accounts, func(a *store.Account) []any { return []any{&a.ID, &a.Name, &a.Email} },
			`SELECT id, name, email FROM accounts ORDER BY id`),
		into(ctx, tx, &o.Users, userFields, `SELECT `+users+` FROM users u`+only("u.declared")+` ORDER BY name_key`),
		into(ctx, tx, &o.Groups, func(g *store.Group) []any { return []any{&g.ID, &g.Name} },
			`SELECT id, name FROM groups`+only("declared")+` ORDER BY name`),
		into(ctx, tx, &members, func(m *struct{ Group, User string }) []any { return []any{&m.Group, &m.User} },
			`SELECT m.group_id, m.user_id FROM group_members m JOIN users u ON u.id = m.user_id`+only("m.declared")+` ORDER BY u.name_key`),
		into(ctx, tx, &o.PermissionSets, func(p *store.PermissionSet) []any {
			return append(permissionSetFields(p), asJSON{&p.Policies})
		}, `SELECT `+permissionSetColumns+`, policies FROM permission_sets`+only("declared")+` ORDER BY name`),
		into(ctx, tx, &o.Assignments, func(a *store.AccountAssignment) []any {
			return []any{&a.AccountID, &a.PermissionSetID, &a.PrincipalKind, &a.PrincipalID}
		}, `SELECT account_id, permission_set_id, principal_kind, principal_id FROM assignments`+only("declared")+
			` ORDER BY account_id, permission_set_id, principal_kind, principal_id`),
		into(ctx, tx, &o.Roles, func(r *store.Role) []any {
			return []any{&r.AccountID, &r.Name, &r.Path, &r.Description, duration{&r.MaxSessionDuration}, asJSON{&r.Trust}}
		}, `SELECT account_id, name, path, description, max_session_duration, trust FROM roles ORDER BY account_id, name`),
		into(ctx, tx, &o.ServiceUsers, func(u *store.ServiceUser) []any {
			return []any{&u.AccountID, &u.Name, &u.MFASerial, &u.MFASecret}
		}, `SELECT account_id, name, mfa_serial, mfa_secret FROM service_users ORDER BY account_id, name`),
		into(ctx, tx, &o.Administrators, func(p *store.Principal) []any { return []any{&p.Kind, &p.ID} },
			`SELECT principal_kind, principal_id FROM administrators ORDER BY principal_kind, principal_id`),
		into(ctx, tx, &o.Clients, clientFields, `SELECT `+clientColumns+` FROM clients WHERE declared = 1 ORDER BY name`),
	} {
		if err := read(); err != nil {
			return o, err
		}
	}
	group := map[string]*store.Group{}
	for i := range o.Groups {
		group[o.Groups[i].ID] = &o.Groups[i]
	}
	for _, m := range members {
		if g := group[m.Group]; g != nil {
			g.Members = append(g.Members, m.User)
		}
	}
	return o, keysOf(ctx, tx, o.ServiceUsers)
}

// keysOf fills in the access keys of service users.
func keysOf(ctx context.Context, tx queryer, users []store.ServiceUser) error {
	type owned struct {
		account, name string
		key           store.AccessKey
	}
	var keys []owned
	if err := into(ctx, tx, &keys, func(k *owned) []any { return []any{&k.account, &k.name, &k.key.ID, &k.key.Secret} },
		`SELECT account_id, user_name, id, secret FROM access_keys ORDER BY id`)(); err != nil {
		return err
	}
	for i := range users {
		for _, k := range keys {
			if k.account == users[i].AccountID && k.name == users[i].Name {
				users[i].AccessKeys = append(users[i].AccessKeys, k.key)
			}
		}
	}
	return nil
}

func into[T any](ctx context.Context, tx queryer, to *[]T, fields func(*T) []any, q string) func() error {
	return func() (err error) {
		*to, err = queryAll(ctx, tx, fields, q)
		return err
	}
}

func applyAdministrators(ctx context.Context, tx *txn, o store.Organisation) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM administrators`); err != nil {
		return err
	}
	for _, p := range o.Administrators {
		if _, err := tx.ExecContext(ctx, `INSERT INTO administrators (principal_id, principal_kind) VALUES (?, ?)
			ON CONFLICT (principal_id) DO NOTHING`, p.ID, string(p.Kind)); err != nil {
			return err
		}
	}
	return nil
}

// applyClients makes the declared registrations. One whose secret or redirect URIs change keeps its tokens.
func applyClients(ctx context.Context, tx *txn, o store.Organisation) error {
	ids := make([]string, len(o.Clients))
	for i, c := range o.Clients {
		ids[i] = c.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO clients (`+clientColumns+`, declared) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash, name = excluded.name, scopes = excluded.scopes,
				redirect_uris = excluded.redirect_uris, grant_types = excluded.grant_types, expires_at = excluded.expires_at`,
			c.ID, c.SecretHash[:], c.Name, asJSON{c.Scopes}, asJSON{c.RedirectURIs}, asJSON{c.GrantTypes}, c.IssuerURL, c.RemoteIP,
			at(c.CreatedAt), at(c.ExpiresAt)); err != nil {
			return fmt.Errorf("OAuth client %s: %w", c.Name, err)
		}
	}
	return deleteOthers(ctx, tx, `DELETE FROM clients WHERE declared = 1 AND ? AND id NOT IN (SELECT value FROM json_each(?))`, true, ids)
}
