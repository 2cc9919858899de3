package main

import (
	"io"
	"sync"
	"time"
)

// lines is the way to the log: what comes while something is being written goes with the next write. Requests do not
// wait for whoever reads the log, until they have fallen maxWaiting behind. What was handed over is written unless
// the process is killed in the moment between. It is safe for concurrent use.
type lines struct {
	to io.Writer

	mu         sync.Mutex
	more, room sync.Cond
	waiting    []byte
	closed     bool
	written    chan struct{} // closed with the last write
}

// maxWaiting is in bytes: some thousand requests.
const maxWaiting = 1 << 20

func newLines(to io.Writer) *lines {
	l := &lines{to: to, written: make(chan struct{})}
	l.more.L, l.room.L = &l.mu, &l.mu
	go l.write()
	return l
}

// Write implements [io.Writer]. p is one line or several. What goes wrong with writing it has nobody to be told.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 && len(l.waiting)+len(p) > maxWaiting && !l.closed {
		l.room.Wait()
	}
	if l.closed {
		return l.to.Write(p)
	}
	l.waiting = append(l.waiting, p...)
	l.more.Signal()
	return len(p), nil
}

func (l *lines) write() {
	defer close(l.written)
	var writing []byte
	for {
		l.mu.Lock()
		for len(l.waiting) == 0 && !l.closed {
			l.more.Wait()
		}
		writing, l.waiting = l.waiting, writing[:0]
		l.room.Broadcast()
		l.mu.Unlock()
		if len(writing) == 0 {
			return
		}
		_, _ = l.to.Write(writing)
	}
}

// close returns when everything is written, or after a time if nobody reads it. Lines after it are not held back.
func (l *lines) close(after time.Duration) {
	l.mu.Lock()
	l.closed = true
	l.more.Broadcast()
	l.room.Broadcast()
	l.mu.Unlock()
	select {
	case <-l.written:
	case <-time.After(after):
	}
}
