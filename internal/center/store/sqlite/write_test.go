package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"keyfob/internal/center/store"
)

func newDB(t *testing.T) *DB {
	t.Helper()
	db, err := Open(context.Background(), filepath.Join(t.TempDir(), "center.db"))
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

// counted is a link function that numbers an event.
func counted(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
	h.Seq, h.MAC = h.Seq+1, []byte{}
	return []store.AuditEvent{{Seq: h.Seq, Name: "A", Hash: h.Hash[:]}}, h
}

// Changes that share a transaction are each made or not: one that fails, is given up or panics takes no
// other with it and leaves nothing behind.
func TestChangesAreApart(t *testing.T) {
	db := newDB(t)
	failed := errors.New("failed")
	first, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the queue, so that all others are one batch
		if err := db.tx(t.Context(), func(*txn) error {
			close(first)
			<-held
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-first
	given, give := context.WithCancel(t.Context())
	give()
	const changes = 40
	for i := range changes {
		wg.Go(func() {
			ctx := t.Context()
			if i%4 == 3 {
				ctx = given
			}
			defer func() {
				if p := recover(); (p != nil) != (i%4 == 2) {
					t.Errorf("change %d: panic %v", i, p)
				}
			}()
			err := db.tx(ctx, func(tx *txn) error {
				if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (id, name, email) VALUES (?, '', '')`, fmt.Sprint(i)); err != nil {
					return err
				}
				if err := appendAudit(ctx, tx, counted); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return failed
				case 2:
					panic("change")
				}
				return nil
			})
			if want := map[int]error{0: nil, 1: failed, 3: context.Canceled}[i%4]; !errors.Is(err, want) {
				t.Errorf("change %d: %v, want %v", i, err, want)
			}
		})
	}
	close(held)
	wg.Wait()
	for i := range changes {
		_, err := db.Account(t.Context(), fmt.Sprint(i))
		if want := map[bool]error{true: nil, false: store.ErrNotFound}[i%4 == 0]; !errors.Is(err, want) {
			t.Errorf("change %d: %v, want %v", i, err, want)
		}
	}
	// What has failed is not in the audit log either, and has not moved its head.
	events, err := db.AuditSearch(t.Context(), store.AuditQuery{Limit: 2 * changes})
	if err != nil || len(events) != changes/4 {
		t.Errorf("%d events, want %d: %v", len(events), changes/4, err)
	}
	if head, last, err := db.AuditHead(t.Context()); err != nil || head.Seq != changes/4 || last != head.Seq {
		t.Errorf("the head is %d, the last event %d, want %d: %v", head.Seq, last, changes/4, err)
	}
	// A change by itself, which has no other to be kept apart from.
	if err := db.tx(t.Context(), func(tx *txn) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO accounts (id, name, email) VALUES ('alone', '', '')`)
		return errors.Join(err, failed)
	}); !errors.Is(err, failed) {
		t.Error(err)
	}
	if _, err := db.Account(t.Context(), "alone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a change that failed is there: %v", err)
	}
}

// A connection that breaks off is replaced.
func TestBrokenConnection(t *testing.T) {
	db := newDB(t)
	if err := db.AddUser(t.Context(), store.User{ID: "a", NameKey: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := db.tx(t.Context(), func(tx *txn) error {
		_, err := tx.ExecContext(t.Context(), "COMMIT") // so that the one at the end fails
		return err
	}); err == nil {
		t.Error("a transaction that had ended was committed")
	}
	if err := db.AddUser(t.Context(), store.User{ID: "b", NameKey: "b"}); err != nil {
		t.Fatal(err)
	}
}
