package audit_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/clock"
)

type chain struct {
	testing.TB
	path string
	db   *sqlite.DB
	keys *keyring.Ring
	log  *audit.Log
}

func newChain(t testing.TB) *chain {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // a test
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &chain{t, path, db, keys, &audit.Log{
		Store: db, Clock: clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)), Keys: keys, Logger: slog.New(slog.DiscardHandler),
	}}
}

func (c *chain) record(n int) {
	c.Helper()
	for i := range n {
		if err := c.log.Record(context.Background(), store.AuditEvent{
			Name: "SignIn", Outcome: audit.Success, UserID: fmt.Sprintf("user-%d", i), Detail: map[string]string{"b": "<ü>\x00\xff", "a": "1"},
		}); err != nil {
			c.Fatal(err)
		}
	}
}

// meddle runs SQL on the file as somebody would who has it: without the triggers.
func (c *chain) meddle(statements ...string) {
	c.Helper()
	raw, err := sql.Open("sqlite", c.path)
	if err != nil {
		c.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // a test
	for _, s := range append([]string{
		"DROP TRIGGER audit_events_no_update", "DROP TRIGGER audit_events_no_delete", "DROP TRIGGER audit_events_in_order",
		"DROP TRIGGER audit_head_forward", "DROP TRIGGER audit_head_no_delete",
	}, statements...) {
		r, err := raw.Exec(s)
		if err != nil {
			c.Fatalf("%s: %v", s, err)
		}
		if n, err := r.RowsAffected(); !strings.HasPrefix(s, "DROP") && (err != nil || n == 0) {
			c.Fatalf("%s changes nothing", s)
		}
	}
}

func (c *chain) verify(known audit.Known) (audit.Verified, error) {
	return audit.Verify(context.Background(), c.db, c.keys, known)
}

func TestSecurity78AuditChain(t *testing.T) {
	c := newChain(t)
	if v, err := c.verify(audit.Known{}); err != nil || v.Last != 0 {
		t.Errorf("empty: %+v, %v", v, err)
	}
	c.record(2500) // several pages
	v, err := c.verify(audit.Known{})
	if err != nil || v.First != 1 || v.Last != 2500 || v.Unchained != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	c.record(3)
	if _, err := c.verify(audit.Known{Seq: v.Last, Hash: v.Hash}); err != nil {
		t.Errorf("grown since: %v", err)
	}
	rotated, err := c.keys.Rotated(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c.log.Keys, c.keys = rotated, rotated
	if _, err := c.verify(audit.Known{}); err != nil {
		t.Errorf("after a change of keys: %v", err)
	}
	c.record(1)
	if _, err := c.verify(audit.Known{}); err != nil {
		t.Errorf("and one more: %v", err)
	}
}

func TestSecurity78TamperingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		do    []string
		first int64 // the event that is named
		why   string
	}{
		"changed name":      {[]string{"UPDATE audit_events SET name = 'SignOut' WHERE id = 7"}, 7, "changed"},
		"changed person":    {[]string{"UPDATE audit_events SET user_id = 'mallory' WHERE id = 7"}, 7, "changed"},
		"changed time":      {[]string{"UPDATE audit_events SET at = at - 1 WHERE id = 7"}, 7, "changed"},
		"changed detail":    {[]string{`UPDATE audit_events SET detail = '{"a":"2"}' WHERE id = 7`}, 7, "changed"},
		"changed agent":     {[]string{"UPDATE audit_events SET user_agent = 'curl' WHERE id = 7"}, 7, "changed"},
		"changed outcome":   {[]string{"UPDATE audit_events SET outcome = 'no' WHERE id = 10"}, 10, "changed"},
		"changed hash":      {[]string{"UPDATE audit_events SET hash = zeroblob(32) WHERE id = 7"}, 7, "changed"},
		"no hash":           {[]string{"UPDATE audit_events SET hash = x'' WHERE id = 1"}, 1, "changed"},
		"removed":           {[]string{"DELETE FROM audit_events WHERE id = 4"}, 4, "missing"},
		"removed at front":  {[]string{"DELETE FROM audit_events WHERE id < 4"}, 1, "missing"},
		"cut off":           {[]string{"DELETE FROM audit_events WHERE id > 8"}, 9, "missing at the end"},
		"all removed":       {[]string{"DELETE FROM audit_events"}, 1, "missing at the end"},
		"added":             {[]string{"INSERT INTO audit_events SELECT 11, at, name, outcome, user_id, client_id, session_id, remote_ip, request_id, detail, user_agent, hash FROM audit_events WHERE id = 10"}, 11, "added by somebody else"},
		"swapped":           {[]string{"UPDATE audit_events SET id = 100 WHERE id = 3", "UPDATE audit_events SET id = 3 WHERE id = 4", "UPDATE audit_events SET id = 4 WHERE id = 100"}, 3, "changed"},
		"cut off, and head": {[]string{"DELETE FROM audit_events WHERE id > 8", "UPDATE audit_head SET seq = 8, hash = (SELECT hash FROM audit_events WHERE id = 8)"}, 8, "not signed"},
		"passed as old":     {[]string{"DELETE FROM audit_events WHERE id < 4", "UPDATE audit_head SET first = 3"}, 4, "changed"},
		"other head":        {[]string{"UPDATE audit_head SET hash = zeroblob(32)"}, 10, "not what the head"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newChain(t)
			g.record(10)
			if _, err := g.verify(audit.Known{}); err != nil {
				t.Fatal(err)
			}
			g.meddle(c.do...)
			_, err := g.verify(audit.Known{})
			var broken *audit.BrokenError
			if !errors.As(err, &broken) || broken.Seq != c.first || !strings.Contains(broken.Why, c.why) {
				t.Errorf("%v, want event %d: %s", err, c.first, c.why)
			}
		})
	}
}

