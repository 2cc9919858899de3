package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/whole"
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

The file is an SQLite database whether that was one or PostgreSQL: restore makes
either of it, so this is also how a center moves from one to the other.`,
		Example: "  keyfob-center backup center-2026-11-23.db\n  keyfob-center backup --database postgres://keyfob@db.example.com/keyfob center-2026-11-23.db",
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
damaged one is moved away first, and the center stopped. A PostgreSQL database must
be there and empty, and stays so unless all of the backup gets in. keys.json is the one
of the time of the backup.

What happened since the backup is forgotten, also that a token was used or a
person removed: sign everybody out with "user end-sessions" if that matters.
"audit verify --known" tells how far back it is.`,
		Example: "  keyfob-center restore center-2026-11-23.db\n  keyfob-center restore --database postgres://keyfob@db.example.com/keyfob center-2026-11-23.db",
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

func (o backupOptions) backup(ctx context.Context) error {
	from, _, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // it was only read
	var counts []whole.Count
	if db, ok := from.(*sqlite.DB); ok {
		err = db.Backup(ctx, o.File)
	} else {
		err = sqlite.Create(ctx, o.File, func(to *sqlite.DB) (err error) {
			counts, err = whole.Copy(ctx, from, to)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	o.say(counts)
	_, err = fmt.Fprintf(o.io.out, "Wrote %s. Keep %s at a different place.\n", o.File, o.keys())
	return err
}

func (o backupOptions) restore(ctx context.Context) error {
	if postgres.IsURL(o.database()) {
		return o.restorePostgres(ctx)
	}
	if err := sqlite.Restore(ctx, o.File, o.database()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	_, err := fmt.Fprintf(o.io.out, "Restored %s.\n", o.database())
	return err
}

// restorePostgres copies by way of a file of its own, whose tables are brought up to date: the backup is not changed.
func (o backupOptions) restorePostgres(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "keyfob-center-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	current := filepath.Join(folder, "center.db")
	if err := sqlite.Restore(ctx, o.File, current); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	from, err := sqlite.Open(ctx, current)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer from.Close() //nolint:errcheck // it was only read
	to, err := o.openDatabase(ctx)
	if err != nil {
		return err
	}
	defer to.Close() //nolint:errcheck // what was not committed is not there
	counts, err := whole.Copy(ctx, from, to)
	if errors.Is(err, whole.ErrNotEmpty) {
		err = hinted{err, "restore into a database that was just created: nothing of what is in this one is overwritten"}
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	o.say(counts)
	_, err = fmt.Fprintf(o.io.out, "Restored %s into PostgreSQL. The center needs %s of the time of the backup. \"audit verify\" checks the log.\n", o.File, o.keys())
	return err
}

// say tells what was copied.
func (o backupOptions) say(counts []whole.Count) {
	for _, c := range counts {
		if c.Rows > 0 {
			fmt.Fprintf(o.io.out, "%10d %s\n", c.Rows, c.Table)
		}
	}
}
