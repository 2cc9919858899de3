package postgres

import (
	"testing"

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
}
