-- +goose Up
-- A log that is copied into an empty one brings its beginning along.
DROP TRIGGER audit_head_forward ON audit_head;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
  FOR EACH ROW WHEN (new.seq <= old.seq OR (new.first <> old.first AND old.seq <> 0)) EXECUTE FUNCTION audit_append_only();

-- +goose Down
DROP TRIGGER audit_head_forward ON audit_head;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
  FOR EACH ROW WHEN (new.seq <= old.seq OR new.first <> old.first) EXECUTE FUNCTION audit_append_only();
