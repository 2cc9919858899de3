package postgres

import (
	"context"

	"keyfob/internal/center/store"
)

// bytesOf is b, which to a column that may not be NULL is never nil.
func bytesOf(b []byte) []byte { return append([]byte{}, b...) }

// Role implements store.Trusts.
func (db *DB) Role(ctx context.Context, accountID, name string) (store.Role, error) {
	var r store.Role
	err := db.row(ctx, []any{&r.AccountID, &r.Name, &r.Path, &r.Description, duration{&r.MaxSessionDuration}, asJSON{&r.Trust}},
		`SELECT account_id, name, path, description, max_session_duration, trust FROM roles WHERE account_id = $1 AND name = $2`, accountID, name)
	return r, err
}

// ServiceUser implements store.Trusts.
func (db *DB) ServiceUser(ctx context.Context, accountID, name string) (store.ServiceUser, error) {
	return db.serviceUser(ctx, `u.account_id = $1 AND u.name = $2`, accountID, name)
}

// ServiceUserByKey implements store.Trusts.
func (db *DB) ServiceUserByKey(ctx context.Context, accessKeyID string) (store.ServiceUser, error) {
	return db.serviceUser(ctx, `(u.account_id, u.name) = (SELECT account_id, user_name FROM access_keys WHERE id = $1)`, accessKeyID)
}

func (db *DB) serviceUser(ctx context.Context, where string, args ...any) (store.ServiceUser, error) {
	var u store.ServiceUser
	var ids []string
	var secrets [][]byte
	err := db.row(ctx, []any{&u.AccountID, &u.Name, &u.MFASerial, &u.MFASecret, &ids, &secrets}, `
		SELECT u.account_id, u.name, u.mfa_serial, u.mfa_secret,
			coalesce(array_agg(k.id ORDER BY k.id) FILTER (WHERE k.id IS NOT NULL), '{}'),
			coalesce(array_agg(k.secret ORDER BY k.id) FILTER (WHERE k.id IS NOT NULL), '{}')
		FROM service_users u LEFT JOIN access_keys k ON k.account_id = u.account_id AND k.user_name = u.name
		WHERE `+where+` GROUP BY u.account_id, u.name`, args...)
	for i, id := range ids {
		u.AccessKeys = append(u.AccessKeys, store.AccessKey{ID: id, Secret: secrets[i]})
	}
	return u, err
}

// GroupsOf implements store.Trusts.
func (db *DB) GroupsOf(ctx context.Context, userID string) ([]string, error) {
	return all(ctx, db, func(id *string) []any { return []any{id} },
		`SELECT group_id FROM group_members WHERE user_id = $1 ORDER BY group_id`, userID)
}
