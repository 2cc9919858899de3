-- +goose Up
-- Every refresh adds two tokens and waits for the disk: what they take is two rows and no more. A token whose
-- family is gone is found by nobody, and goes when it has expired.
ALTER TABLE access_tokens DROP CONSTRAINT access_tokens_family_id_fkey;
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_family_id_fkey;
DROP INDEX access_tokens_family;
DROP INDEX refresh_tokens_family;

-- +goose Down
DELETE FROM access_tokens t WHERE NOT EXISTS (SELECT FROM token_families f WHERE f.id = t.family_id);
DELETE FROM refresh_tokens t WHERE NOT EXISTS (SELECT FROM token_families f WHERE f.id = t.family_id);
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
ALTER TABLE access_tokens ADD FOREIGN KEY (family_id) REFERENCES token_families (id) ON DELETE CASCADE;
ALTER TABLE refresh_tokens ADD FOREIGN KEY (family_id) REFERENCES token_families (id) ON DELETE CASCADE;
