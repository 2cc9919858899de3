-- +goose Up
-- Instants are milliseconds since 1970, UTC; 0 is "not yet". Lists are JSON. Hashes are 32 bytes.

CREATE TABLE instance (
  one               INTEGER PRIMARY KEY CHECK (one = 1),
  id                TEXT NOT NULL,
  identity_store_id TEXT NOT NULL,
  name              TEXT NOT NULL,
  region            TEXT NOT NULL,
  session_lifetime  INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
  id    TEXT PRIMARY KEY,
  name  TEXT NOT NULL,
  email TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id                     TEXT PRIMARY KEY,
  name                   TEXT NOT NULL,
  name_key               TEXT NOT NULL UNIQUE,
  display_name           TEXT NOT NULL,
  email                  TEXT NOT NULL,
  email_key              TEXT NOT NULL,
  password_hash          TEXT NOT NULL,
  declared_password_hash TEXT NOT NULL DEFAULT '',
  disabled               INTEGER NOT NULL DEFAULT 0,
  declared_disabled      INTEGER NOT NULL DEFAULT 0,
  declared               INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email_key) WHERE email_key <> '';

CREATE TABLE groups (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
  group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
  user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (user_id);

CREATE TABLE permission_sets (
  id               TEXT PRIMARY KEY,
  name             TEXT NOT NULL UNIQUE,
  description      TEXT NOT NULL,
  session_duration INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assignments (
  principal_id      TEXT NOT NULL,
  account_id        TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  permission_set_id TEXT NOT NULL REFERENCES permission_sets (id) ON DELETE CASCADE,
  principal_kind    TEXT NOT NULL CHECK (principal_kind IN ('USER', 'GROUP')),
  PRIMARY KEY (principal_id, account_id, permission_set_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  id            TEXT PRIMARY KEY,
  secret_hash   BLOB NOT NULL,
  name          TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  grant_types   TEXT NOT NULL,
  issuer_url    TEXT NOT NULL,
  remote_ip     TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_expiry ON clients (expires_at);

CREATE TABLE sessions (
  id               TEXT PRIMARY KEY,
  cookie_hash      BLOB NOT NULL UNIQUE,
  user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at       INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  last_seen_at     INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  ended_at         INTEGER NOT NULL DEFAULT 0,
  remote_ip        TEXT NOT NULL,
  user_agent       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE token_families (
  id             TEXT PRIMARY KEY,
  client_id      TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  session_id     TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  scopes         TEXT NOT NULL,
  created_at     INTEGER NOT NULL,
  revoked_at     INTEGER NOT NULL DEFAULT 0,
  revoked_reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX token_families_session ON token_families (session_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_user ON token_families (user_id);

CREATE TABLE device_authorizations (
  device_code_hash BLOB PRIMARY KEY,
  user_code_hash   BLOB NOT NULL UNIQUE,
  client_id        TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  scopes           TEXT NOT NULL,
  remote_ip        TEXT NOT NULL,
  user_agent       TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  state            TEXT NOT NULL,
  family_id        TEXT NOT NULL DEFAULT '',
  interval         INTEGER NOT NULL,
  polls            INTEGER NOT NULL DEFAULT 0,
  last_poll_at     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX device_authorizations_client ON device_authorizations (client_id);
CREATE INDEX device_authorizations_expiry ON device_authorizations (expires_at);

CREATE TABLE authorization_codes (
  code_hash    BLOB PRIMARY KEY,
  client_id    TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  challenge    TEXT NOT NULL,
  family_id    TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at   INTEGER NOT NULL,
  consumed_at  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_codes_family ON authorization_codes (family_id);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

CREATE TABLE access_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE throttles (
  key           TEXT PRIMARY KEY,
  failures      INTEGER NOT NULL,
  first_at      INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  name       TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  client_id  TEXT NOT NULL,
  session_id TEXT NOT NULL,
  remote_ip  TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail     TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE audit_events; DROP TABLE throttles; DROP TABLE refresh_tokens; DROP TABLE access_tokens;
DROP TABLE authorization_codes; DROP TABLE device_authorizations; DROP TABLE token_families;
DROP TABLE sessions; DROP TABLE clients; DROP TABLE assignments; DROP TABLE permission_sets;
DROP TABLE group_members; DROP TABLE groups; DROP TABLE users; DROP TABLE accounts; DROP TABLE instance;
