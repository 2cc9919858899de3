package postgres

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/center/store/storetest"
)

func open(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// All that needs a server shares one.
func TestPostgreSQL(t *testing.T) {
	c := pgtest.Start(t)
	t.Run("Store", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return open(t, c.Database(t)) })
	})
	t.Run("Replicas", func(t *testing.T) {
		storetest.Replicas(t, func(t *testing.T) [2]store.Store {
			url := c.Database(t)
			return [2]store.Store{open(t, url), open(t, url)}
		})
	})
	t.Run("StartTogether", func(t *testing.T) { testStartTogether(t, c.Database(t)) })
	t.Run("AppendOnly", func(t *testing.T) { testAppendOnly(t, c.Database(t)) })
	t.Run("Deadlock", func(t *testing.T) { testDeadlock(t, c.Database(t)) })
	t.Run("Together", func(t *testing.T) { testTogether(t, c.Database(t)) })
	t.Run("NothingChanged", func(t *testing.T) { testNothingChanged(t, c.Database(t)) })
}

// Centers that start together on an empty database wait for each other's migrations.
func testStartTogether(t *testing.T, url string) {
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			db, err := Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(db.Migrated(t.Context()), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// One migration undone is noticed, as when a backup from before was put in place.
	db := open(t, url)
	if err := pgtest.Exec(t, url, `DELETE FROM goose_db_version WHERE version_id = 2`); err != nil {
		t.Fatal(err)
	}
	if err := db.Migrated(t.Context()); err == nil || !strings.Contains(err.Error(), "4 of 5") {
		t.Errorf("a database that is behind: %v", err)
	}
}

// Who has the center's own rights cannot change the log by accident.
func testAppendOnly(t *testing.T, url string) {
	db := open(t, url)
	link := func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		h.Seq++
		return []store.AuditEvent{{Seq: h.Seq, Name: "A", Hash: h.Hash[:]}}, h
	}
	for range 3 {
		if err := db.AppendAudit(t.Context(), link); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []string{
		`UPDATE audit_events SET name = 'x' WHERE id = 1`,
		`DELETE FROM audit_events`,
		`TRUNCATE audit_events`,
		`INSERT INTO audit_events SELECT 2, at, name, outcome, user_id, client_id, session_id, remote_ip, user_agent, request_id, detail, hash
			FROM audit_events WHERE id = 1 ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
		`INSERT INTO audit_events SELECT -1, at, name, outcome, user_id, client_id, session_id, remote_ip, user_agent, request_id, detail, hash
			FROM audit_events WHERE id = 1`,
		`UPDATE audit_head SET seq = 1`,
		`UPDATE audit_head SET seq = 9, first = 9`,
		`DELETE FROM audit_head`,
		`TRUNCATE audit_head`,
	} {
		if err := pgtest.Exec(t, url, s); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if head, last, err := db.AuditHead(t.Context()); err != nil || head.Seq != 3 || last != 3 {
		t.Errorf("head %+v, last %d, %v", head, last, err)
	}
}

// Of two transactions that wait for each other both are made, one of them at the second attempt.
func testDeadlock(t *testing.T, url string) {
	db := open(t, url)
	for _, id := range []string{"a", "b"} {
		if err := db.AddUser(t.Context(), store.User{ID: id, NameKey: id}); err != nil {
			t.Fatal(err)
		}
	}
	var attempts atomic.Int64
	var both sync.WaitGroup
	var first sync.WaitGroup
	first.Add(2)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		both.Go(func() {
			mine := 0
			if err := db.tx(t.Context(), func(tx *txn) error {
				attempts.Add(1)
				if err := lockUser(tx, order[0]); err != nil {
					return err
				}
				if mine++; mine == 1 {
					first.Done()
					first.Wait()
				}
				return lockUser(tx, order[1])
			}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if n := attempts.Load(); n < 3 {
		t.Errorf("%d attempts: there was no deadlock", n)
	}
}

// A center that starts again with the same file takes nothing from what the others remember.
func testNothingChanged(t *testing.T, url string) {
	db := open(t, url)
	o := storetest.Organisation()
	var revisions [3]int64
	for i := range revisions {
		if err := db.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		n, err := db.Revision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		revisions[i] = n
	}
	if revisions[0] != 2 || revisions[2] != 2 { // one Apply is one change, however much it changes
		t.Errorf("revisions of one Apply and two more: %v", revisions)
	}
}

// What configures a connection is in the URL, unless it is not.
func TestConfigure(t *testing.T) {
	c, err := configure("postgres://u:hunter2@h/d?pool_max_conns=3&connect_timeout=7&statement_timeout=1")
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxConns != 3 || c.ConnConfig.ConnectTimeout != 7*time.Second || c.ConnConfig.RuntimeParams["statement_timeout"] != "1" {
		t.Errorf("configured %d, %v, %v", c.MaxConns, c.ConnConfig.ConnectTimeout, c.ConnConfig.RuntimeParams)
	}
	if c, err = configure("postgres://u@h/d"); err != nil || c.MaxConns != mostConnections || c.ConnConfig.ConnectTimeout != connectTimeout {
		t.Errorf("without: %+v, %v", c, err)
	}
	for _, url := range []string{"postgres://u:hunter2@h:x/d", "postgres://u:hunter2@127.0.0.1:1/d?connect_timeout=1"} {
		if _, err := Open(t.Context(), url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
