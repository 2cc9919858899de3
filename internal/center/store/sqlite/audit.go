package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"keyfob/internal/center/store"
)

const auditColumns = `id, at, name, outcome, user_id, client_id, session_id, remote_ip, user_agent, request_id, detail, hash`

func auditFields(e *store.AuditEvent) []any {
	return []any{
		&e.Seq,
		instant{&e.At},
		&e.Name, &e.Outcome, &e.UserID, &e.ClientID, &e.SessionID, &e.RemoteIP, &e.UserAgent, &e.RequestID,
		asJSON{&e.Detail},
		&e.Hash,
	}
}

// AppendAudit implements store.Audit. The write transaction is the only one there is.
func (db *DB) AppendAudit(ctx context.Context, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	return db.tx(ctx, func(tx *txn) error { return appendAudit(ctx, tx, link) })
}

func appendAudit(ctx context.Context, tx *txn, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	before := tx.head
	if before == nil {
		head, _, err := readHead(tx.QueryRowContext(ctx, headQuery))
		if err != nil {
			return err
		}
		before = &head
	}
	events, head := link(*before)
	if len(events) == 0 {
		return nil
	}
	for _, e := range events {
		if _, err := tx.ExecContext(ctx, `INSERT INTO audit_events (`+auditColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.Seq, at(e.At), e.Name, e.Outcome, e.UserID, e.ClientID, e.SessionID, e.RemoteIP, e.UserAgent, e.RequestID,
			asJSON{e.Detail}, e.Hash); err != nil {
			return err
		}
	}
	tx.head = &head
	return nil
}

// writeHead is done once in a transaction, before its commit.
func writeHead(ctx context.Context, tx *txn) error {
	if tx.head == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE audit_head SET seq = ?, hash = ?, mac = ?`, tx.head.Seq, tx.head.Hash[:], tx.head.MAC)
	return err
}

const headQuery = `SELECT first, seq, hash, mac, (SELECT coalesce(max(id), 0) FROM audit_events) FROM audit_head`

func readHead(row *sql.Row) (head store.AuditHead, last int64, err error) {
	var sum []byte
	if err := row.Scan(&head.First, &head.Seq, &sum, &head.MAC, &last); err != nil {
		return head, 0, err
	}
	if copy(head.Hash[:], sum) != len(head.Hash) {
		return head, 0, fmt.Errorf("the head of the audit log has a hash of %d bytes", len(sum))
	}
	return head, last, nil
}

// AuditHead implements store.Audit.
func (db *DB) AuditHead(ctx context.Context) (head store.AuditHead, last int64, err error) {
	head, last, err = readHead(db.read.QueryRowContext(ctx, headQuery))
	return head, last, translate(err)
}

// AuditSearch implements store.Audit.
func (db *DB) AuditSearch(ctx context.Context, q store.AuditQuery) ([]store.AuditEvent, error) {
	where, args := []string{"1 = 1"}, []any{}
	for _, c := range []struct {
		given bool
		sql   string
		value any
	}{
		{q.After != 0, "id > ?", q.After},
		{q.Before != 0, "id < ?", q.Before},
		{!q.Since.IsZero(), "at >= ?", at(q.Since)},
		{!q.Until.IsZero(), "at < ?", at(q.Until)},
		{q.UserID != "", "user_id = ?", q.UserID},
		{q.Name != "", "name = ?", q.Name},
	} {
		if c.given {
			where, args = append(where, c.sql), append(args, c.value)
		}
	}
	order := "ASC"
	if q.NewestFirst {
		order = "DESC"
	}
	return queryAll(ctx, db.read.DB, auditFields, `SELECT `+auditColumns+` FROM audit_events WHERE `+strings.Join(where, " AND ")+
		` ORDER BY id `+order+` LIMIT ?`, append(args, q.Limit)...)
}

// AuditEvents implements store.Audit.
func (db *DB) AuditEvents(ctx context.Context, limit int) ([]store.AuditEvent, error) {
	return db.AuditSearch(ctx, store.AuditQuery{NewestFirst: true, Limit: limit})
}
