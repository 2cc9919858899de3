package fresh

import (
	"testing"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/center/store/storetest"
)

// All of it holds on PostgreSQL, where two processes are two connections.
func TestPostgreSQL(t *testing.T) {
	c := pgtest.Start(t)
	open := func(t *testing.T, url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		ok(t, err)
		t.Cleanup(func() { ok(t, db.Close()) })
		return db
	}
	t.Run("Store", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return New(open(t, c.Database(t))) })
	})
	t.Run("AnswersAreTheStores", func(t *testing.T) {
		url := c.Database(t)
		answersAreTheStores(t, open(t, url), New(open(t, url)))
	})
}
