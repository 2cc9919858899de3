package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// Replicas holds two stores that are open on one database, as two centers have them, against the contract:
// what may be used once is used once, whichever of them is asked. open returns a new database each time.
func Replicas(t *testing.T, open func(t *testing.T) [2]store.Store) {
	for _, c := range []struct {
		name string
		test func(f fixture, at func(i int) store.Store)
	}{
		{"Code", oneCode},
		{"Refresh", oneRefresh},
		{"Device", oneDevice},
		{"Approval", oneApproval},
		{"Throttle", oneThrottle},
		{"Once", oneUse},
		{"Link", oneLink},
		{"Clients", oneMoreClient},
		{"Factors", oneMoreFactor},
		{"Apply", oneOrganisation},
		{"Audit", oneChain},
		{"Ended", endedEverywhere},
	} {
		t.Run(c.name, func(t *testing.T) {
			both := open(t)
			c.test(prepare(t, both[0]), func(i int) store.Store { return both[i%2] })
		})
	}
}

// many is how many calls are made at once.
const many = 24

func exactly(f fixture, want int, what string, try func(i int) bool) {
	f.Helper()
	if won := race(many, try); won != want {
		f.Errorf("%s: %d of %d at once, want %d", what, won, many, want)
	}
}

func oneCode(f fixture, at func(int) store.Store) {
	f.addFamily("f1")
	exactly(f, 1, "redemptions of one code", func(i int) bool {
		_, err := at(i).RedeemCode(f.ctx, digest("code-f1"), f.now, func(c store.AuthorizationCode, _ store.Grant) (*store.AccessToken, *store.RefreshToken) {
			a := f.access(fmt.Sprint("a", i), c.FamilyID)
			return &a, nil
		})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			f.Error(err)
		}
		return err == nil
	})
	tokens := 0
	for i := range many {
		if _, g, err := at(i+1).Access(f.ctx, digest(fmt.Sprint("a", i))); err == nil {
			tokens++
			if g.Live(f.now) {
				f.Error("the tokens of a code that was used twice are good")
			}
		}
	}
	if tokens != 1 {
		f.Errorf("%d tokens of one code", tokens)
	}
}

func oneRefresh(f fixture, at func(int) store.Store) {
	f.addFamily("f1")
	first := f.refresh("r", "f1")
	f.must(f.IssueTokens(f.ctx, f.access("a", "f1"), &first, f.now))
	rotate := func(i int, now time.Time) (store.RotationOutcome, error) {
		n := fmt.Sprint(now.UnixMilli(), "-", i)
		return at(i).Rotate(f.ctx, store.Rotation{Old: digest("r"), Access: f.access("a"+n, ""), Refresh: f.refresh("r"+n, ""), Now: now, Grace: time.Minute})
	}
	exactly(f, 1, "first uses of one refresh token", func(i int) bool {
		o, err := rotate(i, f.now)
		if err != nil || o == store.RotationReused {
			f.Errorf("outcome %v, %v", o, err)
		}
		return o == store.RotationDone
	})
	exactly(f, 0, "good uses of an old refresh token", func(i int) bool {
		o, err := rotate(i, f.now.Add(time.Hour))
		return err != nil || o != store.RotationReused
	})
	if _, g, err := at(1).Access(f.ctx, digest("a")); err != nil || g.Live(f.now) {
		f.Errorf("its family is good: %+v, %v", g.Family, err)
	}
}

func oneDevice(f fixture, at func(int) store.Store) {
	device := func(name string) store.DeviceAuthorization {
		return store.DeviceAuthorization{
			DeviceCodeHash: digest("d" + name), UserCodeHash: digest("u" + name), ClientID: "c1", State: store.DevicePending,
			CreatedAt: f.now, ExpiresAt: f.now.Add(time.Minute), Interval: time.Second,
		}
	}
	f.must(f.AddDevice(f.ctx, device("1")))
	f.must(f.ApproveDevice(f.ctx, digest("u1"), f.family("f1"), f.now))
	exactly(f, 1, "polls that get the token", func(i int) bool {
		redeemed := false
		_, err := at(i).PollDevice(f.ctx, digest("d1"), func(d *store.DeviceAuthorization) {
			d.Polls++
			if redeemed = d.State == store.DeviceApproved; redeemed {
				d.State = store.DeviceRedeemed
			}
		})
		if err != nil {
			f.Error(err)
		}
		return redeemed
	})
	if d, err := at(1).DeviceByUserCode(f.ctx, digest("u1")); err != nil || d.Polls != many {
		f.Errorf("%d polls were counted, %v", d.Polls, err)
	}
}

