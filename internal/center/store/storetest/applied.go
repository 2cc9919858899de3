package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/store"
)

// testApplyRecorded: the event of an Apply is made of what there was right before it, and is in the log if,
// and only if, the Apply happened.
func testApplyRecorded(t *testing.T, s store.Store) {
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want, o := full(), full()
	// Whoever finds there what they want has nothing to record: of many at once only one has.
	record := func(all, declared store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		switch {
		case !cmp.Equal(all, declared):
			t.Errorf("there is more than was declared:\n%s", cmp.Diff(declared, all))
		case cmp.Equal(all, want):
			return nil, head
		}
		return chained(store.AuditEvent{At: Epoch(), Name: "from " + all.Instance.Name + " to " + want.Instance.Name, Outcome: "success"})(head)
	}
	names := func() (all []string) {
		events, err := s.AuditSearch(ctx, store.AuditQuery{Limit: 100})
		must(err)
		for _, e := range events {
			all = append(all, e.Name)
		}
		return all
	}
	for _, name := range []string{"Example", "Other"} {
		want.Instance.Name, o.Instance.Name = name, name
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if err := s.ApplyRecorded(ctx, o, record); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	recorded := []string{"from  to Example", "from Example to Other"}
	if diff := cmp.Diff(recorded, names()); diff != "" {
		t.Errorf("events: %s", diff)
	}

	must(s.AddUser(ctx, store.User{ID: "u-new", Name: "new", NameKey: "new"}))
	must(s.ApplyRecorded(ctx, o, func(all, declared store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		if len(all.Users) != len(declared.Users)+1 || !cmp.Equal(declared, want) {
			t.Errorf("all: %v, declared: %v", all.Users, declared.Users)
		}
		return nil, head
	}))

	o.Groups[0].Members = []string{"u-nobody"}
	if err := s.ApplyRecorded(ctx, o, func(_, _ store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
		return chained(store.AuditEvent{At: Epoch(), Name: "failed", Outcome: "success"})(head)
	}); err == nil {
		t.Error("a member who is not there was applied")
	}
	if diff := cmp.Diff(recorded, names()); diff != "" {
		t.Errorf("events after an Apply that failed: %s", diff)
	}
	must(s.AppendAudit(ctx, chained(store.AuditEvent{At: Epoch(), Name: "next", Outcome: "success"}))) // the head is right
}
