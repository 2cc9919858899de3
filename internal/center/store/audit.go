package store

import (
	"context"
	"crypto/sha256"
	"time"
)

// Audit is the append-only log of who did what: a chain, in which every event holds a hash over itself and
// the one before. The database refuses to change or remove what is in it; whoever gets around that breaks
// the chain. Package audit knows how it is linked.
type Audit interface {
	// AppendAudit hands the head of the chain to link and adds the events that it returns, with the new
	// head, in one transaction that no other append overlaps, whichever process it is in: there is one
	// chain. The Seq of events count on from the head's. link must not call the store, and may be
	// called more than once.
	AppendAudit(ctx context.Context, link func(AuditHead) ([]AuditEvent, AuditHead)) error
	// AuditHead returns the head, and the greatest Seq there is, read at once: they are the same unless
	// somebody tampered.
	AuditHead(ctx context.Context) (head AuditHead, last int64, err error)
	// AuditSearch returns the events that q asks for.
	AuditSearch(ctx context.Context, q AuditQuery) ([]AuditEvent, error)
	// AuditEvents returns the newest events first, at most limit.
	AuditEvents(ctx context.Context, limit int) ([]AuditEvent, error)
}

// AuditEvent is one event of the audit log.
type AuditEvent struct {
	Seq       int64 // 1, 2, 3, … without a gap
	At        time.Time
	Name      string // "SignIn", "CreateToken", …: an operation, in the service model's words where it has one
	Outcome   string // "success" or the reason of the refusal
	UserID    string
	ClientID  string
	SessionID string
	RemoteIP  string
	UserAgent string // text from outside
	RequestID string
	Detail    map[string]string // never a secret
	Hash      []byte            // empty for what was recorded before there was a chain
}

// AuditHead is the end of the chain.
type AuditHead struct {
	First int64             // Seq of the last event from before there was a chain, 0 for none
	Seq   int64             // of the last event
	Hash  [sha256.Size]byte // of the last event; zero when there is none in the chain
	MAC   []byte            // over the rest; empty when there is no event in the chain
}

// AuditQuery says which events to return: those that all fields which are not zero agree with.
type AuditQuery struct {
	After       int64 // Seq greater than
	Before      int64 // Seq less than
	Since       time.Time
	Until       time.Time // not including
	UserID      string
	Name        string
	NewestFirst bool
	Limit       int // at most; required
}
