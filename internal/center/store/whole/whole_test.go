package whole_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/center/store/whole"
	"keyfob/internal/clock"
)

type database interface {
	store.Store
	whole.Source
	whole.Target
}

// place is where a database is, of one kind or the other.
type place struct {
	t    *testing.T
	name string // a file or a URL
}

func (p place) open() database {
	p.t.Helper()
	var db database
	var err error
	if postgres.IsURL(p.name) {
		db, err = postgres.Open(p.t.Context(), p.name)
	} else {
		db, err = sqlite.Open(p.t.Context(), p.name)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			p.t.Error(err)
		}
	})
	return db
}

// kinds runs a test with new databases of each kind.
func kinds(t *testing.T, c *pgtest.Cluster, test func(t *testing.T, empty func() place)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, func() place { return place{t, filepath.Join(t.TempDir(), "center.db")} })
	})
	t.Run("PostgreSQL", func(t *testing.T) { test(t, func() place { return place{t, c.Database(t)} }) })
}

// chain is an audit log with keys.
type chain struct {
	t    *testing.T
	keys *keyring.Ring
}

func newChain(t *testing.T) chain {
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return chain{t, keys}
}

func (c chain) record(s store.Store, n int) {
	c.t.Helper()
	l := &audit.Log{Store: s, Clock: clock.NewFake(storetest.Epoch()), Keys: c.keys, Logger: slog.New(slog.DiscardHandler)}
	for range n {
		if err := l.Record(c.t.Context(), store.AuditEvent{
			Name: "SignIn", Outcome: audit.Success, UserID: "a\x00\xff", UserAgent: "\\N\t\u202e", Detail: map[string]string{"b": "<ü>\x00\xff", "a": "1"},
		}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c chain) verify(s store.Store) audit.Verified {
	c.t.Helper()
	v, err := audit.Verify(c.t.Context(), s, c.keys, audit.Known{})
	if err != nil {
		c.t.Error(err)
	}
	return v
}

func copied(t *testing.T, from whole.Source, to whole.Target) []whole.Count {
	t.Helper()
	counts, err := whole.Copy(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// All that needs a server shares one.
func TestWhole(t *testing.T) {
	c := pgtest.Start(t)
	t.Run("Schema", func(t *testing.T) { testSchema(t, c) })
	t.Run("RoundTrip", func(t *testing.T) {
		kinds(t, c, func(t *testing.T, empty func() place) {
			between := place{t, filepath.Join(t.TempDir(), "between.db")}
			if !postgres.IsURL(empty().name) {
				between.name = c.Database(t)
			}
			testRoundTrip(t, empty(), between, empty())
		})
	})
	t.Run("NeverUsed", func(t *testing.T) {
		kinds(t, c, func(t *testing.T, empty func() place) {
			newChain(t).verify(empty().open())
			from, to := empty(), empty()
			copied(t, from.open(), to.open())
			same(t, from, to)
		})
	})
	t.Run("BeforeTheChain", func(t *testing.T) { testBeforeTheChain(t, c) })
	t.Run("NotEmpty", func(t *testing.T) { kinds(t, c, testNotEmpty) })
	t.Run("Interrupted", func(t *testing.T) { kinds(t, c, testInterrupted) })
	t.Run("Snapshot", func(t *testing.T) { kinds(t, c, testSnapshot) })
	t.Run("OtherSchema", func(t *testing.T) { kinds(t, c, testOtherSchema) })
}

func testRoundTrip(t *testing.T, first, between, last place) {
	a, b, z := first.open(), between.open(), last.open()
	log := newChain(t)
	storetest.Everything(t, a)
	log.record(a, 2500)
	for _, count := range copied(t, a, b) {
		if count.Rows == 0 {
			t.Errorf("there was nothing in %s: nothing was tried", count.Table)
		}
	}
	copied(t, b, z)
	same(t, first, last)

	// Both go on as if they were the first: the log is whole with the same end, and grows.
	want := log.verify(a)
	for _, s := range []store.Store{b, z} {
		if got := log.verify(s); got != want || want.Last != 2500 {
			t.Errorf("the log was %+v, now %+v", want, got)
		}
		log.record(s, 1)
		if got := log.verify(s); got.Last != want.Last+1 {
			t.Errorf("the log does not go on: %+v", got)
		}
	}
	for _, p := range []place{between, last} {
		for _, s := range []string{`UPDATE audit_events SET hash = hash`, `DELETE FROM audit_events`, `UPDATE audit_head SET first = 7, seq = seq + 1`, `UPDATE audit_head SET seq = 1`} {
			if err := p.exec(s); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
}

// Events from before there was a chain are copied, and known as such.
func testBeforeTheChain(t *testing.T, c *pgtest.Cluster) {
	old := place{t, filepath.Join(t.TempDir(), "center.db")}
	a := old.open()
	for _, s := range []string{
		`INSERT INTO audit_events (id, at, name, outcome, user_id, client_id, session_id, remote_ip, request_id, detail)
			VALUES (1, 1, 'A', '', '', '', '', '', '', '{}'), (2, 1, 'B', '', '', '', '', '', '', '{}')`,
		`UPDATE audit_head SET first = 2, seq = 2`,
	} {
		if err := old.exec(s); err != nil {
			t.Fatal(err)
		}
	}
	log := newChain(t)
	log.record(a, 3)
	b := place{t, c.Database(t)}.open()
	last := place{t, filepath.Join(t.TempDir(), "center.db")}
	copied(t, a, b)
	copied(t, b, last.open())
	same(t, old, last)
	if v := log.verify(b); v.Unchained != 2 || v.Last != 5 {
		t.Errorf("%+v", v)
	}
}

// Whatever is in the target, it stays as it is.
func testNotEmpty(t *testing.T, empty func() place) {
	from := empty().open()
	storetest.Everything(t, from)
	for name, put := range map[string]func(store.Store) error{
		"an organisation": func(s store.Store) error { return s.Apply(t.Context(), storetest.Organisation()) },
		"a throttle": func(s store.Store) error {
			_, err := s.UpdateThrottle(t.Context(), "k", func(t *store.Throttle) { t.Failures = 1 })
			return err
		},
		"an event": func(s store.Store) error {
			newChain(t).record(s, 1)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := empty()
			to := p.open()
			if err := put(to); err != nil {
				t.Fatal(err)
			}
			before := p.dump()
			if counts, err := whole.Copy(t.Context(), from, to); !errors.Is(err, whole.ErrNotEmpty) || counts != nil {
				t.Errorf("copied %v, %v", counts, err)
			}
			if p.dump() != before {
				t.Error("it has changed what was there")
			}
		})
	}
}

// failing calls fail before the row of the audit log that comes after so many.
type failing struct {
	whole.Source
	after int
	fail  func() error
}

func (f failing) Snapshot(ctx context.Context, use func(func(whole.Table) whole.Rows) error) error {
	return f.Source.Snapshot(ctx, func(read func(whole.Table) whole.Rows) error {
		return use(func(t whole.Table) whole.Rows {
			return func(yield func(whole.Row, error) bool) {
				n := 0
				for row, err := range read(t) {
					if n++; err == nil && t.Name == whole.AuditEvents && n > f.after {
						err = f.fail()
					}
					if !yield(row, err) {
						return
					}
				}
			}
		})
	})
}

// A copy that ends half way has not happened: by an error, by somebody who gives up, in a new file.
func testInterrupted(t *testing.T, empty func() place) {
	from := empty().open()
	storetest.Everything(t, from)
	newChain(t).record(from, 300)
	broken := errors.New("broken")
	p := empty()
	to := p.open()
	before := p.dump()
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		fail func() error
		want error
	}{
		{func() error { return broken }, broken},
		{func() error { cancel(); return nil }, context.Canceled},
	} {
		if _, err := whole.Copy(ctx, failing{from, 200, c.fail}, to); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
		if p.dump() != before {
			t.Errorf("after %v the target is not as it was", c.want)
		}
	}
	copied(t, from, to) // nothing is in the way

	folder := t.TempDir()
	err := sqlite.Create(t.Context(), filepath.Join(folder, "copy.db"), func(to *sqlite.DB) error {
		_, err := whole.Copy(t.Context(), failing{from, 200, func() error { return broken }}, to)
		return err
	})
	left, readErr := os.ReadDir(folder)
	if !errors.Is(err, broken) || readErr != nil || len(left) != 0 {
		t.Errorf("%v; %v, %v", err, left, readErr)
	}
}

// What others do meanwhile is not in it, not even in tables that come later.
func testSnapshot(t *testing.T, empty func() place) {
	from := empty().open()
	log := newChain(t)
	storetest.Everything(t, from)
	log.record(from, 3)
	others := 0
	var counts []whole.Count
	to := empty().open()
	source := failing{from, 1, func() error {
		others++
		log.record(from, 1)
		return nil
	}}
	counts = copied(t, source, to)
	for _, c := range counts {
		if c.Table == whole.AuditEvents && (c.Rows != 3 || others != 2) {
			t.Errorf("%d events, %d were added meanwhile", c.Rows, others)
		}
	}
	if v := log.verify(to); v.Last != 3 {
		t.Errorf("the log of the copy: %+v", v)
	}
	if v := log.verify(from); v.Last != 5 {
		t.Errorf("the log of the source: %+v", v)
	}
}

// What a newer version has used is neither read nor filled.
func testOtherSchema(t *testing.T, empty func() place) {
	newer, other := empty(), empty()
	a, b := newer.open(), other.open()
	if err := newer.exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, ` + newer.yes() + `)`); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]database{{a, b}, {b, a}} {
		if _, err := whole.Copy(t.Context(), c[0], c[1]); !errors.Is(err, whole.ErrOtherSchema) {
			t.Error(err)
		}
	}
}
