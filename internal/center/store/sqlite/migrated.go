package sqlite

import (
	"context"
	"fmt"
)

// Migrated reports an error when the tables are not as this program needs them: not yet brought up to
// date, or a backup from before was put in their place.
func (db *DB) Migrated(ctx context.Context) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	var done int
	if err := db.read.QueryRowContext(ctx, `SELECT count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0 AND is_applied`).Scan(&done); err != nil {
		return err
	}
	if done < len(files) {
		return fmt.Errorf("%d of %d migrations of the database are done", done, len(files))
	}
	return nil
}
