package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/whole"
)

// files says where a center keeps its things.
type files struct {
	Config   string
	Database string // a file, or a PostgreSQL URL; a file beside Config when empty
}

// databaseVariable is where --database comes from when it is not given.
const databaseVariable = "KEYFOB_CENTER_DATABASE"

func (f *files) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Config, "config", configName, "the file that declares the instance")
	cmd.Flags().StringVar(&f.Database, "database", "", "SQLite file, or postgres://USER@HOST/NAME; default $"+databaseVariable+", or center.db beside the config file")
}

func (f files) database() string {
	if f.Database != "" {
		return f.Database
	}
	if v := os.Getenv(databaseVariable); v != "" {
		return v
	}
	return filepath.Join(filepath.Dir(f.Config), "center.db")
}

// keys is the file of keys: beside the database, or beside the config file if that is on a server.
func (f files) keys() string {
	beside := f.database()
	if postgres.IsURL(beside) {
		beside = f.Config
	}
	return filepath.Join(filepath.Dir(beside), "keys.json")
}

// seed reads the config file; the files it names are beside it.
func (f files) seed() (seed.Seed, error) {
	s, _, err := f.read()
	return s, err
}

// read is seed that also returns what was read.
func (f files) read() (seed.Seed, reading, error) {
	b, err := os.ReadFile(f.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return seed.Seed{}, reading{}, configError{hinted{fmt.Errorf("there is no %s", f.Config), "keyfob-center init writes an example; --config names another file"}}
	} else if err != nil {
		return seed.Seed{}, reading{}, configError{err}
	}
	r := reading{File: sumOf(b)}
	s, err := seed.Parse(f.Config, b, r.recording(f.sources()))
	r.StartURLs = s.StartURLs
	return s, r, err
}

func (f files) sources() seed.Sources {
	return seed.Sources{
		ReadFile: func(name string) ([]byte, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(filepath.Dir(f.Config), name)
			}
			return os.ReadFile(name)
		},
		LookupEnv: os.LookupEnv,
	}
}

// database is a store that can be copied as a whole.
type database interface {
	store.Store
	whole.Source
	whole.Target
}

// open opens the keys and the database.
func (f files) open(ctx context.Context) (database, *keyring.Ring, error) {
	keys, err := keyring.Load(f.keys())
	if err != nil {
		return nil, nil, configError{fmt.Errorf("keys: %w", err)}
	}
	db, err := f.openDatabase(ctx)
	if err != nil {
		return nil, nil, err
	}
	return db, keys, nil
}

func (f files) openDatabase(ctx context.Context) (database, error) {
	name := f.database()
	if postgres.IsURL(name) {
		db, err := postgres.Open(ctx, name)
		if err != nil {
			return nil, configError{hinted{
				fmt.Errorf("the database cannot be used: %w", err),
				"--database is postgres://USER@HOST:PORT/NAME; the password comes from PGPASSFILE or PGPASSWORD",
			}}
		}
		return db, nil
	}
	db, err := sqlite.Open(ctx, name)
	if err != nil {
		return nil, configError{hinted{
			fmt.Errorf("the database cannot be used: %w", err),
			"restore " + name + " from a backup, or move it away to start anew (everybody signs in again)",
		}}
	}
	return db, nil
}
