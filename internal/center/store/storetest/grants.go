package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

func testDeviceDecidedOnce(t *testing.T, s store.Store) {
	f := prepare(t, s)
	add := func(n string) {
		f.must(s.AddDevice(f.ctx, store.DeviceAuthorization{
			DeviceCodeHash: digest("d" + n), UserCodeHash: digest("u" + n), ClientID: "c1", Scopes: []string{"a"}, CreatedAt: f.now,
			ExpiresAt: f.now.Add(10 * time.Minute), State: store.DevicePending, Interval: time.Second,
		}))
	}
	add("1")
	f.want(s.ApproveDevice(f.ctx, digest("u1"), f.family("late"), f.now.Add(10*time.Minute)), store.ErrConflict)
	won := race(10, func(i int) bool {
		return s.ApproveDevice(f.ctx, digest("u1"), f.family(fmt.Sprint("f", i)), f.now) == nil
	})
	if won != 1 {
		t.Errorf("%d approvals of one device authorization succeeded", won)
	}
	f.want(s.DenyDevice(f.ctx, digest("u1"), f.now), store.ErrConflict)

	redeemed := race(10, func(int) bool {
		first := false
		_, err := s.PollDevice(f.ctx, digest("d1"), func(d *store.DeviceAuthorization) {
			if first = d.State == store.DeviceApproved; first {
				d.State = store.DeviceRedeemed
			}
			d.Polls++
		})
		return err == nil && first
	})
	if redeemed != 1 {
		t.Errorf("%d polls redeemed one device authorization", redeemed)
	}
	d, err := s.DeviceByUserCode(f.ctx, digest("u1"))
	f.must(err)
	if d.Polls != 10 || d.State != store.DeviceRedeemed || d.FamilyID == "" {
		t.Errorf("device authorization is %+v", d)
	}
	add("2")
	f.must(s.DenyDevice(f.ctx, digest("u2"), f.now))
	f.want(s.ApproveDevice(f.ctx, digest("u2"), f.family("fx"), f.now), store.ErrConflict)
	_, err = s.PollDevice(f.ctx, digest("nope"), func(*store.DeviceAuthorization) {})
	f.want(err, store.ErrNotFound)
}

func testCodeRedeemedOnce(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.addFamily("f1")
	redeem := func(code, token string) (store.Grant, error) {
		return s.RedeemCode(f.ctx, digest(code), f.now, func(c store.AuthorizationCode, g store.Grant) (*store.AccessToken, *store.RefreshToken) {
			if c.CodeHash != digest(code) || c.FamilyID != g.Family.ID || !g.Live(f.now) {
				t.Errorf("redeemed code is %+v of %+v", c, g)
			}
			if token == "" {
				return nil, nil
			}
			a, r := f.access("a"+token, c.FamilyID), f.refresh("r"+token, c.FamilyID)
			return &a, &r
		})
	}
	var winner sync.Map
	won := race(10, func(i int) bool {
		_, err := redeem("code-f1", fmt.Sprint(i))
		if err == nil {
			winner.Store("token", fmt.Sprint("a", i))
		} else if !errors.Is(err, store.ErrConflict) {
			t.Error(err)
		}
		return err == nil
	})
	if won != 1 {
		t.Fatalf("%d of 10 redemptions of one code succeeded", won)
	}
	token, _ := winner.Load("token")
	if _, g, err := s.Access(f.ctx, digest(token.(string))); err != nil || g.Family.RevokedReason == "" {
		t.Errorf("family of a code that was used ten times: %+v, %v", g.Family, err)
	}
	f.want(s.IssueTokens(f.ctx, f.access("a", "f1"), nil, f.now), store.ErrRevoked)

	// A redemption that issues nothing uses the code up all the same.
	f.addFamily("f2")
	_, err := redeem("code-f2", "")
	f.must(err)
	_, err = redeem("code-f2", "late")
	f.want(err, store.ErrConflict)
	_, _, err = s.Access(f.ctx, digest("alate"))
	f.want(err, store.ErrNotFound)
	_, err = redeem("nope", "x")
	f.want(err, store.ErrNotFound)

	// A used code is remembered as long as its tokens can live, an unused one is not.
	f.addFamily("f3")
	f.must(s.DeleteExpired(f.ctx, f.now.Add(time.Hour)))
	_, err = redeem("code-f1", "again")
	f.want(err, store.ErrConflict)
	_, err = redeem("code-f3", "x")
	f.want(err, store.ErrNotFound)
}

