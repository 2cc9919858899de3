package control

import (
	"context"
	"sync"
	"time"

	"keyfob/internal/clock"
)

// Clock is a center's clock that a test may move. The zero offset is Base's time.
type Clock struct {
	Base   clock.Clock
	mu     sync.Mutex
	offset time.Duration
}

// Now implements [clock.Clock].
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Base.Now().Add(c.offset)
}

// Sleep implements [clock.Clock]. It waits in real time: what sleeps in a center does housekeeping.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error { return c.Base.Sleep(ctx, d) }

// Advance moves the clock, which goes on from there.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Set moves the clock to an instant, from which it goes on.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = t.Sub(c.Base.Now())
}

// Powers is what can be done to a center that was started with test powers. It is safe for concurrent
// use.
type Powers struct {
	Clock *Clock

	mu       sync.Mutex
	faults   []Fault
	requests []Request
}

// NewPowers returns powers over nothing yet, on top of a real clock.
func NewPowers(base clock.Clock) *Powers { return &Powers{Clock: &Clock{Base: base}} }

// Request is a recorded call, without anything that was secret in it.
type Request struct {
	At        time.Time         `json:"at"` // by the center's clock
	Operation string            `json:"operation"`
	GrantType string            `json:"grantType,omitempty"` // of CreateToken
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Query     map[string]string `json:"query,omitempty"` // parameters that are not secret
	Status    int               `json:"status"`          // 0 when the connection was dropped
	RequestID string            `json:"requestId"`
	UserAgent string            `json:"userAgent,omitempty"`
}

// maxRequests bounds what is remembered: the newest ones.
const maxRequests = 10_000

func (p *Powers) record(r Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) == maxRequests {
		p.requests = append(p.requests[:0], p.requests[1:]...)
	}
	p.requests = append(p.requests, r)
}

// Requests returns what was called, oldest first.
func (p *Powers) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request{}, p.requests...)
}

// ForgetRequests empties the record.
func (p *Powers) ForgetRequests() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}
