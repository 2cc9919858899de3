package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"keyfob/internal/center/store"
)

// Apply implements store.Directory.
func (db *DB) Apply(ctx context.Context, o store.Organisation) error {
	return db.ApplyRecorded(ctx, o, nil)
}

// ApplyRecorded implements store.Directory. Each kind of thing is one statement, which changes only what differs: most
// often a center that starts declares what another has declared before.
func (db *DB) ApplyRecorded(ctx context.Context, o store.Organisation, link func(all, declared store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	err := db.tx(ctx, func(t *txn) error {
		// One after the other: what two of them change in different order they would wait for in a circle.
		if _, err := t.exec(`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		if link != nil {
			all, declared, err := before(ctx, t)
			if err != nil {
				return err
			}
			if _, _, err := t.appendAudit(func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) { return link(all, declared, h) }); err != nil {
				return err
			}
		}
		i := o.Instance
		if i.MFA == store.MFARequired {
			// Nobody stays signed in who may have shown a password alone.
			t.later(`DELETE FROM sessions WHERE EXISTS (SELECT FROM instance WHERE mfa <> $1)`, string(store.MFARequired))
		}
		t.later(`INSERT INTO instance (one, id, identity_store_id, name, region, session_lifetime, mfa, applied) VALUES (1, $1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (one) DO UPDATE SET id = excluded.id, identity_store_id = excluded.identity_store_id,
				name = excluded.name, region = excluded.region, session_lifetime = excluded.session_lifetime, mfa = excluded.mfa,
				applied = excluded.applied`,
			i.ID, i.IdentityStoreID, i.Name, i.Region, i.SessionLifetime.Milliseconds(), string(i.MFA), o.Digest)
		applyAccounts(t, o.Accounts)
		applyUsers(t, o.Users, o.Prune)
		applyGroups(t, o.Groups, o.Prune)
		applyPermissionSets(t, o.PermissionSets, o.Prune)
		applyAssignments(t, o.Assignments, o.Prune)
		applyAdministrators(t, o.Administrators)
		dropLoose(t)
		applyRoles(t, o.Roles)
		applyServiceUsers(t, o.ServiceUsers)
		applyClients(t, o.Clients)
		return nil
	})
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Detail != "" {
		err = fmt.Errorf("%w: %s", err, e.Detail)
	}
	return err
}

// before is what there is, nothing before the first Apply.
func before(ctx context.Context, t *txn) (all, declared store.Organisation, err error) {
	if all, err = organisation(ctx, t.conn, false); err == nil {
		declared, err = organisation(ctx, t.conn, true)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return all, declared, err
}

// column is one field of every element.
func column[T, V any](all []T, field func(T) V) []V {
	c := make([]V, len(all))
	for i, e := range all {
		c[i] = field(e)
	}
	return c
}

func applyAccounts(t *txn, all []store.Account) {
	ids := column(all, func(a store.Account) string { return a.ID })
	t.later(`INSERT INTO accounts AS a (id, name, email) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email WHERE (a.name, a.email) <> (excluded.name, excluded.email)`,
		ids, column(all, func(a store.Account) string { return a.Name }), column(all, func(a store.Account) string { return a.Email }))
	t.later(`DELETE FROM accounts a WHERE NOT EXISTS (SELECT FROM unnest($1::text[]) AS d(id) WHERE d.id = a.id)`, ids)
}

// applyUsers makes people as declared. What can also be changed while the center runs, the password and
// whether somebody is disabled, follows the declaration only when the declaration changes; a new password, and
// being disabled, ends their sessions.
func applyUsers(t *txn, all []store.User, prune bool) {
	args := []any{
		column(all, func(u store.User) string { return u.ID }),
		column(all, func(u store.User) string { return u.Name }),
		column(all, func(u store.User) string { return u.NameKey }),
		column(all, func(u store.User) string { return u.DisplayName }),
		column(all, func(u store.User) string { return u.Email }),
		column(all, func(u store.User) string { return u.EmailKey }),
		column(all, func(u store.User) string { return u.PasswordHash }),
		column(all, func(u store.User) bool { return u.Disabled }),
	}
	t.later(`DELETE FROM sessions s USING users u, unnest($1::text[], $2::text[], $3::boolean[]) AS d(id, hash, disabled)
		WHERE s.user_id = u.id AND d.id = u.id
			AND (d.hash NOT IN (u.declared_password_hash, '', u.password_hash) OR d.disabled AND NOT u.declared_disabled AND NOT u.disabled)`,
		args[0], args[6], args[7])
	t.later(`INSERT INTO users AS u (id, name, name_key, display_name, email, email_key,
			password_hash, declared_password_hash, disabled, declared_disabled, declared)
		SELECT id, name, name_key, display_name, email, email_key, hash, hash, disabled, disabled, true
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[])
			AS d(id, name, name_key, display_name, email, email_key, hash, disabled)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, display_name = excluded.display_name,
			email = excluded.email, email_key = excluded.email_key, declared = true,
			password_hash = CASE WHEN excluded.declared_password_hash IN (u.declared_password_hash, '') THEN u.password_hash
				ELSE excluded.declared_password_hash END,
			declared_password_hash = excluded.declared_password_hash,
			disabled = CASE WHEN excluded.declared_disabled = u.declared_disabled THEN u.disabled ELSE excluded.declared_disabled END,
			declared_disabled = excluded.declared_disabled
		WHERE NOT u.declared OR (u.name, u.name_key, u.display_name, u.email, u.email_key, u.declared_password_hash, u.declared_disabled)
			<> (excluded.name, excluded.name_key, excluded.display_name, excluded.email, excluded.email_key,
				excluded.declared_password_hash, excluded.declared_disabled)`, args...)
	t.later(`DELETE FROM users u WHERE (declared OR $2) AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS d(id) WHERE d.id = u.id)`, args[0], prune)
}

func applyGroups(t *txn, all []store.Group, prune bool) {
	ids := column(all, func(g store.Group) string { return g.ID })
	var groups, members []string
	for _, g := range all {
		for _, m := range g.Members {
			groups, members = append(groups, g.ID), append(members, m)
		}
	}
	t.later(`INSERT INTO groups AS g (id, name, declared) SELECT id, name, true FROM unnest($1::text[], $2::text[]) AS d(id, name)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, declared = true WHERE g.name <> excluded.name OR NOT g.declared`,
		ids, column(all, func(g store.Group) string { return g.Name }))
	t.later(`DELETE FROM groups g WHERE (declared OR $2) AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS d(id) WHERE d.id = g.id)`, ids, prune)
	t.later(`DELETE FROM group_members m WHERE (declared OR $3) AND NOT EXISTS (
			SELECT FROM unnest($1::text[], $2::text[]) AS d(g, u) WHERE d.g = m.group_id AND d.u = m.user_id)`, groups, members, prune)
	t.later(`INSERT INTO group_members AS m (group_id, user_id, declared) SELECT g, u, true FROM unnest($1::text[], $2::text[]) AS d(g, u)
		ON CONFLICT (group_id, user_id) DO UPDATE SET declared = true WHERE NOT m.declared`, groups, members)
}

func applyPermissionSets(t *txn, all []store.PermissionSet, prune bool) {
	ids := column(all, func(p store.PermissionSet) string { return p.ID })
	t.later(`INSERT INTO permission_sets AS p (id, name, description, session_duration, policies, declared)
		SELECT *, true FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, session_duration = excluded.session_duration,
			policies = excluded.policies, declared = true
		WHERE NOT p.declared OR (p.name, p.description, p.session_duration, p.policies)
			<> (excluded.name, excluded.description, excluded.session_duration, excluded.policies)`,
		ids,
		column(all, func(p store.PermissionSet) string { return p.Name }),
		column(all, func(p store.PermissionSet) string { return p.Description }),
		column(all, func(p store.PermissionSet) int64 { return p.SessionDuration.Milliseconds() }),
		column(all, func(p store.PermissionSet) asJSON { return asJSON{p.Policies} }))
	t.later(`DELETE FROM permission_sets p WHERE (declared OR $2) AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS d(id) WHERE d.id = p.id)`, ids, prune)
}

func applyAssignments(t *txn, all []store.AccountAssignment, prune bool) {
	args := []any{
		column(all, func(a store.AccountAssignment) string { return a.PrincipalID }),
		column(all, func(a store.AccountAssignment) string { return a.AccountID }),
		column(all, func(a store.AccountAssignment) string { return a.PermissionSetID }),
	}
	kinds := column(all, func(a store.AccountAssignment) string { return string(a.PrincipalKind) })
	t.later(`DELETE FROM assignments a WHERE (declared OR $4) AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[], $3::text[]) AS d(p, a, s)
		WHERE d.p = a.principal_id AND d.a = a.account_id AND d.s = a.permission_set_id)`, append(args, prune)...)
	t.later(`INSERT INTO assignments AS a (principal_id, account_id, permission_set_id, principal_kind, declared)
		SELECT DISTINCT p, a, s, k, true FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS d(p, a, s, k)
		ON CONFLICT (principal_id, account_id, permission_set_id) DO UPDATE SET declared = true WHERE NOT a.declared`, append(args, kinds)...)
}

func applyAdministrators(t *txn, all []store.Principal) {
	t.later(`DELETE FROM administrators`)
	t.later(`INSERT INTO administrators (principal_id, principal_kind) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
		column(all, func(p store.Principal) string { return p.ID }), column(all, func(p store.Principal) string { return string(p.Kind) }))
}