func testRotation(t *testing.T, s store.Store) {
	f := prepare(t, s)
	f.addFamily("f1")
	r0 := f.refresh("r0", "f1")
	f.must(s.IssueTokens(f.ctx, f.access("a0", "f1"), &r0, f.now))
	rotation := func(old, n string, at time.Time) store.Rotation {
		return store.Rotation{
			Old: digest(old), Access: f.access("a"+n, ""), Refresh: f.refresh("r"+n, ""), Now: at, Grace: 30 * time.Second,
			Link: func(o store.RotationOutcome, h store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
				return chained(store.AuditEvent{Name: fmt.Sprint(o), At: at, ClientID: n})(h)
			},
		}
	}
	rotate := func(old, n string, at time.Time) store.RotationOutcome {
		t.Helper()
		o, err := s.Rotate(f.ctx, rotation(old, n, at))
		f.must(err)
		return o
	}
	var mu sync.Mutex
	outcomes := map[store.RotationOutcome]int{}
	race(8, func(i int) bool {
		if err := s.AppendAudit(f.ctx, chained(store.AuditEvent{Name: "else", At: f.now})); err != nil {
			t.Error(err)
		}
		o, err := s.Rotate(f.ctx, rotation("r0", fmt.Sprint("x", i), f.now))
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		outcomes[o]++
		return true
	})
	if outcomes[store.RotationDone] != 1 || outcomes[store.RotationGraced] != 7 {
		t.Errorf("outcomes of 8 rotations at once: %v", outcomes)
	}
	if o := rotate("r0", "grace", f.now.Add(30*time.Second)); o != store.RotationGraced {
		t.Errorf("within the grace: %v", o)
	}
	if _, g, err := s.Access(f.ctx, digest("agrace")); err != nil || !g.Live(f.now) || g.User.Name != "Ada" || g.Family.ID != "f1" {
		t.Errorf("access token of a rotation: %+v, %v", g, err)
	}
	if o := rotate("r0", "late", f.now.Add(31*time.Second)); o != store.RotationReused {
		t.Errorf("after the grace: %v", o)
	}
	if _, g, err := s.Refresh(f.ctx, digest("rgrace")); err != nil || g.Live(f.now) {
		t.Errorf("the family outlives a reused refresh token: %+v, %v", g.Family, err)
	}
	_, _, err := s.Access(f.ctx, digest("alate"))
	f.want(err, store.ErrNotFound)
	for old, why := range map[string]error{"rgrace": store.ErrRevoked, "nope": store.ErrNotFound} {
		_, err = s.Rotate(f.ctx, rotation(old, "9", f.now))
		f.want(err, why)
	}
	f.addFamily("f2")
	r1 := f.refresh("r1", "f2")
	f.must(s.IssueTokens(f.ctx, f.access("a1", "f2"), &r1, f.now))
	taken := rotation("r1", "taken", f.now)
	taken.Access.Hash = digest("a0")
	_, err = s.Rotate(f.ctx, taken)
	f.want(err, store.ErrConflict)
	if old, _, err := s.Refresh(f.ctx, digest("r1")); err != nil || !old.RotatedAt.IsZero() {
		t.Errorf("a rotation that failed left %+v, %v", old, err)
	}
	unseen := rotation("r1", "unseen", f.now) // of which nothing is to be recorded
	unseen.Link = nil
	if o, err := s.Rotate(f.ctx, unseen); err != nil || o != store.RotationDone {
		t.Errorf("without an event: %v, %v", o, err)
	}

	// What came to pass is in the log, each once and behind the one before, and nothing else.
	events, err := s.AuditSearch(f.ctx, store.AuditQuery{Limit: 100})
	f.must(err)
	recorded, before := map[string]int{}, store.AuditHead{}
	for _, e := range events {
		recorded[e.Name]++
		want, head := chained(store.AuditEvent{Name: e.Name})(before)
		if e.Seq != head.Seq || !bytes.Equal(e.Hash, want[0].Hash) {
			t.Fatalf("event %d is not behind the one before", e.Seq)
		}
		before = head
	}
	head, _, err := s.AuditHead(f.ctx)
	f.must(err)
	if head.Seq != before.Seq || head.Hash != before.Hash || string(head.MAC) != string(before.MAC) {
		t.Errorf("the head is %+v, want %+v", head, before)
	}
	want := map[string]int{"else": 8, fmt.Sprint(store.RotationDone): 1, fmt.Sprint(store.RotationGraced): 8, fmt.Sprint(store.RotationReused): 1}
	if !maps.Equal(recorded, want) {
		t.Errorf("recorded are %v, want %v", recorded, want)
	}
}
