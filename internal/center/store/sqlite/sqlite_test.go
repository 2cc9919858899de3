package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
)

func open(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path)
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

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "with blank?#%.db")) })
}

func TestReplicas(t *testing.T) {
	storetest.Replicas(t, func(t *testing.T) [2]store.Store {
		path := filepath.Join(t.TempDir(), "center.db")
		return [2]store.Store{open(t, path), open(t, path)}
	})
}
