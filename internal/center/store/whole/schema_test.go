package whole_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/center/store/whole"
)

// connect goes behind everybody's back, with nothing of what is tested.
func (p place) connect() *sql.DB {
	p.t.Helper()
	driver := "sqlite"
	if postgres.IsURL(p.name) {
		driver = "pgx"
	}
	db, err := sql.Open(driver, p.name)
	if err != nil {
		p.t.Fatal(err)
	}
	return db
}

func (p place) exec(statement string) error {
	db := p.connect()
	defer db.Close() //nolint:errcheck // a test
	_, err := db.ExecContext(p.t.Context(), statement)
	return err
}

func (p place) yes() string {
	if postgres.IsURL(p.name) {
		return "true"
	}
	return "1"
}

func (p place) query(q string) (rows []string) {
	p.t.Helper()
	db := p.connect()
	defer db.Close() //nolint:errcheck // a test
	found, err := db.QueryContext(p.t.Context(), q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer found.Close() //nolint:errcheck // Err says it
	names, err := found.Columns()
	if err != nil {
		p.t.Fatal(err)
	}
	for found.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			p.t.Fatal(err)
		}
		var b strings.Builder
		for i, v := range row {
			if len(row) == 1 {
				fmt.Fprintf(&b, "%v", v)
			} else {
				fmt.Fprintf(&b, "%s=%T:%q ", names[i], v, fmt.Sprint(v))
			}
		}
		rows = append(rows, b.String())
	}
	if err := found.Err(); err != nil {
		p.t.Fatal(err)
	}
	return rows
}

// tables are those that there really are, but for what is no record.
func (p place) tables() []string {
	p.t.Helper()
	q := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if postgres.IsURL(p.name) {
		q = `SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`
	}
	return slices.DeleteFunc(p.query(q), func(name string) bool { return name == "goose_db_version" || name == whole.Revision })
}

// dump is everything that is in a database.
func (p place) dump() string {
	p.t.Helper()
	var b strings.Builder
	for _, name := range p.tables() {
		rows := p.query(`SELECT * FROM ` + name)
		slices.Sort(rows)
		fmt.Fprintf(&b, "%s:\n%s\n", name, strings.Join(rows, "\n"))
	}
	if b.Len() == 0 {
		p.t.Fatal("there are no tables")
	}
	return b.String()
}

func same(t *testing.T, a, b place) {
	t.Helper()
	x, y := strings.Split(a.dump(), "\n"), strings.Split(b.dump(), "\n")
	if len(x) != len(y) {
		t.Errorf("%d rows have become %d", len(x), len(y))
	}
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			t.Fatalf("this\n%s\nhas become\n%s", x[i], y[i])
		}
	}
}

// testSchema: whoever adds a table or a column in a migration has to say here what is in it.
func testSchema(t *testing.T, c *pgtest.Cluster) {
	lite, pg := place{t, filepath.Join(t.TempDir(), "center.db")}, place{t, c.Database(t)}
	lite.open()
	pg.open()
	kindsOf := map[string]map[whole.Kind][]string{
		"SQLite":     {whole.Text: {"TEXT"}, whole.Outside: {"TEXT"}, whole.Bytes: {"BLOB"}, whole.Integer: {"INTEGER"}, whole.Flag: {"INTEGER"}},
		"PostgreSQL": {whole.Text: {"text"}, whole.Outside: {"bytea"}, whole.Bytes: {"bytea"}, whole.Integer: {"bigint", "integer"}, whole.Flag: {"boolean"}},
	}
	for kind, db := range map[string]struct {
		place
		columns string // name and type of those in table %s, "!" for what a copy cannot fill
	}{
		"SQLite": {lite, `SELECT iif(name = 'interval', 'poll_interval', name) || ' ' || type || iif("notnull" = 1 OR pk > 0, '', ' NULL!') FROM pragma_table_xinfo('%s')`},
		"PostgreSQL": {pg, `SELECT column_name || ' ' || data_type || CASE WHEN is_nullable = 'NO' THEN '' ELSE ' NULL!' END ||
			CASE WHEN is_identity = 'NO' AND is_generated = 'NEVER' AND coalesce(column_default, '') NOT LIKE 'nextval%%' THEN '' ELSE ' generated!' END
			FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '%s'`},
	} {
		var known []string
		for _, table := range whole.Tables() {
			known = append(known, table.Name)
			there := slices.DeleteFunc(db.query(fmt.Sprintf(db.columns, table.Name)), func(s string) bool {
				return table.Name == whole.AuditHead && strings.HasPrefix(s, "one ")
			})
			if len(there) != len(table.Columns) {
				t.Errorf("%s: %s has the columns %q, the copy knows %v", kind, table.Name, there, table.Columns)
			}
			for _, column := range table.Columns {
				if !slices.ContainsFunc(kindsOf[kind][column.Kind], func(s string) bool { return slices.Contains(there, column.Name+" "+s) }) {
					t.Errorf("%s: %s.%s is not of kind %d: %q", kind, table.Name, column.Name, column.Kind, there)
				}
			}
		}
		slices.Sort(known)
		if there := db.tables(); len(there) == 0 || !slices.Equal(there, known) {
			t.Errorf("%s has the tables\n%q\nthe copy knows\n%q", kind, there, known)
		}
	}
}
