package postgres

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/storetest"
)

// Rotations that share a transaction each happen or not: one that is refused takes no other with it.
func testTogether(t *testing.T, url string) {
	db := open(t, url)
	ctx, now := t.Context(), storetest.Epoch()
	later := now.Add(time.Hour)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	token := func(kind byte, i int) store.Hash { return store.Hash{kind, byte(i)} }
	must(db.Apply(ctx, storetest.Organisation()))
	must(db.AddClient(ctx, store.Client{ID: "c", ExpiresAt: later}, 9))
	must(db.AddSession(ctx, store.Session{ID: "s", UserID: "u-ada", ExpiresAt: later}))
	const rotations = 30
	for i := range rotations {
		id := fmt.Sprint("f", i)
		must(db.AddCode(ctx, store.AuthorizationCode{CodeHash: token('c', i), ClientID: "c", FamilyID: id, ExpiresAt: later},
			store.TokenFamily{ID: id, ClientID: "c", UserID: "u-ada", SessionID: "s"}))
		must(db.IssueTokens(ctx, store.AccessToken{Hash: token('a', i), FamilyID: id, ExpiresAt: later},
			&store.RefreshToken{Hash: token('r', i), FamilyID: id, ExpiresAt: later}, now))
	}
	must(db.RevokeFamily(ctx, "f7", "test", now))

	var all sync.WaitGroup
	held, begun := make(chan struct{}), make(chan struct{})
	all.Go(func() { // holds the queue, so that all others are one batch
		db.rotations.Do(&rotation{}, 1, func([]*rotation) { close(begun); <-held })
	})
	<-begun
	for i := range rotations {
		all.Go(func() {
			old, access := token('r', i), token('A', i)
			var want error
			switch i {
			case 5: // there is such a token already
				access, want = token('a', 0), store.ErrConflict
			case 7:
				want = store.ErrRevoked
			case 9:
				old, want = token('?', i), store.ErrNotFound
			}
			outcome, err := db.Rotate(ctx, store.Rotation{
				Old: old, Access: store.AccessToken{Hash: access, ExpiresAt: later}, Refresh: store.RefreshToken{Hash: token('R', i), ExpiresAt: later},
				Now: now, Grace: time.Minute,
			})
			if !errors.Is(err, want) || err == nil && outcome != store.RotationDone {
				t.Errorf("rotation %d: %v, %v, want %v", i, outcome, err, want)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	close(held)
	all.Wait()
	for i := range rotations {
		_, _, err := db.Refresh(ctx, token('R', i))
		if refused := i == 5 || i == 7 || i == 9; refused != errors.Is(err, store.ErrNotFound) {
			t.Errorf("the successor of rotation %d: %v", i, err)
		}
	}
	if r, _, err := db.Refresh(ctx, token('r', 5)); err != nil || !r.RotatedAt.IsZero() {
		t.Errorf("a rotation that failed left %+v, %v", r, err)
	}
}
