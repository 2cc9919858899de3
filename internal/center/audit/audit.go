// Package audit writes down who did what. An event goes to the store, where it stays, and to the
// program's log, where an operator sees it pass. In the store every event is chained to the one before, so
// that [Verify] notices what was changed, removed or added later; [CloudTrail] is how events are shown.
//
// Rules and doors record what a signed-in person or an authenticated client did. What a stranger
// tries without success only goes to the program's log: otherwise anybody could fill the disk. It
// knows no HTTP and never sees a secret.
package audit

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"keyfob/internal/center/batch"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

// maxDetail is how much of each text is kept, in bytes: some of it is text from outside.
const maxDetail = 512

// Success is the Outcome of what was done as asked; any other outcome is the reason of a refusal.
const Success = "success"

// Log is the audit log. It is safe for concurrent use and must not be copied.
type Log struct {
	Store  store.Audit
	Clock  clock.Clock
	Keys   Keys // nil leaves the head of the chain unsigned, which Verify does not accept
	Logger *slog.Logger
	// Observe, if not nil, sees every event that was recorded; it counts them.
	Observe func(store.AuditEvent)

	queue batch.Queue[*recording]
}

// Record adds e with the time, and the address and id of the request in ctx. Where e hands something
// out (a token, an approval, credentials), the caller must hand out nothing when Record fails: what
// cannot be accounted for does not happen. Where e is a refusal or ends something, the caller ignores
// the error, which is logged here in any case.
func (l *Log) Record(ctx context.Context, e store.AuditEvent) error {
	e = l.complete(ctx, e)
	// Whoever hangs up in time must not be able to stay out of the log.
	ctx = context.WithoutCancel(ctx)
	err := l.append(ctx, e)
	l.tell(ctx, e, err)
	return err
}

// Link puts an event behind the head of the chain, for a store that adds it.
type Link func(store.AuditHead, store.AuditEvent) ([]store.AuditEvent, store.AuditHead)

// With is [Log.Record] of an event that the store adds in the same transaction as what it is about: change has
// it do so with link, or not if nothing came to pass.
func (l *Log) With(ctx context.Context, change func(link Link) error) error {
	var linked *store.AuditEvent
	err := change(func(h store.AuditHead, e store.AuditEvent) ([]store.AuditEvent, store.AuditHead) {
		e = l.complete(ctx, e)
		linked = &e // of the last attempt, if the store needs several
		return link(h, []store.AuditEvent{e}, l.Keys)
	})
	if linked != nil && err == nil {
		l.tell(ctx, *linked, nil)
	}
	return err
}

// complete adds what every event has.
func (l *Log) complete(ctx context.Context, e store.AuditEvent) store.AuditEvent {
	info := request.FromContext(ctx)
	// A database keeps milliseconds, and what is hashed must be what is kept.
	e.At = l.Clock.Now().UTC().Truncate(time.Millisecond)
	e.RemoteIP, e.RequestID, e.UserAgent = info.RemoteIP, info.ID, kept(info.UserAgent)
	for _, text := range []*string{&e.Name, &e.Outcome, &e.UserID, &e.ClientID, &e.SessionID, &e.RemoteIP, &e.RequestID} {
		*text = kept(*text)
	}
	e.Detail = maps.Clone(e.Detail)
	for k, v := range e.Detail {
		e.Detail[k] = kept(v)
	}
	return e
}

// tell shows e in the program's log.
func (l *Log) tell(ctx context.Context, e store.AuditEvent, err error) {
	level, attrs := slog.LevelInfo, attributes(e)
	if err != nil {
		level, attrs = slog.LevelError, append(attrs, slog.Any("audit_error", err))
	} else if l.Observe != nil {
		l.Observe(e)
	}
	l.Logger.LogAttrs(ctx, level, "audit: "+e.Name, attrs...)
}

// kept is what every database takes as it is: bounded, valid UTF-8 without NUL.
func kept(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s[:min(len(s), maxDetail)], ""), "\x00", "")
}

func attributes(e store.AuditEvent) []slog.Attr {
	attrs := []slog.Attr{slog.String("outcome", e.Outcome)}
	for _, a := range []slog.Attr{
		slog.String("user_id", e.UserID), slog.String("client_id", e.ClientID), slog.String("session_id", e.SessionID),
		slog.String("remote_ip", e.RemoteIP), slog.String("request_id", e.RequestID),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		attrs = append(attrs, slog.String("detail."+k, e.Detail[k]))
	}
	return attrs
}
