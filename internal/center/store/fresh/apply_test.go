package fresh_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/fresh"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
)

// TestApplyBesideARunningCenter: what another process applies, or an administrator takes away there, counts
// at the next call, and tokens of whoever is gone are gone.
func TestApplyBesideARunningCenter(t *testing.T) {
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "center.db")
	var dbs [2]*sqlite.DB
	for i := range dbs {
		db, err := sqlite.Open(ctx, file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // a test
		dbs[i] = db
	}
	running, command, o := fresh.New(dbs[0]), dbs[1], storetest.Organisation()
	now := storetest.Epoch()
	token := store.Hash{9}
	for _, err := range []error{
		command.Apply(ctx, o),
		running.AddClient(ctx, store.Client{ID: "c", ExpiresAt: now.Add(time.Hour)}, 10),
		running.AddSession(ctx, store.Session{ID: "ses", UserID: "u-grace", ExpiresAt: now.Add(time.Hour)}),
		running.AddCode(ctx, store.AuthorizationCode{ExpiresAt: now.Add(time.Hour), FamilyID: "f", ClientID: "c"},
			store.TokenFamily{ID: "f", ClientID: "c", UserID: "u-grace", SessionID: "ses"}),
		running.IssueTokens(ctx, store.AccessToken{Hash: token, FamilyID: "f", ExpiresAt: now.Add(time.Hour)}, nil, now),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, g, err := running.Access(ctx, token); err != nil || !g.Live(now) {
		t.Fatalf("the token is no good to begin with: %v", err)
	}
	may := func() error { _, err := running.Assigned(ctx, "u-grace", "000000000042", "ReadOnly"); return err }
	if err := may(); err != nil {
		t.Fatal(err)
	}
	if err := command.RemoveMember(ctx, "g-all", "u-grace"); err != nil {
		t.Fatal(err)
	}
	if err := may(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("out of the group: %v", err)
	}
	if err := command.Apply(ctx, o); err != nil { // the file has her in it
		t.Fatal(err)
	}
	if err := may(); err != nil {
		t.Errorf("in the group again: %v", err)
	}
	o.Assignments = o.Assignments[:1]
	if err := command.Apply(ctx, o); err != nil {
		t.Fatal(err)
	}
	if err := may(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no longer assigned: %v", err)
	}
	o.Users, o.Groups[0].Members = o.Users[:1], o.Groups[0].Members[:1]
	if err := command.Apply(ctx, o); err != nil {
		t.Fatal(err)
	}
	if _, _, err := running.Access(ctx, token); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the token of somebody who is gone: %v", err)
	}
	if _, _, err := running.SessionByCookie(ctx, store.Hash{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the session of somebody who is gone: %v", err)
	}
}
