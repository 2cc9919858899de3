// Package batch lets things that are to be done at the same time be done together: while one batch is
// being worked on, those that come meanwhile wait for the next. With nobody else there, nobody waits.
//
// The audit log writes events this way, the store its changes: what costs is the transaction, not what is in
// it. The package knows nothing of either.
package batch

import "sync"

// Queue is safe for concurrent use. Its zero value is an empty one.
type Queue[T any] struct {
	mu      sync.Mutex
	working bool
	waiting []*entry[T]
}

type entry[T any] struct {
	thing T
	done  chan struct{} // it has been worked on
	lead  chan struct{} // it is this one's turn to work on all that wait
}

// Do returns when thing has been worked on. work gets a batch of so many things at most, in the order in
// which they came, and is called by one of those who are in it; it leaves in the things themselves
// whatever came of them. If it panics, the others of the batch return as they are.
func (q *Queue[T]) Do(thing T, most int, work func([]T)) {
	own := &entry[T]{thing, make(chan struct{}), make(chan struct{}, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, own)
	if !q.working {
		q.working = true
		own.lead <- struct{}{}
	}
	q.mu.Unlock()
	select {
	case <-own.done:
		return
	case <-own.lead:
	}
	// Whoever leads is the first in the queue, and so part of its own batch.
	q.mu.Lock()
	n := min(len(q.waiting), most)
	entries := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	q.mu.Unlock()

	things := make([]T, n)
	for i, e := range entries {
		things[i] = e.thing
	}
	defer func() {
		q.mu.Lock()
		if q.working = len(q.waiting) > 0; q.working {
			q.waiting[0].lead <- struct{}{}
		}
		q.mu.Unlock()
		for _, e := range entries {
			close(e.done)
		}
	}()
	work(things)
}
