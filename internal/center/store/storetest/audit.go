package storetest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// chained is a link function like package audit's: one event, whose hash is over the one before.
func chained(e store.AuditEvent) func(store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
	return func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		h.Seq++
		h.Hash = sha256.Sum256(append(h.Hash[:], e.Name...))
		h.MAC = []byte("mac of " + e.Name)
		e.Seq, e.Hash = h.Seq, slices.Clone(h.Hash[:])
		return []store.AuditEvent{e}, h
	}
}

func testAudit(t *testing.T, s store.Store) {
	f := prepare(t, s)
	before, last, err := s.AuditHead(f.ctx)
	f.must(err)
	if before.Seq != 0 || before.First != 0 || last != 0 || before.Hash != [32]byte{} || len(before.MAC) != 0 {
		t.Errorf("head of an empty log is %+v, last %d", before, last)
	}
	full := store.AuditEvent{
		At: f.now, Name: "A", Outcome: "success", UserID: "u1", ClientID: "c", SessionID: "s", RemoteIP: "192.0.2.7", UserAgent: "x/1", RequestID: "r",
		Detail: map[string]string{"k": "v\n\"ü"},
	}
	f.must(s.AppendAudit(f.ctx, chained(full)))
	f.must(s.AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now.Add(time.Minute), Name: "B", Outcome: "no", UserID: "u2"})))
	f.must(s.AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now.Add(2 * time.Minute), Name: "A", Outcome: "no", UserID: "u2"})))

	es, err := s.AuditEvents(f.ctx, 2)
	f.must(err)
	if len(es) != 2 || es[0].Seq != 3 || es[1].Name != "B" {
		t.Errorf("newest events are %+v", es)
	}
	es, err = s.AuditSearch(f.ctx, store.AuditQuery{Limit: 1})
	f.must(err)
	if len(es) != 1 || fmt.Sprintf("%+v", withoutHash(es[0])) != fmt.Sprintf("%+v", withSeq(full, 1)) || len(es[0].Hash) != 32 {
		t.Errorf("read back\n%+v, want\n%+v", es, full)
	}
	for name, c := range map[string]struct {
		q    store.AuditQuery
		want []int64
	}{
		"all":    {store.AuditQuery{}, []int64{1, 2, 3}},
		"newest": {store.AuditQuery{NewestFirst: true}, []int64{3, 2, 1}},
		"after":  {store.AuditQuery{After: 1}, []int64{2, 3}},
		"before": {store.AuditQuery{Before: 3, NewestFirst: true}, []int64{2, 1}},
		"since":  {store.AuditQuery{Since: f.now.Add(time.Minute)}, []int64{2, 3}},
		"until":  {store.AuditQuery{Until: f.now.Add(time.Minute)}, []int64{1}},
		"user":   {store.AuditQuery{UserID: "u2"}, []int64{2, 3}},
		"name":   {store.AuditQuery{Name: "A"}, []int64{1, 3}},
		"both":   {store.AuditQuery{Name: "A", UserID: "u2"}, []int64{3}},
		"none":   {store.AuditQuery{Name: "' OR 1=1 --"}, nil},
	} {
		c.q.Limit = 10
		es, err := s.AuditSearch(f.ctx, c.q)
		f.must(err)
		var got []int64
		for _, e := range es {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// testAuditIsOneChain: whoever appends, each sees the head that the one before left.
func testAuditIsOneChain(t *testing.T, s store.Store) {
	f := prepare(t, s)
	const writers, each = 8, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if err := s.AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now, Name: fmt.Sprintf("%d-%d", w, i), Outcome: "success"})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	head := wholeChain(f, writers*each)

	// What does not follow the head is refused, with everything that comes with it.
	if err := s.AppendAudit(f.ctx, func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		es, h := chained(store.AuditEvent{At: f.now, Name: "new", Outcome: "success"})(h)
		return append(es, store.AuditEvent{Seq: 3, At: f.now, Name: "forged"}), h
	}); err == nil {
		t.Error("an event took the place of another")
	}
	if after, last, err := s.AuditHead(f.ctx); err != nil || after.Seq != head.Seq || last != head.Seq {
		t.Errorf("after a refused append: %+v, last %d, %v", after, last, err)
	}
}

// wholeChain wants so many events, each following the one before, and the head at the last.
func wholeChain(f fixture, events int) store.AuditHead {
	f.Helper()
	es, err := f.AuditSearch(f.ctx, store.AuditQuery{Limit: events + 1})
	f.must(err)
	head, last, err := f.AuditHead(f.ctx)
	f.must(err)
	var sum [sha256.Size]byte
	for i, e := range es {
		sum = sha256.Sum256(append(sum[:], e.Name...))
		if e.Seq != int64(i+1) || !slices.Equal(e.Hash, sum[:]) {
			f.Fatalf("event %d is %d and does not follow the one before", i+1, e.Seq)
		}
	}
	if len(es) != events || head.Seq != int64(events) || last != head.Seq || head.Hash != sum || string(head.MAC) != "mac of "+es[len(es)-1].Name {
		f.Errorf("%d events, want %d, head %+v, last %d", len(es), events, head, last)
	}
	return head
}

func withoutHash(e store.AuditEvent) store.AuditEvent { e.Hash = nil; return e }

func withSeq(e store.AuditEvent, seq int64) store.AuditEvent { e.Seq = seq; return e }
