package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// pipe is a reader of the log who reads when the test says so.
type pipe struct {
	mu   sync.Mutex
	read bytes.Buffer
	gate chan struct{} // a value for each write, or closed for all
}

func (p *pipe) Write(b []byte) (int, error) {
	<-p.gate
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read.Write(b)
}

func (p *pipe) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read.String()
}

// Every line is there, whole, and each writer's in order.
func TestLines(t *testing.T) {
	p := &pipe{gate: make(chan struct{})}
	close(p.gate)
	l := newLines(p)
	const writers, each = 8, 500
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if n, err := fmt.Fprintf(l, "writer %d line %d\n", w, i); err != nil || n == 0 {
					t.Errorf("%d, %v", n, err)
				}
			}
		})
	}
	all.Wait()
	l.close(time.Minute)
	next := make([]int, writers)
	for line := range strings.Lines(p.text()) {
		var w, i int
		if _, err := fmt.Sscanf(line, "writer %d line %d\n", &w, &i); err != nil || i != next[w] {
			t.Fatalf("line %q, want number %d: %v", line, next[w], err)
		}
		next[w]++
	}
	for w, n := range next {
		if n != each {
			t.Errorf("%d lines of writer %d", n, w)
		}
	}
	if _, err := l.Write([]byte("late\n")); err != nil || !strings.HasSuffix(p.text(), "\nlate\n") {
		t.Errorf("a line after the end is lost: %v", err)
	}
}

// Nobody reads for a while: that stops nobody at first, and then everybody, and nothing is lost.
func TestLinesThatNobodyReads(t *testing.T) {
	p := &pipe{gate: make(chan struct{})}
	l := newLines(p)
	line := strings.Repeat("x", 1023) + "\n"
	for range maxWaiting/len(line) - 1 {
		_, _ = l.Write([]byte(line)) // must return
	}
	const more = 3 * maxWaiting / 1024 // twice what may wait, and what is being written, besides
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range more {
			_, _ = l.Write([]byte(line))
		}
	}()
	select {
	case <-done:
		t.Error("it keeps without bounds what nobody reads")
	case <-time.After(50 * time.Millisecond):
	}
	begun := time.Now()
	l.close(50 * time.Millisecond)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the end waits %s for somebody who does not read", took)
	}
	close(p.gate)
	<-done
	<-l.written
	if got, want := len(p.text()), (maxWaiting/len(line)-1+more)*len(line); got != want {
		t.Errorf("%d bytes of %d", got, want)
	}
}
