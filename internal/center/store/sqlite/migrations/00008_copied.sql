-- +goose Up
-- A log that is copied into an empty one brings its beginning along.
DROP TRIGGER audit_head_forward;
-- +goose StatementBegin
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN new.seq <= old.seq OR (new.first <> old.first AND old.seq <> 0)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER audit_head_forward;
-- +goose StatementBegin
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN new.seq <= old.seq OR new.first <> old.first
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
