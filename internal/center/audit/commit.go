package audit

import (
	"context"
	"errors"
	"sync"

	"keyfob/internal/center/store"
)

// batch collects events that are recorded at the same time, so that they cost one transaction together:
// while one is being written, those that come meanwhile wait for the next. Nobody's Record returns before
// its event is in the database.
type batch struct {
	mu      sync.Mutex
	writing bool
	waiting []*entry
}

type entry struct {
	event store.AuditEvent
	done  chan error    // the event is in, or is not
	lead  chan struct{} // it is this one's turn to write for all that wait
}

// maxBatch is how many events one transaction adds at most.
const maxBatch = 200

// append adds e to the chain.
func (l *Log) append(ctx context.Context, e store.AuditEvent) error {
	own := &entry{event: e, done: make(chan error, 1), lead: make(chan struct{}, 1)}
	b := &l.batch
	b.mu.Lock()
	b.waiting = append(b.waiting, own)
	if !b.writing {
		b.writing = true
		own.lead <- struct{}{}
	}
	b.mu.Unlock()

	select {
	case err := <-own.done:
		return err
	case <-own.lead:
	}
	// Whoever leads is the first in the queue, and so part of its own batch.
	b.mu.Lock()
	n := min(len(b.waiting), maxBatch)
	entries := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	b.mu.Unlock()

	events := make([]store.AuditEvent, n)
	for i, w := range entries {
		events[i] = w.event
	}
	err := errors.New("the audit log broke off") // unless write returns
	defer func() {
		b.mu.Lock()
		if b.writing = len(b.waiting) > 0; b.writing {
			b.waiting[0].lead <- struct{}{}
		}
		b.mu.Unlock()
		for _, w := range entries {
			w.done <- err
		}
	}()
	err = l.write(context.WithoutCancel(ctx), events) // whose request it is does not matter to the others
	return err
}

func (l *Log) write(ctx context.Context, events []store.AuditEvent) error {
	return l.Store.AppendAudit(ctx, func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) { return link(h, events, l.Keys) })
}
