package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"keyfob/internal/center/store"
)

const auditColumns = `id, at, name, outcome, user_id, client_id, session_id, remote_ip, user_agent, request_id, detail, hash`

func auditFields(e *store.AuditEvent) []any {
	return []any{
		&e.Seq,
		instant{&e.At},
		outside{&e.Name},
		outside{&e.Outcome},
		outside{&e.UserID},
		outside{&e.ClientID},
		outside{&e.SessionID},
		outside{&e.RemoteIP},
		outside{&e.UserAgent},
		outside{&e.RequestID},
		asJSON{&e.Detail},
		&e.Hash,
	}
}

// appender remembers the head that this process has left. Who appends alone knows it without asking.
type appender struct {
	mu    sync.Mutex
	left  store.AuditHead
	alone bool // at the last append nobody else had appended since the one before
}

func (a *appender) guess() (store.AuditHead, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.left, a.alone
}

func (a *appender) found(before, after store.AuditHead) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alone = before.Seq == a.left.Seq && before.Hash == a.left.Hash
	a.left = after
}

func (a *appender) wrong() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alone = false
}

// AppendAudit implements store.Audit. It changes the head to what follows the head that it expects, which is
// one statement. If there is another head, or one is to be expected, it locks the head and reads it first.
func (db *DB) AppendAudit(ctx context.Context, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	if before, alone := db.log.guess(); alone {
		events, after := link(before)
		n, err := db.exec(ctx, appendQuery, appendArgs(events, before, after)...)
		if err == nil && n == int64(len(events)) {
			db.log.found(before, after)
			return nil
		}
		db.log.wrong()
		if err != nil {
			return err
		}
	}
	return db.appendLocked(ctx, link)
}

func (db *DB) appendLocked(ctx context.Context, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	var before, after store.AuditHead
	err := db.tx(ctx, func(t *txn) (err error) {
		before, after, err = t.appendAudit(link)
		return err
	})
	if err == nil {
		db.log.found(before, after)
	}
	return err
}

// appendAudit locks the head, reads it, and moves it.
func (t *txn) appendAudit(link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) (before, after store.AuditHead, err error) {
	if err := t.row(headFields(&before), lockHeadQuery); err != nil {
		return before, before, err
	}
	events, after := link(before)
	if len(events) == 0 {
		return before, before, nil
	}
	n, err := t.exec(appendQuery, appendArgs(events, before, after)...)
	if err == nil && n != int64(len(events)) {
		err = fmt.Errorf("%d of %d events were added to the audit log", n, len(events))
	}
	return before, after, err
}

// appendQuery moves the head from one place to the next and adds what is in between, or does nothing.
const appendQuery = `
	WITH head AS (UPDATE audit_head SET seq = $1, hash = $2, mac = $3 WHERE seq = $4 AND hash = $5 RETURNING 1)
	INSERT INTO audit_events (` + auditColumns + `)
	SELECT e.* FROM head, unnest($6::bigint[], $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
		$14::bytea[], $15::bytea[], $16::text[], $17::bytea[]) AS e`

func appendArgs(events []store.AuditEvent, before, after store.AuditHead) []any {
	n := len(events)
	ids, ats, details := make([]int64, n), make([]int64, n), make([]asJSON, n)
	texts := make([][][]byte, 8)
	for i := range texts {
		texts[i] = make([][]byte, n)
	}
	hashes := make([][]byte, n)
	for i, e := range events {
		ids[i], ats[i], details[i], hashes[i] = e.Seq, at(e.At), asJSON{e.Detail}, bytesOf(e.Hash)
		for j, s := range []string{e.Name, e.Outcome, e.UserID, e.ClientID, e.SessionID, e.RemoteIP, e.UserAgent, e.RequestID} {
			texts[j][i] = raw(s)
		}
	}
	args := []any{after.Seq, after.Hash[:], bytesOf(after.MAC), before.Seq, before.Hash[:], ids, ats}
	for _, t := range texts {
		args = append(args, t)
	}
	return append(args, details, hashes)
}

const lockHeadQuery = `SELECT first, seq, hash, mac FROM audit_head FOR NO KEY UPDATE`

func headFields(h *store.AuditHead) []any { return []any{&h.First, &h.Seq, sum{h}, &h.MAC} }

// sum is the hash of a head.
type sum struct{ *store.AuditHead }

// Scan implements [database/sql.Scanner].
func (s sum) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || copy(s.Hash[:], b) != len(s.Hash) {
		return fmt.Errorf("the head of the audit log has a hash of %d bytes", len(b))
	}
	return nil
}

// AuditHead implements store.Audit.
func (db *DB) AuditHead(ctx context.Context) (head store.AuditHead, last int64, err error) {
	err = db.row(ctx, []any{&head.First, &head.Seq, sum{&head}, &head.MAC, &last},
		`SELECT first, seq, hash, mac, (SELECT coalesce(max(id), 0) FROM audit_events) FROM audit_head`)
	return head, last, err
}

// AuditSearch implements store.Audit.
func (db *DB) AuditSearch(ctx context.Context, q store.AuditQuery) ([]store.AuditEvent, error) {
	where, args := []string{"true"}, []any{}
	for _, c := range []struct {
		given bool
		sql   string
		value any
	}{
		{q.After != 0, "id > ", q.After},
		{q.Before != 0, "id < ", q.Before},
		{!q.Since.IsZero(), "at >= ", at(q.Since)},
		{!q.Until.IsZero(), "at < ", at(q.Until)},
		{q.UserID != "", "user_id = ", raw(q.UserID)},
		{q.Name != "", "name = ", raw(q.Name)},
	} {
		if c.given {
			args = append(args, c.value)
			where = append(where, fmt.Sprint(c.sql, "$", len(args)))
		}
	}
	order := "ASC"
	if q.NewestFirst {
		order = "DESC"
	}
	args = append(args, q.Limit)
	return all(ctx, db, auditFields, fmt.Sprintf(`SELECT `+auditColumns+` FROM audit_events WHERE %s ORDER BY id %s LIMIT $%d`,
		strings.Join(where, " AND "), order, len(args)), args...)
}

// AuditEvents implements store.Audit.
func (db *DB) AuditEvents(ctx context.Context, limit int) ([]store.AuditEvent, error) {
	return db.AuditSearch(ctx, store.AuditQuery{NewestFirst: true, Limit: limit})
}