// dropLoose removes what was given to somebody who is gone: principals are people or groups, so that the
// table can refer to neither.
func dropLoose(t *txn) {
	for _, table := range []string{"assignments", "administrators"} {
		t.later(`DELETE FROM ` + table + ` t WHERE NOT EXISTS (SELECT FROM users WHERE id = t.principal_id)
			AND NOT EXISTS (SELECT FROM groups WHERE id = t.principal_id)`)
	}
}

func applyRoles(t *txn, all []store.Role) {
	accounts := column(all, func(r store.Role) string { return r.AccountID })
	names := column(all, func(r store.Role) string { return r.Name })
	t.later(`DELETE FROM roles r WHERE NOT EXISTS (
		SELECT FROM unnest($1::text[], $2::text[]) AS d(a, n) WHERE d.a = r.account_id AND d.n = r.name)`, accounts, names)
	t.later(`INSERT INTO roles AS r (account_id, name, path, description, max_session_duration, trust)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
		ON CONFLICT (account_id, name) DO UPDATE SET path = excluded.path, description = excluded.description,
			max_session_duration = excluded.max_session_duration, trust = excluded.trust
		WHERE (r.path, r.description, r.max_session_duration, r.trust)
			<> (excluded.path, excluded.description, excluded.max_session_duration, excluded.trust)`,
		accounts, names,
		column(all, func(r store.Role) string { return r.Path }),
		column(all, func(r store.Role) string { return r.Description }),
		column(all, func(r store.Role) int64 { return r.MaxSessionDuration.Milliseconds() }),
		column(all, func(r store.Role) asJSON { return asJSON{r.Trust} }))
}

