package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"keyfob/internal/center/store"
)

// rotateQuery is a whole rotation. Of rotations at once each but the first waits at the lock and then sees
// what the one before has left, while the rest of the statement does only what the first part says.
const rotateQuery = `
	WITH old AS MATERIALIZED (
		SELECT r.family_id, ` + isLive + ` AS live,
			CASE WHEN r.rotated_at = 0 THEN 0 WHEN $1 - r.rotated_at <= $2 THEN 1 ELSE 2 END AS outcome
		FROM refresh_tokens r JOIN token_families f ON f.id = r.family_id` + grantJoin + `WHERE r.hash = $3 FOR NO KEY UPDATE OF r),
	marked AS (UPDATE refresh_tokens r SET rotated_at = $1 FROM old WHERE r.hash = $3 AND outcome = 0 AND live),
	access AS (INSERT INTO access_tokens (hash, family_id, expires_at) SELECT $4, family_id, $5 FROM old WHERE outcome < 2 AND live),
	refresh AS (INSERT INTO refresh_tokens (hash, family_id, expires_at) SELECT $6, family_id, $7 FROM old WHERE outcome < 2 AND live),
	revoked AS (UPDATE token_families f SET revoked_at = $1, revoked_reason = 'refresh token reused' FROM old
		WHERE f.id = old.family_id AND outcome = 2 AND f.revoked_at = 0)
	SELECT outcome, live FROM old`

type rotation struct {
	store.Rotation
	outcome store.RotationOutcome
	err     error
}

// Rotate implements store.Tokens. Rotations that come at the same time are one transaction.
func (db *DB) Rotate(ctx context.Context, r store.Rotation) (store.RotationOutcome, error) {
	own := &rotation{r, 0, errAlone}
	db.rotations.Do(own, maxTogether, func(all []*rotation) {
		ctx := context.WithoutCancel(ctx) // whoever asks, asks for all
		err := db.rotate(ctx, all)
		for _, r := range all {
			switch {
			case err != nil && len(all) > 1 && undone(err): // who was to blame finds out alone
				r.err = errAlone
			case err != nil:
				r.err = err
			}
		}
	})
	if errors.Is(own.err, errAlone) {
		if err := db.rotate(ctx, []*rotation{own}); err != nil {
			own.err = err
		}
	}
	return own.outcome, own.err
}

// rotate makes rotations and adds what is to be recorded of them, in two ways to the database and back. The head of
// the audit log is locked last, and so for a short time.
func (db *DB) rotate(ctx context.Context, all []*rotation) error {
	var before, after store.AuditHead
	var events []store.AuditEvent
	err := db.tx(ctx, func(t *txn) error {
		var b pgx.Batch
		b.Queue("BEGIN")
		for _, r := range all {
			b.Queue(rotateQuery, at(r.Now), r.Grace.Milliseconds(), r.Old[:],
				r.Access.Hash[:], at(r.Access.ExpiresAt), r.Refresh.Hash[:], at(r.Refresh.ExpiresAt)).QueryRow(r.read)
		}
		b.Queue(lockHeadQuery).QueryRow(func(row pgx.Row) error { return row.Scan(headFields(&before)...) })
		t.open = true
		if err := t.conn.SendBatch(t.ctx, &b).Close(); err != nil {
			return err
		}
		events, after = nil, before
		for _, r := range all {
			if r.err == nil && r.Link != nil {
				var linked []store.AuditEvent
				linked, after = r.Link(r.outcome, after)
				events = append(events, linked...)
			}
		}
		if len(events) > 0 {
			t.later(appendQuery, appendArgs(events, before, after)...)
		}
		return nil
	})
	if err == nil && len(events) > 0 {
		db.log.found(before, after)
	}
	return err
}

func (r *rotation) read(row pgx.Row) error {
	var live bool
	r.err = row.Scan(&r.outcome, &live)
	switch {
	case errors.Is(r.err, pgx.ErrNoRows):
		r.err = store.ErrNotFound
	case r.err != nil:
		return r.err
	case !live && r.outcome != store.RotationReused:
		r.err = store.ErrRevoked
	}
	return nil
}
