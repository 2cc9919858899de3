package sqlite

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// A migration that fails half-way has changed nothing, and is done when it can be.
func TestSecurity81MigrationsAreTransactional(t *testing.T) {
	db, err := open(filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	sql := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)} }
	files := fstest.MapFS{
		"00001_one.sql": sql("CREATE TABLE one (x INTEGER);"),
		"00002_two.sql": sql("CREATE TABLE two (x INTEGER); INSERT INTO one VALUES (1); INSERT INTO nowhere VALUES (1);"),
	}
	if err := db.migrate(t.Context(), files); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Fatalf("a bad migration: %v", err)
	}
	state := func() (tables, rows int) {
		t.Helper()
		for q, n := range map[string]*int{`SELECT count(*) FROM sqlite_master WHERE name IN ('one', 'two')`: &tables, `SELECT count(*) FROM one`: &rows} {
			if err := db.read.QueryRowContext(t.Context(), q).Scan(n); err != nil {
				t.Fatal(err)
			}
		}
		return tables, rows
	}
	if tables, rows := state(); tables != 1 || rows != 0 {
		t.Errorf("after it: %d tables, %d rows", tables, rows)
	}
	files["00002_two.sql"] = sql("CREATE TABLE two (x INTEGER); INSERT INTO one VALUES (1);")
	if err := db.migrate(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	if tables, rows := state(); tables != 2 || rows != 1 {
		t.Errorf("mended: %d tables, %d rows", tables, rows)
	}
	own, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(own) == 0 {
		t.Fatalf("%d migrations, %v", len(own), err)
	}
	for _, name := range own {
		if b, err := fs.ReadFile(migrations, name); err != nil || strings.Contains(strings.ToUpper(string(b)), "NO TRANSACTION") {
			t.Errorf("%s asks for no transaction, %v", name, err)
		}
	}
}
