//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// request makes a worker's next request. Workers are numbered from 0 and each is one goroutine.
type request func(worker int) (*http.Request, error)

// load is requests by some workers on connections that are kept.
type load struct {
	workers int
	next    request
	read    func(worker int, body []byte) error // looks at an answer; nil for none
	http    *http.Client
}

func newLoad(workers int, next request, read func(int, []byte) error) *load {
	t := &http.Transport{MaxIdleConnsPerHost: workers, MaxConnsPerHost: workers, DisableCompression: true}
	return &load{workers, next, read, &http.Client{Transport: t, Timeout: 30 * time.Second}}
}

func (l *load) one(worker int, body *bytes.Buffer) error {
	r, err := l.next(worker)
	if err != nil {
		return err
	}
	resp, err := l.http.Do(r)
	if err != nil {
		return err
	}
	body.Reset()
	_, err = body.ReadFrom(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, resp.Status, body)
	}
	if l.read != nil {
		return l.read(worker, body.Bytes())
	}
	return nil
}

// flood sends as much as it can for a time and returns the requests per second.
func (l *load) flood(d time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var done atomic.Int64
	errs := make([]error, l.workers)
	var wg sync.WaitGroup
	start := time.Now()
	for w := range l.workers {
		wg.Go(func() {
			var body bytes.Buffer
			for ctx.Err() == nil && errs[w] == nil {
				if errs[w] = l.one(w, &body); errs[w] == nil {
					done.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// paced sends so many requests per second for a time and returns how long each took from when it was due:
// one that has to wait for its turn is as late for whoever sent it.
func (l *load) paced(rate float64, d time.Duration) ([]time.Duration, error) {
	due := make(chan time.Time, 1<<16)
	took := make([][]time.Duration, l.workers)
	errs := make([]error, l.workers)
	var wg sync.WaitGroup
	for w := range l.workers {
		wg.Go(func() {
			var body bytes.Buffer
			for at := range due {
				if errs[w] == nil {
					errs[w] = l.one(w, &body)
					took[w] = append(took[w], time.Since(at))
				}
			}
		})
	}
	start := time.Now()
	for i := 0; ; i++ {
		at := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if at.Sub(start) > d {
			break
		}
		time.Sleep(time.Until(at))
		due <- at
	}
	close(due)
	wg.Wait()
	return slices.Sorted(slices.Values(slices.Concat(took...))), errors.Join(errs...)
}

func percentile(sorted []time.Duration, p float64) time.Duration {
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func get(c *http.Client, r *http.Request) ([]byte, error) {
	resp, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, resp.Status, b)
	}
	return b, err
}
