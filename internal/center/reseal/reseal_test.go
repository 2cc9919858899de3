package reseal_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/reseal"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/wire"
)

// keys is more than go into one transaction.
const keys = 1100

func world(t *testing.T) (*sqlite.DB, *keyring.Ring) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ring, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := storetest.Organisation()
	u := store.ServiceUser{AccountID: "111111111111", Name: "ci", MFASerial: "serial", MFASecret: seal(t, ring, "serial")}
	for i := range keys {
		id := fmt.Sprintf("AKIA%04d", i)
		u.AccessKeys = append(u.AccessKeys, store.AccessKey{ID: id, Secret: seal(t, ring, id)})
	}
	o.ServiceUsers = []store.ServiceUser{u, {AccountID: "111111111111", Name: "lost", MFASerial: "other", MFASecret: []byte("opened by nobody")}}
	if err := db.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return db, ring
}

func seal(t *testing.T, ring *keyring.Ring, of string) []byte {
	t.Helper()
	b, err := rolecreds.SealSecret(ring, of, wire.Secret("secret of "+of))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rotated(t *testing.T, ring *keyring.Ring) (both, left *keyring.Ring) {
	t.Helper()
	both, err := ring.Rotated(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	ids, _, _ := both.IDs()
	if left, err = both.Without(ids[1:]...); err != nil {
		t.Fatal(err)
	}
	return both, left
}

// opened counts what the ring opens, and fails for what it opens wrongly.
func opened(t *testing.T, db *sqlite.DB, ring *keyring.Ring) (n int) {
	t.Helper()
	u, err := db.ServiceUser(t.Context(), "111111111111", "ci")
	if err != nil || len(u.AccessKeys) != keys {
		t.Fatalf("%d keys, %v", len(u.AccessKeys), err)
	}
	all := map[string][]byte{u.MFASerial: u.MFASecret}
	for _, k := range u.AccessKeys {
		all[k.ID] = k.Secret
	}
	for of, sealed := range all {
		s, err := rolecreds.OpenSecret(ring, of, sealed)
		if err == nil && s.Reveal() != "secret of "+of {
			t.Fatalf("%s opens as something else", of)
		}
		if err == nil {
			n++
		}
	}
	return n
}

func TestAll(t *testing.T) {
	db, ring := world(t)
	both, left := rotated(t, ring)
	if n := opened(t, db, left); n != 0 {
		t.Fatalf("the new key opens %d before anything was done", n)
	}
	want := reseal.Result{All: keys + 2, Anew: keys + 1, Closed: 1}
	if r, err := reseal.Count(t.Context(), db, both); r != want || err != nil {
		t.Errorf("counted %+v, %v", r, err)
	}
	if n := opened(t, db, left); n != 0 {
		t.Errorf("counting has sealed %d anew", n)
	}
	for range 2 {
		if r, err := reseal.All(t.Context(), db, both); r != want || err != nil {
			t.Errorf("%+v, %v, want %+v", r, err, want)
		}
		if n := opened(t, db, left); n != keys+1 {
			t.Errorf("without the old key %d open", n)
		}
		want.Anew = 0
	}
}

// A factor is sealed for its person and kind, which stays so.
func TestFactors(t *testing.T) {
	db, ring := world(t)
	both, left := rotated(t, ring)
	for i, kind := range []store.FactorKind{store.FactorTOTP, store.FactorPasskey} {
		sealed, err := ring.Seal(fmt.Sprintf("mfa %s of u-ada", kind), []byte(kind))
		if err == nil {
			err = db.AddFactor(t.Context(), store.Factor{ID: string(kind), UserID: "u-ada", Kind: kind, Secret: sealed, Credential: store.Hash{byte(i)}}, 9)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reseal.All(t.Context(), db, both); err != nil {
		t.Fatal(err)
	}
	all, err := db.FactorsOf(t.Context(), "u-ada")
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, f := range all {
		if anew, err := mfa.Renew(left, f.Kind, f.UserID, f.Secret); anew != nil || err != nil {
			t.Errorf("%s: %x, %v", f.Kind, anew, err)
		}
		if _, err := mfa.Renew(left, f.Kind, "u-grace", f.Secret); !errors.Is(err, keyring.ErrOpen) {
			t.Errorf("%s opens for somebody else: %v", f.Kind, err)
		}
	}
}

// meddling does something before the first secrets are replaced, and fails the second time if it is told to.
type meddling struct {
	*sqlite.DB
	first func()
	fail  bool
	calls int
}

func (m *meddling) Reseal(ctx context.Context, all []store.Resealed) (int, error) {
	if m.calls++; m.calls == 1 && m.first != nil {
		m.first()
	} else if m.calls == 2 && m.fail {
		return 0, errors.New("killed")
	}
	return m.DB.Reseal(ctx, all)
}

func TestInterrupted(t *testing.T) {
	db, ring := world(t)
	both, left := rotated(t, ring)
	if _, err := reseal.All(t.Context(), &meddling{DB: db, fail: true}, both); err == nil {
		t.Fatal("it was not interrupted")
	}
	n := opened(t, db, left)
	if n == 0 || n > keys || opened(t, db, both) != keys+1 {
		t.Fatalf("after that the new key opens %d", n)
	}
	if r, err := reseal.All(t.Context(), db, both); err != nil || r.Anew != keys+1-n {
		t.Errorf("the rest: %+v, %v", r, err)
	}
	if n := opened(t, db, left); n != keys+1 {
		t.Errorf("in the end the new key opens %d", n)
	}
}

// A secret that is written meanwhile with the old key, by a center that has not noticed, is found.
func TestWrittenMeanwhile(t *testing.T) {
	db, ring := world(t)
	both, left := rotated(t, ring)
	m := &meddling{DB: db, first: func() {
		all, err := db.Sealed(t.Context(), store.Sealed{}, 2*keys)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all { // every one, so that nothing is as it was when it was read
			if all[i].Kind == store.SealedAccessKey {
				if n, err := db.Reseal(t.Context(), []store.Resealed{{Sealed: all[i], Anew: seal(t, ring, all[i].ID)}}); n != 1 || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
			}
		}
	}}
	if r, err := reseal.All(t.Context(), m, both); err != nil || r.Anew != keys+1 {
		t.Errorf("%+v, %v", r, err)
	}
	if n := opened(t, db, left); n != keys+1 {
		t.Errorf("the new key opens %d", n)
	}
}
