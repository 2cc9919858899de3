package sqlite

import (
	"crypto/sha256"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// Whoever is signed in when the tables of tokens are made anew stays signed in, there and back.
func TestTokensAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "center.db")
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.AddUser(t.Context(), store.User{ID: "u", NameKey: "u"}))
	must(db.AddClient(t.Context(), store.Client{ID: "c", ExpiresAt: now.Add(time.Hour)}, 10))
	must(db.AddSession(t.Context(), store.Session{ID: "s", UserID: "u", ExpiresAt: now.Add(time.Hour)}))
	must(db.tx(t.Context(), func(tx *txn) error {
		return addFamily(t.Context(), tx, store.TokenFamily{ID: "f", ClientID: "c", UserID: "u", SessionID: "s", CreatedAt: now})
	}))
	hash := func(s string) store.Hash { return sha256.Sum256([]byte(s)) }
	rotate := func(from, to string) {
		t.Helper()
		outcome, err := db.Rotate(t.Context(), store.Rotation{
			Old: hash(from), Access: store.AccessToken{Hash: hash("a" + to), ExpiresAt: now.Add(time.Hour)},
			Refresh: store.RefreshToken{Hash: hash(to), ExpiresAt: now.Add(time.Hour)}, Now: now,
		})
		if err != nil || outcome != store.RotationDone {
			t.Fatalf("%v, %v", outcome, err)
		}
	}
	must(db.IssueTokens(t.Context(), store.AccessToken{Hash: hash("a1"), FamilyID: "f", ExpiresAt: now.Add(time.Hour)},
		&store.RefreshToken{Hash: hash("1"), FamilyID: "f", ExpiresAt: now.Add(time.Hour)}, now))
	rotate("1", "2")
	for _, way := range []string{"down", "up"} {
		must(db.Close()) // what it has compiled is for the tables that go
		db, err = open(path)
		must(err)
		files, err := fs.Sub(migrations, "migrations")
		must(err)
		p, err := db.migrations(files)
		must(err)
		if way == "down" {
			_, err = p.DownTo(t.Context(), 6)
		} else {
			_, err = p.Up(t.Context())
		}
		must(err)
		for _, token := range []string{"a1", "a2"} {
			if _, g, err := db.Access(t.Context(), hash(token)); err != nil || g.Family.ID != "f" {
				t.Errorf("%s: the token %s is %+v, %v", way, token, g, err)
			}
		}
		before, err := db.Revision(t.Context())
		must(err)
		must(db.tx(t.Context(), func(tx *txn) error {
			h := hash("gone" + way)
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO access_tokens VALUES (?, 'f', 1)`, h[:]); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), `DELETE FROM access_tokens WHERE hash = ?`, h[:])
			return err
		}))
		if after, err := db.Revision(t.Context()); err != nil || after <= before {
			t.Errorf("%s: a token that goes leaves the revision at %d, before %d, %v", way, after, before, err)
		}
	}
	rotate("2", "3")
	if outcome, err := db.Rotate(t.Context(), store.Rotation{
		Old: hash("1"), Access: store.AccessToken{Hash: hash("x")}, Refresh: store.RefreshToken{Hash: hash("y")}, Now: now.Add(time.Second),
	}); err != nil || outcome != store.RotationReused {
		t.Errorf("a token that was used is %v, %v", outcome, err)
	}
	must(db.Close())
}
