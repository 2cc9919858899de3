-- +goose Up
-- A number that grows whenever somebody gains or loses something: package fresh remembers what it has read
-- until then. New tokens, codes, devices and sessions are not remembered before they are read, so adding
-- them changes nothing.
CREATE TABLE revision (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n   INTEGER NOT NULL
) STRICT;
INSERT INTO revision (one, n) VALUES (1, 1);

-- +goose StatementBegin
CREATE TRIGGER revision_instance_i AFTER INSERT ON instance BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_instance_u AFTER UPDATE ON instance BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_instance_d AFTER DELETE ON instance BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_accounts_i AFTER INSERT ON accounts BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_accounts_u AFTER UPDATE ON accounts BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_accounts_d AFTER DELETE ON accounts BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_groups_i AFTER INSERT ON groups BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_groups_u AFTER UPDATE ON groups BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_groups_d AFTER DELETE ON groups BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_group_members_i AFTER INSERT ON group_members BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_group_members_u AFTER UPDATE ON group_members BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_group_members_d AFTER DELETE ON group_members BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_permission_sets_i AFTER INSERT ON permission_sets BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_permission_sets_u AFTER UPDATE ON permission_sets BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_permission_sets_d AFTER DELETE ON permission_sets BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_assignments_i AFTER INSERT ON assignments BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_assignments_u AFTER UPDATE ON assignments BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_assignments_d AFTER DELETE ON assignments BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_roles_i AFTER INSERT ON roles BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_roles_u AFTER UPDATE ON roles BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_roles_d AFTER DELETE ON roles BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_service_users_i AFTER INSERT ON service_users BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_service_users_u AFTER UPDATE ON service_users BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_service_users_d AFTER DELETE ON service_users BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_access_keys_i AFTER INSERT ON access_keys BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_access_keys_u AFTER UPDATE ON access_keys BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_access_keys_d AFTER DELETE ON access_keys BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_users_u AFTER UPDATE ON users BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_users_d AFTER DELETE ON users BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_clients_u AFTER UPDATE ON clients BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_clients_d AFTER DELETE ON clients BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_sessions_u AFTER UPDATE OF ended_at, expires_at ON sessions BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_sessions_d AFTER DELETE ON sessions BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_token_families_u AFTER UPDATE OF revoked_at ON token_families BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_token_families_d AFTER DELETE ON token_families BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revision_access_tokens_d AFTER DELETE ON access_tokens BEGIN UPDATE revision SET n = n + 1; END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER revision_access_tokens_d;
DROP TRIGGER revision_instance_i;
DROP TRIGGER revision_instance_u;
DROP TRIGGER revision_instance_d;
DROP TRIGGER revision_accounts_i;
DROP TRIGGER revision_accounts_u;
DROP TRIGGER revision_accounts_d;
DROP TRIGGER revision_groups_i;
DROP TRIGGER revision_groups_u;
DROP TRIGGER revision_groups_d;
DROP TRIGGER revision_group_members_i;
DROP TRIGGER revision_group_members_u;
DROP TRIGGER revision_group_members_d;
DROP TRIGGER revision_permission_sets_i;
DROP TRIGGER revision_permission_sets_u;
DROP TRIGGER revision_permission_sets_d;
DROP TRIGGER revision_assignments_i;
DROP TRIGGER revision_assignments_u;
DROP TRIGGER revision_assignments_d;
DROP TRIGGER revision_roles_i;
DROP TRIGGER revision_roles_u;
DROP TRIGGER revision_roles_d;
DROP TRIGGER revision_service_users_i;
DROP TRIGGER revision_service_users_u;
DROP TRIGGER revision_service_users_d;
DROP TRIGGER revision_access_keys_i;
DROP TRIGGER revision_access_keys_u;
DROP TRIGGER revision_access_keys_d;
DROP TRIGGER revision_users_u;
DROP TRIGGER revision_users_d;
DROP TRIGGER revision_clients_u;
DROP TRIGGER revision_clients_d;
DROP TRIGGER revision_sessions_u;
DROP TRIGGER revision_sessions_d;
DROP TRIGGER revision_token_families_u;
DROP TRIGGER revision_token_families_d;
DROP TABLE revision;