func oneApproval(f fixture, at func(int) store.Store) {
	f.must(f.AddDevice(f.ctx, store.DeviceAuthorization{
		DeviceCodeHash: digest("d"), UserCodeHash: digest("u"), ClientID: "c1", State: store.DevicePending, ExpiresAt: f.now.Add(time.Minute),
	}))
	exactly(f, 1, "decisions about one device", func(i int) bool {
		if i%3 == 0 {
			return at(i).DenyDevice(f.ctx, digest("u"), f.now) == nil
		}
		return at(i).ApproveDevice(f.ctx, digest("u"), f.family(fmt.Sprint("f", i)), f.now) == nil
	})
}

func oneThrottle(f fixture, at func(int) store.Store) {
	// Five tries, and then none, as with codes that people type.
	exactly(f, 5, "tries before the key is blocked", func(i int) bool {
		let := false
		if _, err := at(i).UpdateThrottle(f.ctx, "usercode-ip:192.0.2.7", func(th *store.Throttle) {
			let = th.Failures < 5
			th.Failures++
		}); err != nil {
			f.Error(err)
		}
		return let
	})
}

func oneUse(f fixture, at func(int) store.Store) {
	exactly(f, 1, "uses of one nonce", func(i int) bool { return at(i).UseOnce(f.ctx, digest("n"), f.now.Add(time.Hour)) == nil })
}

func oneLink(f fixture, at func(int) store.Store) {
	f.must(f.AddLink(f.ctx, store.Link{Hash: digest("l"), UserID: "u-ada", Kind: store.LinkReset, ExpiresAt: f.now.Add(time.Hour)}))
	exactly(f, 1, "uses of one link", func(i int) bool {
		_, err := at(i).RedeemLink(f.ctx, digest("l"), fmt.Sprint("h", i), f.now)
		return err == nil
	})
}

func oneMoreClient(f fixture, at func(int) store.Store) {
	for round := range 5 { // there is one
		exactly(f, 2, "registrations under the limit", func(i int) bool {
			return at(i).AddClient(f.ctx, store.Client{ID: fmt.Sprint("new", round, "-", i), ExpiresAt: f.now}, 3+2*round) == nil
		})
	}
}

func oneMoreFactor(f fixture, at func(int) store.Store) {
	exactly(f, 2, "factors under the limit", func(i int) bool {
		return at(i).AddFactor(f.ctx, f.factor(fmt.Sprint("factor", i), "u-ada"), 2) == nil
	})
}

// oneOrganisation: centers that start together apply the same file, while people change their passwords.
func oneOrganisation(f fixture, at func(int) store.Store) {
	exactly(f, many, "calls that succeed", func(i int) bool {
		var err error
		if i < many/2 {
			err = at(i).Apply(f.ctx, Organisation())
		} else {
			err = at(i).SetPassword(f.ctx, "u-ada", "changed", "", f.now)
		}
		if err != nil {
			f.Error(err)
		}
		return err == nil
	})
	if u, err := at(1).User(f.ctx, "u-ada"); err != nil || u.PasswordHash != "changed" {
		f.Errorf("the password is %q, %v", u.PasswordHash, err)
	}
}

func oneChain(f fixture, at func(int) store.Store) {
	var all sync.WaitGroup
	const each = 10
	for w := range 6 {
		all.Go(func() {
			for i := range each {
				if err := at(w).AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now, Name: fmt.Sprint(w, "-", i)})); err != nil {
					f.Error(err)
				}
			}
		})
	}
	all.Wait()
	// And one after the other, as when one center has been alone for a while.
	for i := range 12 {
		f.must(at(i/4).AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now, Name: fmt.Sprint("last-", i)})))
	}
	wholeChain(f, 6*each+12)
}

// endedEverywhere: what ends at one is over at the other, at the next call.
func endedEverywhere(f fixture, at func(int) store.Store) {
	f.addFamily("f1")
	f.must(f.IssueTokens(f.ctx, f.access("a", "f1"), nil, f.now))
	before, err := at(1).Revision(f.ctx)
	f.must(err)
	f.must(at(0).EndSession(f.ctx, "s1", "signed out", f.now))
	after, err := at(1).Revision(f.ctx)
	f.must(err)
	_, g, err := at(1).Access(f.ctx, digest("a"))
	f.must(err)
	if g.Live(f.now) || after <= before {
		f.Errorf("family %+v, revision %d and then %d", g.Family, before, after)
	}
	f.want(at(1).IssueTokens(f.ctx, f.access("b", "f1"), nil, f.now), store.ErrRevoked)
}
