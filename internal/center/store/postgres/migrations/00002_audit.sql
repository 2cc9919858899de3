-- +goose Up
-- A chain: see package audit.
CREATE TABLE audit_events (
  id         BIGINT PRIMARY KEY,
  at         BIGINT NOT NULL,
  name       BYTEA NOT NULL,
  outcome    BYTEA NOT NULL,
  user_id    BYTEA NOT NULL,
  client_id  BYTEA NOT NULL,
  session_id BYTEA NOT NULL,
  remote_ip  BYTEA NOT NULL,
  user_agent BYTEA NOT NULL,
  request_id BYTEA NOT NULL,
  detail     TEXT NOT NULL,
  hash       BYTEA NOT NULL
);
CREATE INDEX audit_events_user ON audit_events (user_id, id);
CREATE INDEX audit_events_name ON audit_events (name, id);
CREATE INDEX audit_events_at ON audit_events (at);

-- One row that everybody who appends changes: most of its page stays free for that.
CREATE TABLE audit_head (
  one   INT PRIMARY KEY CHECK (one = 1),
  first BIGINT NOT NULL,
  seq   BIGINT NOT NULL,
  hash  BYTEA NOT NULL,
  mac   BYTEA NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO audit_head (one, first, seq, hash, mac) VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'), '');

-- The log only grows. Each of these stops an accident and makes an attack need the right to change tables.
-- +goose StatementBegin
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_head_one BEFORE INSERT ON audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
  FOR EACH ROW WHEN (new.seq <= old.seq OR new.first <> old.first) EXECUTE FUNCTION audit_append_only();
-- An event cannot take the place of one that somebody got rid of.
-- +goose StatementBegin
CREATE FUNCTION audit_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.id <= (SELECT coalesce(max(id), 0) FROM audit_events) THEN
    RAISE EXCEPTION 'the audit log is append-only';
  END IF;
  RETURN new;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_events_in_order BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_in_order();

-- +goose Down
DROP TABLE audit_head, audit_events;
DROP FUNCTION audit_in_order, audit_append_only;
