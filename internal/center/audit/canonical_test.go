package audit

import (
	"encoding/json"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// What an event's hash is over is this JSON, for ever.
func FuzzCanonical(f *testing.F) {
	f.Add(int64(1), int64(1_700_000_000_123), "GetRoleCredentials", "success", "u", "account_id", "000000000042")
	f.Add(int64(-1), int64(0), "", "a \"b\" \\ <c> & d", "ü\u2028\x7f", "", "")
	f.Add(int64(9), int64(-5), "\x00\x1f\n", "\xff\xfe", "'", "\x80", "e\u0301")
	f.Fuzz(func(t *testing.T, seq, at int64, name, outcome, user, key, value string) {
		e := store.AuditEvent{
			Seq: seq, At: time.UnixMilli(at), Name: name, Outcome: outcome, UserID: user, ClientID: value, SessionID: key, RemoteIP: name,
			UserAgent: outcome, RequestID: user,
		}
		for _, detail := range []map[string]string{nil, {}, {key: value}, {key: value, "role_name": name, "a" + key: outcome}} {
			e.Detail = detail
			if detail == nil {
				detail = map[string]string{}
			}
			want, err := json.Marshal([]any{
				"keyfob-audit-1", e.Seq, e.At.UnixMilli(), e.Name, e.Outcome, e.UserID, e.ClientID, e.SessionID, e.RemoteIP, e.UserAgent, e.RequestID, detail,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(canonical(e)); got != string(want) {
				t.Errorf("canonical form is\n%s\nwant\n%s", got, want)
			}
		}
	})
}
