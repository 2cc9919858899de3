package batch

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// All that come while one is worked on are the next batch, in order, and nobody is left behind.
func TestTogether(t *testing.T) {
	var q Queue[int]
	var batches [][]int
	first := make(chan struct{})
	hold := make(chan struct{})
	work := func(b []int) {
		batches = append(batches, b)
		if len(batches) == 1 {
			close(first)
			<-hold
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { q.Do(0, 10, work) })
	<-first
	for i := 1; i <= 3; i++ {
		wg.Go(func() { q.Do(i, 10, work) })
		for {
			q.mu.Lock()
			n := len(q.waiting)
			q.mu.Unlock()
			if n == i {
				break
			}
		}
	}
	close(hold)
	wg.Wait()
	if !slices.EqualFunc(batches, [][]int{{0}, {1, 2, 3}}, slices.Equal) {
		t.Errorf("batches %v", batches)
	}
}

func TestLimit(t *testing.T) {
	var q Queue[int]
	var sum, most, running atomic.Int64
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			q.Do(i, 4, func(b []int) {
				if running.Add(1) != 1 {
					t.Error("two batches at once")
				}
				most.Store(max(most.Load(), int64(len(b))))
				for _, n := range b {
					sum.Add(int64(n))
				}
				running.Add(-1)
			})
		})
	}
	wg.Wait()
	if sum.Load() != 999*1000/2 || most.Load() > 4 {
		t.Errorf("sum %d, batches of up to %d", sum.Load(), most.Load())
	}
}

// A panic is its leader's; the queue goes on.
func TestPanic(t *testing.T) {
	var q Queue[int]
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		q.Do(1, 10, func([]int) { panic("broken") })
	}()
	worked := false
	q.Do(2, 10, func([]int) { worked = true })
	if !worked {
		t.Error("the queue stands still")
	}
}
