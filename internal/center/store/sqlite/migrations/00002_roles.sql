-- +goose Up
CREATE TABLE roles (
  account_id           TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name                 TEXT NOT NULL,
  path                 TEXT NOT NULL,
  description          TEXT NOT NULL,
  max_session_duration INTEGER NOT NULL,
  trust                TEXT NOT NULL,
  PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE service_users (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  mfa_serial TEXT NOT NULL,
  mfa_secret BLOB NOT NULL,
  PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

-- What is in secret, and in mfa_secret above, is sealed with a key that is not in this database.
CREATE TABLE access_keys (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  user_name  TEXT NOT NULL,
  secret     BLOB NOT NULL,
  FOREIGN KEY (account_id, user_name) REFERENCES service_users (account_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX access_keys_user ON access_keys (account_id, user_name);

CREATE TABLE used_once (
  hash       BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_once_expiry ON used_once (expires_at);

-- +goose Down
DROP TABLE used_once; DROP TABLE access_keys; DROP TABLE service_users; DROP TABLE roles;
