-- +goose Up
-- Events become a chain: see package audit. What was recorded before has no hash and stays as it is.
ALTER TABLE audit_events ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_events ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
CREATE INDEX audit_events_user ON audit_events (user_id, id);
CREATE INDEX audit_events_name ON audit_events (name, id);
CREATE INDEX audit_events_at ON audit_events (at);

CREATE TABLE audit_head (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  first INTEGER NOT NULL,
  seq   INTEGER NOT NULL,
  hash  BLOB NOT NULL,
  mac   BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (one, first, seq, hash, mac)
  SELECT 1, coalesce(max(id), 0), coalesce(max(id), 0), zeroblob(32), x'' FROM audit_events;

-- The log only grows. Each of these stops an accident and makes an attack need the right to change tables.
-- +goose StatementBegin
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- Also for INSERT OR REPLACE, which fires no trigger for what it deletes.
-- +goose StatementBegin
CREATE TRIGGER audit_events_in_order BEFORE INSERT ON audit_events
WHEN new.id <= (SELECT seq FROM audit_head)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN new.seq <= old.seq OR new.first <> old.first
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_head_no_delete; DROP TRIGGER audit_head_forward; DROP TRIGGER audit_events_in_order;
DROP TRIGGER audit_events_no_delete; DROP TRIGGER audit_events_no_update;
DROP TABLE audit_head;
DROP INDEX audit_events_at; DROP INDEX audit_events_name; DROP INDEX audit_events_user;
ALTER TABLE audit_events DROP COLUMN hash;
ALTER TABLE audit_events DROP COLUMN user_agent;
