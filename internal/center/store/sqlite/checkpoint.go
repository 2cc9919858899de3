package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// checkpointer brings what is in the write-ahead log into the database file. SQLite would do that in the
// middle of some commit, which then takes as long as the disk takes; here it is done beside the commits.
type checkpointer struct {
	db   *sql.DB
	wake chan struct{}
	stop context.CancelFunc
	done sync.WaitGroup
	n    int // transactions since it was woken; the writer's
}

// each is after how many transactions there is something to do.
const each = 200

func newCheckpointer(db *sql.DB) *checkpointer {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpointer{db: db, wake: make(chan struct{}, 1), stop: stop}
	c.done.Go(func() {
		for {
			select {
			case <-c.wake:
				// One that does not succeed, because somebody still reads an old page, is done by the next.
				_, _ = db.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
			case <-ctx.Done():
				return
			}
		}
	})
	return c
}

// written is called after every transaction, by one caller at a time.
func (c *checkpointer) written() {
	if c.n++; c.n < each {
		return
	}
	select {
	case c.wake <- struct{}{}:
		c.n = 0
	default: // it is still at it
	}
}

func (c *checkpointer) close() error {
	c.stop()
	c.done.Wait()
	return c.db.Close()
}