func TestSecurity78RewrittenLogs(t *testing.T) {
	t.Run("78 with other keys", func(t *testing.T) {
		c := newChain(t)
		c.record(3)
		c.keys = newChain(t).keys
		if _, err := c.verify(audit.Known{}); err == nil || !strings.Contains(err.Error(), "not signed") {
			t.Error(err)
		}
	})
	t.Run("78 an older copy of the database", func(t *testing.T) {
		c := newChain(t)
		c.record(3)
		if _, err := c.verify(audit.Known{Seq: 5}); err == nil || !strings.Contains(err.Error(), "earlier state") {
			t.Error(err)
		}
		if _, err := c.verify(audit.Known{Seq: 2, Hash: sha256.Sum256(nil)}); err == nil || !strings.Contains(err.Error(), "rewritten") {
			t.Error(err)
		}
	})
}

func TestSecurity78TriggersRefuse(t *testing.T) {
	c := newChain(t)
	c.record(3)
	raw, err := sql.Open("sqlite", c.path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // a test
	for _, s := range []string{
		"UPDATE audit_events SET name = 'x'", "DELETE FROM audit_events", "DELETE FROM audit_head", "UPDATE audit_head SET seq = 1", "UPDATE audit_head SET first = 1, seq = 9",
		"REPLACE INTO audit_events SELECT * FROM audit_events WHERE id = 2", "INSERT OR IGNORE INTO audit_events SELECT * FROM audit_events WHERE id = 2",
	} {
		if _, err := raw.Exec(s); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := c.verify(audit.Known{}); err != nil {
		t.Error(err)
	}
}

// TestCanonicalForm pins the bytes that hashes are over: they must not change, for logs are kept.
func TestCanonicalForm(t *testing.T) {
	c := newChain(t)
	c.record(1)
	head, _, err := c.db.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append(make([]byte, 32),
		`["keyfob-audit-1",1,1795424400123,"SignIn","success","user-0","","","","","",{"a":"1","b":"\u003cü\u003e"}]`...))
	if head.Hash != sum {
		t.Errorf("hash %s, want %s", hex.EncodeToString(head.Hash[:]), hex.EncodeToString(sum[:]))
	}
}

// TestManyLogsOneChain: several processes, each with its own log, and many requests in each.
func TestManyLogsOneChain(t *testing.T) {
	c := newChain(t)
	const logs, requests, each = 3, 8, 5
	var all sync.WaitGroup
	for l := range logs {
		db, err := sqlite.Open(t.Context(), c.path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // a test
		log := &audit.Log{Store: db, Clock: clock.System{}, Keys: c.keys, Logger: slog.New(slog.DiscardHandler)}
		for r := range requests {
			all.Go(func() {
				for i := range each {
					id := fmt.Sprintf("%d-%d-%d", l, r, i)
					if err := log.Record(t.Context(), store.AuditEvent{Name: "SignIn", Outcome: audit.Success, UserID: id}); err != nil {
						t.Error(err)
						continue
					}
					// What is confirmed is there.
					if found, err := db.AuditSearch(t.Context(), store.AuditQuery{UserID: id, Limit: 2}); err != nil || len(found) != 1 {
						t.Errorf("%s: %d events, %v", id, len(found), err)
					}
				}
			})
		}
	}
	all.Wait()
	if v, err := c.verify(audit.Known{}); err != nil || v.Last != logs*requests*each {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestFailedWritesTellEverybody: of those that wait for one transaction none is told that it went well.
func TestFailedWritesTellEverybody(t *testing.T) {
	log := &audit.Log{Store: failing{}, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler)}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if log.Record(t.Context(), store.AuditEvent{Name: "SignIn"}) == nil {
				t.Error("it says that it was recorded")
			}
		})
	}
	all.Wait()
}

func BenchmarkRecord(b *testing.B) {
	for _, at := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%d at once", at), func(b *testing.B) {
			c := newChain(b)
			b.SetParallelism(at)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := c.log.Record(context.Background(), store.AuditEvent{Name: "GetRoleCredentials", Outcome: audit.Success, UserID: "u"}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
