package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/sqlite"
)

// backupOptions is the commands backup and restore.
type backupOptions struct {
	io stdio
	files
	File string
}

func backupCommand(io stdio) *cobra.Command {
	o := &backupOptions{io: io}
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write the database into a file, while the center runs",
		Long: `Writes the database as it is at one moment into a new file, for its owner only,
while the center goes on. Who may do what and what was done is in it; tokens and
passwords are hashes, other secrets are sealed with keys.json, which is not in it:
keep that at a different place, the one of the day: keys retire takes old keys out of
it. Whoever has both has the center.

For PostgreSQL, use its own pg_dump.`,
		Example: "  keyfob-center backup center-2026-11-23.db",
		Args:    oneFile(&o.File),
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.backup(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func restoreCommand(io stdio) *cobra.Command {
	o := &backupOptions{io: io}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of a database that is gone",
		Long: `Checks a backup as a whole and makes the database of it. There must be none: a
damaged one is moved away first, and the center stopped. keys.json is the one of
the time of the backup.

What happened since the backup is forgotten, also that a token was used or a
person removed: sign everybody out with "user end-sessions" if that matters.
"audit verify --known" tells how far back it is.`,
		Example: "  keyfob-center restore center-2026-11-23.db",
		Args:    oneFile(&o.File),
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.restore(cmd.Context()) },
	}
	o.flags(cmd)
	return cmd
}

func oneFile(into *string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return usageError{errors.New("one file is needed")}
		}
		*into = args[0]
		return nil
	}
}

func (o backupOptions) notPostgres(use string) error {
	if postgres.IsURL(o.database()) {
		return usageError{hinted{errors.New("the database is PostgreSQL's"), "use " + use}}
	}
	return nil
}

func (o backupOptions) backup(ctx context.Context) error {
	if err := o.notPostgres("pg_dump"); err != nil {
		return err
	}
	s, _, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // it was only read
	db, ok := s.(*sqlite.DB)
	if !ok {
		return errors.New("this database has no backup of its own")
	}
	if err := db.Backup(ctx, o.File); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = fmt.Fprintf(o.io.out, "Wrote %s. Keep %s at a different place.\n", o.File, o.keys())
	return err
}

func (o backupOptions) restore(ctx context.Context) error {
	if err := o.notPostgres("psql or pg_restore"); err != nil {
		return err
	}
	if err := sqlite.Restore(ctx, o.File, o.database()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	_, err := fmt.Fprintf(o.io.out, "Restored %s.\n", o.database())
	return err
}