// applyServiceUsers replaces them: their secrets are sealed anew each time.
func applyServiceUsers(t *txn, all []store.ServiceUser) {
	t.later(`DELETE FROM service_users`) // and their keys
	for _, u := range all {
		t.later(`INSERT INTO service_users (account_id, name, mfa_serial, mfa_secret) VALUES ($1, $2, $3, $4)`,
			u.AccountID, u.Name, u.MFASerial, bytesOf(u.MFASecret))
		for _, k := range u.AccessKeys {
			t.later(`INSERT INTO access_keys (id, account_id, user_name, secret) VALUES ($1, $2, $3, $4)`, k.ID, u.AccountID, u.Name, bytesOf(k.Secret))
		}
	}
}

// applyClients makes the declared registrations. One whose secret or redirect URIs change keeps its tokens.
func applyClients(t *txn, all []store.Client) {
	for _, c := range all {
		t.later(`INSERT INTO clients (`+clientColumns+`, declared) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)
			ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash, name = excluded.name, scopes = excluded.scopes,
				redirect_uris = excluded.redirect_uris, grant_types = excluded.grant_types, expires_at = excluded.expires_at`, clientArgs(c)...)
	}
	t.later(`DELETE FROM clients c WHERE declared AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS d(id) WHERE d.id = c.id)`,
		column(all, func(c store.Client) string { return c.ID }))
}
