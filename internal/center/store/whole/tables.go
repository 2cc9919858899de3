package whole

// Revision is a table that is not copied. Each database counts its own changes, and being filled is some.
const Revision = "revision"

// The log of events comes before its head, which the database lets move forward only, and is there from the beginning.
const (
	AuditEvents = "audit_events"
	AuditHead   = "audit_head"
)

// Tables returns every table but Revision, those that others refer to first. A test of this package holds it against
// what the migrations make.
func Tables() []Table {
	return []Table{
		{"instance", columns(Integer, "one", "session_lifetime").and(Text, "id", "identity_store_id", "name", "region", "mfa", "applied")},
		{"accounts", columns(Text, "id", "name", "email")},
		{"users", columns(Text, "id", "name", "name_key", "display_name", "email", "email_key", "password_hash", "declared_password_hash").
			and(Flag, "disabled", "declared_disabled", "declared")},
		{"groups", columns(Text, "id", "name").and(Flag, "declared")},
		{"group_members", columns(Text, "group_id", "user_id").and(Flag, "declared")},
		{"permission_sets", columns(Text, "id", "name", "description", "policies").and(Integer, "session_duration").and(Flag, "declared")},
		{"assignments", columns(Text, "principal_id", "account_id", "permission_set_id", "principal_kind").and(Flag, "declared")},
		{"administrators", columns(Text, "principal_id", "principal_kind")},
		{"roles", columns(Text, "account_id", "name", "path", "description", "trust").and(Integer, "max_session_duration")},
		{"service_users", columns(Text, "account_id", "name", "mfa_serial").and(Bytes, "mfa_secret")},
		{"access_keys", columns(Text, "id", "account_id", "user_name").and(Bytes, "secret")},
		{"clients", columns(Text, "id", "scopes", "redirect_uris", "grant_types", "remote_ip").and(Outside, "name", "issuer_url").
			and(Bytes, "secret_hash").and(Integer, "created_at", "expires_at").and(Flag, "declared")},
		{"sessions", columns(Text, "id", "user_id", "remote_ip").and(Outside, "user_agent").and(Bytes, "cookie_hash").
			and(Integer, "created_at", "authenticated_at", "last_seen_at", "expires_at", "ended_at")},
		{"token_families", columns(Text, "id", "client_id", "user_id", "session_id", "scopes", "revoked_reason").and(Integer, "created_at", "revoked_at")},
		{"device_authorizations", columns(Text, "client_id", "scopes", "remote_ip", "state", "family_id").and(Outside, "user_agent").
			and(Bytes, "device_code_hash", "user_code_hash").and(Integer, "created_at", "expires_at", "poll_interval", "polls", "last_poll_at")},
		{"authorization_codes", columns(Text, "client_id", "family_id").and(Outside, "redirect_uri", "challenge").
			and(Bytes, "code_hash").and(Integer, "expires_at", "consumed_at")},
		{"access_tokens", columns(Bytes, "hash").and(Text, "family_id").and(Integer, "expires_at")},
		{"refresh_tokens", columns(Bytes, "hash").and(Text, "family_id").and(Integer, "expires_at", "rotated_at")},
		{"throttles", columns(Outside, "key").and(Integer, "failures", "first_at", "blocked_until")},
		{"used_once", columns(Bytes, "hash").and(Integer, "expires_at")},
		{"factors", columns(Text, "id", "user_id", "kind").and(Outside, "name").and(Bytes, "secret", "credential").
			and(Integer, "counter", "created_at", "last_used_at")},
		{"recovery_codes", columns(Text, "user_id").and(Bytes, "hash")},
		{"links", columns(Text, "user_id", "kind").and(Bytes, "hash").and(Integer, "created_at", "expires_at")},
		{AuditEvents, columns(Integer, "id", "at").
			and(Outside, "name", "outcome", "user_id", "client_id", "session_id", "remote_ip", "user_agent", "request_id").
			and(Text, "detail").and(Bytes, "hash")},
		{AuditHead, columns(Integer, "first", "seq").and(Bytes, "hash", "mac")}, // one is 1 on both sides
	}
}

type list []Column

func columns(k Kind, names ...string) list { return list(nil).and(k, names...) }

func (l list) and(k Kind, names ...string) list {
	for _, n := range names {
		l = append(l, Column{n, k})
	}
	return l
}
