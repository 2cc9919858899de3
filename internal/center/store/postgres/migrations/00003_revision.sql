-- +goose Up
-- A number that grows whenever somebody gains or loses something: package fresh remembers what it has read
-- until then. New tokens, codes, devices and sessions are not remembered before they are read, so adding
-- them changes nothing, and neither does writing what was there before.
CREATE TABLE revision (
  one INT PRIMARY KEY CHECK (one = 1),
  n   BIGINT NOT NULL,
  by  XID8 -- the transaction that made it: one counts once, however many rows it changes
) WITH (fillfactor = 10);
INSERT INTO revision (one, n) VALUES (1, 1);

-- +goose StatementBegin
CREATE FUNCTION revision_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE revision SET n = n + 1, by = pg_current_xact_id() WHERE by IS DISTINCT FROM pg_current_xact_id();
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- The triggers wait for the end of the transaction, so that the one row that all of them change is never
-- locked while something else is waited for.
-- +goose StatementBegin
DO $$
DECLARE
  t TEXT;
BEGIN
  FOREACH t IN ARRAY ARRAY['instance', 'accounts', 'groups', 'group_members', 'permission_sets', 'assignments', 'roles', 'service_users', 'access_keys'] LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER revision_i AFTER INSERT ON %I DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION revision_grow()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['instance', 'accounts', 'groups', 'group_members', 'permission_sets', 'assignments', 'roles', 'service_users', 'access_keys', 'users', 'clients'] LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER revision_u AFTER UPDATE ON %I DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION revision_grow()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['instance', 'accounts', 'groups', 'group_members', 'permission_sets', 'assignments', 'roles', 'service_users', 'access_keys', 'users', 'clients', 'sessions', 'token_families', 'access_tokens'] LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER revision_d AFTER DELETE ON %I DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION revision_grow()', t);
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER revision_u AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (old.ended_at <> new.ended_at OR old.expires_at <> new.expires_at) EXECUTE FUNCTION revision_grow();
CREATE CONSTRAINT TRIGGER revision_u AFTER UPDATE ON token_families DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (old.revoked_at <> new.revoked_at) EXECUTE FUNCTION revision_grow();

-- +goose Down
DROP FUNCTION revision_grow CASCADE;
DROP TABLE revision;
