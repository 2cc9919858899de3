-- +goose Up
-- Instants and durations are milliseconds, instants since 1970 in UTC; 0 is "not yet". Lists are JSON. Hashes
-- are 32 bytes; declared is what Apply has put there. Text is compared and ordered byte by byte, whatever the database's collation. Text from outside,
-- which may hold bytes that are no text in PostgreSQL, is kept as bytes.

CREATE TABLE instance (
  one               INT PRIMARY KEY CHECK (one = 1),
  id                TEXT NOT NULL,
  identity_store_id TEXT NOT NULL,
  name              TEXT NOT NULL,
  region            TEXT NOT NULL,
  session_lifetime  BIGINT NOT NULL,
  mfa               TEXT NOT NULL,
  applied           TEXT NOT NULL
);

CREATE TABLE accounts (
  id    TEXT COLLATE "C" PRIMARY KEY,
  name  TEXT NOT NULL,
  email TEXT NOT NULL
);

CREATE TABLE users (
  id                     TEXT COLLATE "C" PRIMARY KEY,
  name                   TEXT NOT NULL,
  name_key               TEXT COLLATE "C" NOT NULL UNIQUE,
  display_name           TEXT NOT NULL,
  email                  TEXT NOT NULL,
  email_key              TEXT COLLATE "C" NOT NULL,
  password_hash          TEXT NOT NULL,
  declared_password_hash TEXT NOT NULL DEFAULT '',
  disabled               BOOLEAN NOT NULL DEFAULT false,
  declared_disabled      BOOLEAN NOT NULL DEFAULT false,
  declared               BOOLEAN NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX users_email ON users (email_key) WHERE email_key <> '';

CREATE TABLE groups (
  id       TEXT COLLATE "C" PRIMARY KEY,
  name     TEXT COLLATE "C" NOT NULL UNIQUE,
  declared BOOLEAN NOT NULL
);

CREATE TABLE group_members (
  group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
  user_id  TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  declared BOOLEAN NOT NULL,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user ON group_members (user_id);

CREATE TABLE permission_sets (
  id               TEXT COLLATE "C" PRIMARY KEY,
  name             TEXT COLLATE "C" NOT NULL UNIQUE,
  description      TEXT NOT NULL,
  session_duration BIGINT NOT NULL,
  policies         TEXT NOT NULL,
  declared         BOOLEAN NOT NULL
);

CREATE TABLE assignments (
  principal_id      TEXT COLLATE "C" NOT NULL,
  account_id        TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  permission_set_id TEXT COLLATE "C" NOT NULL REFERENCES permission_sets (id) ON DELETE CASCADE,
  principal_kind    TEXT COLLATE "C" NOT NULL CHECK (principal_kind IN ('USER', 'GROUP')),
  declared          BOOLEAN NOT NULL,
  PRIMARY KEY (principal_id, account_id, permission_set_id)
);
CREATE INDEX assignments_account ON assignments (account_id);
CREATE INDEX assignments_permission_set ON assignments (permission_set_id);

CREATE TABLE administrators (
  principal_id   TEXT COLLATE "C" PRIMARY KEY,
  principal_kind TEXT COLLATE "C" NOT NULL
);

CREATE TABLE roles (
  account_id           TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name                 TEXT COLLATE "C" NOT NULL,
  path                 TEXT NOT NULL,
  description          TEXT NOT NULL,
  max_session_duration BIGINT NOT NULL,
  trust                TEXT NOT NULL,
  PRIMARY KEY (account_id, name)
);

CREATE TABLE service_users (
  account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name       TEXT COLLATE "C" NOT NULL,
  mfa_serial TEXT NOT NULL,
  mfa_secret BYTEA NOT NULL,
  PRIMARY KEY (account_id, name)
);

-- What is in secret, and in mfa_secret above, is sealed with a key that is not in this database.
CREATE TABLE access_keys (
  id         TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL,
  user_name  TEXT COLLATE "C" NOT NULL,
  secret     BYTEA NOT NULL,
  FOREIGN KEY (account_id, user_name) REFERENCES service_users (account_id, name) ON DELETE CASCADE
);
CREATE INDEX access_keys_user ON access_keys (account_id, user_name);

CREATE TABLE clients (
  id            TEXT COLLATE "C" PRIMARY KEY,
  secret_hash   BYTEA NOT NULL,
  name          BYTEA NOT NULL,
  scopes        TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  grant_types   TEXT NOT NULL,
  issuer_url    BYTEA NOT NULL,
  remote_ip     TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL,
  declared      BOOLEAN NOT NULL DEFAULT false
);
CREATE INDEX clients_expiry ON clients (expires_at);

CREATE TABLE sessions (
  id               TEXT COLLATE "C" PRIMARY KEY,
  cookie_hash      BYTEA NOT NULL UNIQUE,
  user_id          TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at       BIGINT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  last_seen_at     BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  ended_at         BIGINT NOT NULL DEFAULT 0,
  remote_ip        TEXT NOT NULL,
  user_agent       BYTEA NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE token_families (
  id             TEXT COLLATE "C" PRIMARY KEY,
  client_id      TEXT COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id        TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  session_id     TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  scopes         TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  revoked_at     BIGINT NOT NULL DEFAULT 0,
  revoked_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX token_families_session ON token_families (session_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_user ON token_families (user_id);

CREATE TABLE device_authorizations (
  device_code_hash BYTEA PRIMARY KEY,
  user_code_hash   BYTEA NOT NULL UNIQUE,
  client_id        TEXT COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  scopes           TEXT NOT NULL,
  remote_ip        TEXT NOT NULL,
  user_agent       BYTEA NOT NULL,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  state            TEXT NOT NULL,
  family_id        TEXT NOT NULL DEFAULT '',
  poll_interval    BIGINT NOT NULL,
  polls            BIGINT NOT NULL DEFAULT 0,
  last_poll_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX device_authorizations_client ON device_authorizations (client_id);
CREATE INDEX device_authorizations_expiry ON device_authorizations (expires_at);

CREATE TABLE authorization_codes (
  code_hash    BYTEA PRIMARY KEY,
  client_id    TEXT NOT NULL,
  redirect_uri BYTEA NOT NULL,
  challenge    BYTEA NOT NULL,
  family_id    TEXT COLLATE "C" NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at   BIGINT NOT NULL,
  consumed_at  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX authorization_codes_family ON authorization_codes (family_id);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

CREATE TABLE access_tokens (
  hash       BYTEA PRIMARY KEY,
  family_id  TEXT COLLATE "C" NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL
);
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

-- Half of each page stays free, so that marking a token as used changes no index.
CREATE TABLE refresh_tokens (
  hash       BYTEA PRIMARY KEY,
  family_id  TEXT COLLATE "C" NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL,
  rotated_at BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE throttles (
  key           BYTEA PRIMARY KEY,
  failures      BIGINT NOT NULL,
  first_at      BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL
);

CREATE TABLE used_once (
  hash       BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX used_once_expiry ON used_once (expires_at);

-- secret is sealed with a key that is not in this database.
CREATE TABLE factors (
  id           TEXT COLLATE "C" PRIMARY KEY,
  user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind         TEXT NOT NULL,
  name         BYTEA NOT NULL,
  secret       BYTEA NOT NULL,
  credential   BYTEA NOT NULL UNIQUE,
  counter      BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX factors_user ON factors (user_id);

CREATE TABLE recovery_codes (
  user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash    BYTEA NOT NULL,
  PRIMARY KEY (user_id, hash)
);

CREATE TABLE links (
  user_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  hash       BYTEA NOT NULL UNIQUE,
  kind       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE links, recovery_codes, factors, used_once, throttles, refresh_tokens, access_tokens, authorization_codes,
  device_authorizations, token_families, sessions, clients, access_keys, service_users, roles, administrators, assignments,
  permission_sets, group_members, groups, users, accounts, instance;
