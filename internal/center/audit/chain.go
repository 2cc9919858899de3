package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"keyfob/internal/center/store"
)

// Keys sign the head of the chain, so that nobody without them can shorten it.
type Keys interface {
	MAC(purpose string, data []byte) [sha256.Size]byte
	Verify(purpose string, data, mac []byte) bool
}

const headPurpose = "audit head"

// link chains events to head, in the order given. Keys may be nil, for tests: then the head is unsigned.
func link(head store.AuditHead, events []store.AuditEvent, keys Keys) ([]store.AuditEvent, store.AuditHead) {
	linked := make([]store.AuditEvent, len(events))
	for i, e := range events {
		head.Seq++
		e.Seq = head.Seq
		head.Hash = hash(head.Hash, e)
		e.Hash = bytes.Clone(head.Hash[:])
		linked[i] = e
	}
	head.MAC = []byte{}
	if keys != nil {
		mac := keys.MAC(headPurpose, headBytes(head))
		head.MAC = mac[:]
	}
	return linked, head
}

// hash is what an event holds: SHA-256 over the hash before and the event's canonical bytes.
func hash(before [sha256.Size]byte, e store.AuditEvent) [sha256.Size]byte {
	return sha256.Sum256(append(before[:], canonical(e)...))
}

// canonical are the bytes of an event that its hash is over: a JSON array of its fields in this order, all
// of them but the hash, details sorted by name. It begins with the version of this form, which must not
// change: events are kept for years.
func canonical(e store.AuditEvent) []byte {
	b := append(make([]byte, 0, 512), `["keyfob-audit-1",`...)
	b = strconv.AppendInt(b, e.Seq, 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, e.At.UnixMilli(), 10)
	for _, s := range []string{e.Name, e.Outcome, e.UserID, e.ClientID, e.SessionID, e.RemoteIP, e.UserAgent, e.RequestID} {
		b = appendText(append(b, ','), s)
	}
	b = append(b, ',', '{')
	for i, k := range slices.Sorted(maps.Keys(e.Detail)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, k), ':'), e.Detail[k])
	}
	return append(b, '}', ']')
}

// appendText adds what encoding/json makes of s, which for most texts is s.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`"\\<>&`, c) >= 0 {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) // strings always marshal
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func headBytes(h store.AuditHead) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(h.First)) // #nosec G115 -- the same bits
	b = binary.BigEndian.AppendUint64(b, uint64(h.Seq))      // #nosec G115 -- the same bits
	return append(b, h.Hash[:]...)
}

// BrokenError names the first place where the chain does not hold.
type BrokenError struct {
	Seq int64 // of the event
	Why string
}

// Error implements error.
func (e *BrokenError) Error() string { return fmt.Sprintf("event %d: %s", e.Seq, e.Why) }

// Verified is what [Verify] found to be whole.
type Verified struct {
	First, Last int64 // Seq of the first and the last event of the chain; Last is less when there is none
	Hash        [sha256.Size]byte
	Unchained   int64 // events from before there was a chain, which nothing is known of
}

// verifyPage is how many events are held in memory.
const verifyPage = 1000

// Verify goes through the whole chain, and returns a *[BrokenError] for the first event that is not as it
// was recorded, is missing, or is one too many. It may run while events are recorded. known, if it is not
// zero, is an earlier result, which the chain must still hold: that also shows a database that was put
// back to an earlier state with an older, properly signed head.
func Verify(ctx context.Context, s store.Audit, keys Keys, known Known) (Verified, error) {
	head, last, err := s.AuditHead(ctx)
	if err != nil {
		return Verified{}, err
	}
	v := Verified{First: head.First + 1, Last: head.First, Unchained: head.First}
	for v.Last < head.Seq {
		page, err := s.AuditSearch(ctx, store.AuditQuery{After: v.Last, Before: head.Seq + 1, Limit: verifyPage})
		if err != nil {
			return v, err
		}
		if len(page) == 0 {
			return v, &BrokenError{v.Last + 1, fmt.Sprintf("it and all that follow, up to %d, are missing at the end", head.Seq)}
		}
		for _, e := range page {
			if e.Seq != v.Last+1 {
				return v, &BrokenError{v.Last + 1, "it is missing"}
			}
			sum := hash(v.Hash, e)
			if !bytes.Equal(sum[:], e.Hash) {
				return v, &BrokenError{e.Seq, "its hash is not that of itself and the one before: it was changed, or the one before was"}
			}
			v.Last, v.Hash = e.Seq, sum
			if e.Seq == known.Seq && sum != known.Hash {
				return v, &BrokenError{e.Seq, "it is not the one whose hash you noted: the log was rewritten"}
			}
		}
	}
	switch {
	case v.Hash != head.Hash:
		return v, &BrokenError{head.Seq, "it is not what the head of the log says the last event is"}
	case last > head.Seq:
		return v, &BrokenError{head.Seq + 1, "the head of the log does not know it: it was added by somebody else"}
	case head.Seq > head.First && !keys.Verify(headPurpose, headBytes(head), head.MAC):
		return v, &BrokenError{head.Seq, "the head of the log is not signed with a key of this center: the log was rewritten or cut off"}
	case known.Seq > head.Seq:
		return v, &BrokenError{head.Seq + 1, fmt.Sprintf("it and all that follow, up to the %d you noted, are missing: the log was put back to an earlier state", known.Seq)}
	}
	return v, nil
}

// Signed reports whether the head of the log is signed with one of the keys, as it is when it is empty. It looks at
// no event.
func Signed(ctx context.Context, s store.Audit, keys Keys) (bool, error) {
	head, _, err := s.AuditHead(ctx)
	return head.Seq == head.First || keys.Verify(headPurpose, headBytes(head), head.MAC), err
}

// Known is an event that was verified before, and noted elsewhere.
type Known struct {
	Seq  int64
	Hash [sha256.Size]byte
}
