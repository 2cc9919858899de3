-- +goose Up
-- Every refresh adds two tokens and waits for the disk: what they take is two rows and no more. A token whose
-- family is gone is found by nobody, and goes when it has expired.
CREATE TABLE new_access_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO new_access_tokens SELECT hash, family_id, expires_at FROM access_tokens;
DROP TABLE access_tokens;
ALTER TABLE new_access_tokens RENAME TO access_tokens;
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);
-- +goose StatementBegin
CREATE TRIGGER revision_access_tokens_d AFTER DELETE ON access_tokens BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd

CREATE TABLE new_refresh_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO new_refresh_tokens SELECT hash, family_id, expires_at, rotated_at FROM refresh_tokens;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

-- +goose Down
CREATE TABLE old_access_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO old_access_tokens SELECT hash, family_id, expires_at FROM access_tokens WHERE family_id IN (SELECT id FROM token_families);
DROP TABLE access_tokens;
ALTER TABLE old_access_tokens RENAME TO access_tokens;
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);
-- +goose StatementBegin
CREATE TRIGGER revision_access_tokens_d AFTER DELETE ON access_tokens BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd

CREATE TABLE old_refresh_tokens (
  hash       BLOB PRIMARY KEY,
  family_id  TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO old_refresh_tokens SELECT hash, family_id, expires_at, rotated_at FROM refresh_tokens WHERE family_id IN (SELECT id FROM token_families);
DROP TABLE refresh_tokens;
ALTER TABLE old_refresh_tokens RENAME TO refresh_tokens;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
