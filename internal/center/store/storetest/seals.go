package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keyfob/internal/center/store"
)

// testReseal: every secret is found once, however many at a time, and is replaced only by who knows what it is.
func testReseal(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.must(s.Apply(f.ctx, withRoles()))
	f.must(s.AddFactor(f.ctx, f.factor("a", "u-ada"), 9))
	key := f.factor("b", "u-grace")
	key.Kind = store.FactorPasskey
	f.must(s.AddFactor(f.ctx, key, 9))
	want := []store.Sealed{
		{Kind: store.SealedAccessKey, ID: "AKIA1", Secret: []byte("s1")},
		{Kind: store.SealedAccessKey, ID: "AKIA2", Secret: []byte("s2")},
		{Kind: store.SealedAccessKey, ID: "AKIA3", Secret: []byte("s3")},
		{Kind: store.SealedFactor, ID: "a", Factor: store.FactorTOTP, UserID: "u-ada", Secret: []byte{0, 1, 0xff}},
		{Kind: store.SealedFactor, ID: "b", Factor: store.FactorPasskey, UserID: "u-grace", Secret: []byte{0, 1, 0xff}},
		{Kind: store.SealedDevice, ID: "111111111111/ci", Secret: []byte{0, 1, 0xff}},
	}
	for _, limit := range []int{1, 2, 5, 100} {
		var got []store.Sealed
		for after := (store.Sealed{}); ; after = got[len(got)-1] {
			page, err := s.Sealed(f.ctx, after, limit)
			f.must(err)
			if len(page) > limit {
				t.Fatalf("%d secrets, at most %d were asked for", len(page), limit)
			}
			if got = append(got, page...); len(page) == 0 || len(got) > len(want) {
				break
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d at a time: %s", limit, d)
		}
	}

	var anew []store.Resealed
	for i, one := range want {
		anew = append(anew, store.Resealed{Sealed: one, Anew: []byte{0, 0xfe, byte(i)}})
	}
	given, cancel := context.WithCancel(f.ctx)
	cancel()
	if n, err := s.Reseal(given, anew); !errors.Is(err, context.Canceled) || n != 0 {
		t.Errorf("given up: %d, %v", n, err)
	}
	// Somebody was quicker with one.
	if n, err := s.Reseal(f.ctx, []store.Resealed{{Sealed: want[1], Anew: []byte("else")}}); err != nil || n != 1 {
		t.Fatalf("one: %d, %v", n, err)
	}
	for i, wanted := range []int{5, 0} { // again changes nothing
		if n, err := s.Reseal(f.ctx, anew); err != nil || n != wanted {
			t.Errorf("time %d: %d, %v, want %d", i+1, n, err, wanted)
		}
	}
	got, err := s.Sealed(f.ctx, store.Sealed{}, 100)
	f.must(err)
	if !slices.EqualFunc(got, anew, func(g store.Sealed, a store.Resealed) bool {
		wanted := a.Anew
		if a.ID == "AKIA2" {
			wanted = []byte("else")
		}
		return g.Kind == a.Kind && g.ID == a.ID && bytes.Equal(g.Secret, wanted)
	}) {
		t.Errorf("in the end %v", got)
	}
	// Nothing else has changed: not who it is of, nor how often it was used.
	u, err := s.ServiceUser(f.ctx, "111111111111", "ci")
	f.must(err)
	wanted := withRoles().ServiceUsers[0]
	if d := cmp.Diff(wanted, u, cmpopts.IgnoreFields(store.AccessKey{}, "Secret"), cmpopts.IgnoreFields(store.ServiceUser{}, "MFASecret")); d != "" {
		t.Error(d)
	}
	all, err := s.FactorsOf(f.ctx, "u-grace")
	f.must(err)
	if d := cmp.Diff([]store.Factor{key}, all, cmpopts.IgnoreFields(store.Factor{}, "Secret")); d != "" {
		t.Error(d)
	}
	if none, err := s.ServiceUser(f.ctx, "000000000042", "none"); err != nil || len(none.MFASecret) != 0 {
		t.Errorf("without a device: %v, %v", none, err)
	}

	// What says that a declaration was applied.
	o := withRoles()
	o.Digest = "first"
	f.must(s.Apply(f.ctx, o))
	for _, c := range [][3]string{{"other", "wrong", "first"}, {"first", "second", "second"}} {
		f.must(s.SetApplied(f.ctx, c[0], c[1]))
		if digest, err := s.Applied(f.ctx); err != nil || digest != c[2] {
			t.Errorf("%s for %s: it is %q, %v", c[1], c[0], digest, err)
		}
	}
}
