-- +goose Up
-- declared is 1 for what Apply has put there, and the next Apply may remove.
ALTER TABLE instance ADD COLUMN applied TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN declared INTEGER NOT NULL DEFAULT 1;
ALTER TABLE group_members ADD COLUMN declared INTEGER NOT NULL DEFAULT 1;
ALTER TABLE permission_sets ADD COLUMN declared INTEGER NOT NULL DEFAULT 1;
ALTER TABLE permission_sets ADD COLUMN policies TEXT NOT NULL DEFAULT '{}';
ALTER TABLE assignments ADD COLUMN declared INTEGER NOT NULL DEFAULT 1;
ALTER TABLE clients ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;

CREATE TABLE administrators (
  principal_id   TEXT PRIMARY KEY,
  principal_kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE administrators;
ALTER TABLE clients DROP COLUMN declared;
ALTER TABLE assignments DROP COLUMN declared;
ALTER TABLE permission_sets DROP COLUMN policies;
ALTER TABLE permission_sets DROP COLUMN declared;
ALTER TABLE group_members DROP COLUMN declared;
ALTER TABLE groups DROP COLUMN declared;
ALTER TABLE instance DROP COLUMN applied;
