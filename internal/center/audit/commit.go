package audit

import (
	"context"
	"errors"

	"keyfob/internal/center/store"
)

// recording is an event on its way into the database. Those that are recorded at the same time cost one
// transaction together; nobody's Record returns before its event is in.
type recording struct {
	event store.AuditEvent
	err   error
}

// maxBatch is how many events one transaction adds at most.
const maxBatch = 200

// append adds e to the chain.
func (l *Log) append(ctx context.Context, e store.AuditEvent) error {
	own := &recording{e, errors.New("the audit log broke off")}
	// Whose request it is that leads does not matter to the others, who stay when that one is given up.
	ctx = context.WithoutCancel(ctx)
	l.queue.Do(own, maxBatch, func(all []*recording) {
		events := make([]store.AuditEvent, len(all))
		for i, r := range all {
			events[i] = r.event
		}
		err := l.Store.AppendAudit(ctx, func(h store.AuditHead) ([]store.AuditEvent, store.AuditHead) { return link(h, events, l.Keys) })
		for _, r := range all {
			r.err = err
		}
	})
	return own.err
}
