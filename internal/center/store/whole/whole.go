// Package whole copies everything that a center remembers from one database into another, empty one, of the same
// kind or not. It owns the list of the tables and what is in them, and the order in which they are filled.
//
// The command keyfob-center calls it; package sqlite and package postgres are both ends. It knows no SQL, and nothing of
// what the records mean: the audit log arrives byte for byte, so its chain holds on.
package whole

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// ErrNotEmpty refuses to copy into a database that something is in.
var ErrNotEmpty = errors.New("there is something in the database already")

// ErrOtherSchema refuses a database that a newer keyfob-center has used: it has things that this one would leave behind.
var ErrOtherSchema = errors.New("a newer keyfob-center has used the database")

// Kind is what a column holds, and with which Go type it is handed on.
type Kind int

// Kinds of column.
const (
	Text    Kind = iota // string; valid in every database
	Outside             // string of any bytes: PostgreSQL takes not all of them for text
	Bytes               // []byte
	Integer             // int64
	Flag                // bool
)

// Column is a column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Table is a table that both databases have.
type Table struct {
	Name    string
	Columns []Column
}

// Row is the values of a table's columns, in their order. Nothing is ever NULL.
type Row []any

// Rows ends with the first error. Whoever ranges over them must not keep a row.
type Rows = iter.Seq2[Row, error]

// Source is a database that is read.
type Source interface {
	// Snapshot hands a function that reads tables to use, all of them as of one moment. The rows of the audit log come in
	// order. ErrOtherSchema for a database that is newer than this program.
	Snapshot(ctx context.Context, use func(read func(Table) Rows) error) error
}

// Target is a database that is filled.
type Target interface {
	// Fill hands a function that fills a table, and counts its rows, to use, in one transaction: unless use returns nil,
	// nothing has happened. use may be called more than once, after all that it has done was undone. ErrNotEmpty if
	// anything but the beginning of the audit log is there; nobody else can change that meanwhile.
	Fill(ctx context.Context, use func(write func(Table, Rows) (int64, error)) error) error
}

// SameSchema reports an error unless the migrations that are done, in order, are those in the folder migrations of files.
func SameSchema(files fs.ReadDirFS, done []int64) error {
	entries, err := files.ReadDir("migrations")
	if err != nil {
		return err
	}
	var own []int64
	for _, e := range entries { // 00001_initial.sql
		digits, _, _ := strings.Cut(e.Name(), "_")
		v, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return err
		}
		own = append(own, v)
	}
	if !slices.Equal(done, own) {
		return ErrOtherSchema
	}
	return nil
}

// Count is how many rows of a table were copied.
type Count struct {
	Table string
	Rows  int64
}

// Copy copies all tables, and holds a bounded number of rows in memory. Either everything is in the target afterwards, or
// nothing; others may go on using the source.
func Copy(ctx context.Context, from Source, to Target) ([]Count, error) {
	var counts []Count
	err := from.Snapshot(ctx, func(read func(Table) Rows) error {
		return to.Fill(ctx, func(write func(Table, Rows) (int64, error)) error {
			counts = nil
			for _, t := range Tables() {
				n, err := write(t, read(t))
				if err != nil {
					return fmt.Errorf("table %s: %w", t.Name, err)
				}
				counts = append(counts, Count{t.Name, n})
			}
			return nil
		})
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // of whatever a connection says that breaks off for it
	}
	if err != nil {
		return nil, err
	}
	return counts, nil
}
