package prompt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func rows(labels ...string) []Row {
	all := make([]Row, len(labels))
	for i, l := range labels {
		all[i] = Row{Label: l}
	}
	return all
}

// accounts is a menu of so many accounts.
func accounts(n int) Menu {
	m := Menu{Noun: "account", By: "name, e-mail or id"}
	for i := range n {
		name, email, id := fmt.Sprintf("Team %d", i), fmt.Sprintf("team-%d@example.com", i), fmt.Sprintf("%012d", i*7919)
		m.Rows = append(m.Rows, Row{Label: name + ", " + email + " (" + id + ")", Fields: []string{name, email, id}})
	}
	return m
}

func typed(text string) Key { return Key{Text: text} }

// updater is a model.
type updater interface {
	Update(Key) (bool, error)
	View(width, height int) Frame
}

// press gives keys and draws in between, as a terminal does.
func press(t *testing.T, m updater, keys ...Key) (done bool) {
	t.Helper()
	for _, k := range keys {
		var err error
		if done, err = m.Update(k); err != nil {
			t.Fatal(err)
		}
		m.View(80, 24)
	}
	return done
}

func wantScreen(t *testing.T, m updater, width, height int, want string) {
	t.Helper()
	if got := m.View(width, height).String(); got != want {
		t.Errorf("%dx%d:\n%s\nwant:\n%s", width, height, got, want)
	}
}

func TestListScreens(t *testing.T) {
	few := Menu{Noun: "account", By: "name, e-mail or id", Rows: []Row{
		{Label: "Production, ops@example.com (111111111111)"}, {Label: "日本語アカウント (222222222222)"}, {Label: "קבוצה (333333333333)"},
	}}
	for _, c := range []struct {
		name          string
		menu          Menu
		keys          []Key
		width, height int
		want          string
	}{
		{"few", few, nil, 80, 24, `Search: type to filter by name, e-mail or id
> Production, ops@example.com (111111111111)
  日本語アカウント (222222222222)
  קבוצה (333333333333)
1 of 3 accounts
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`},
		{"narrow", few, []Key{{Code: Down}}, 30, 15, `Search: type to filter by n…
  Production, ops@example.co…
> 日本語アカウント (22222222…
  קבוצה (333333333333)
日本語アカウント
(222222222222)
2 of 3 accounts
Enter chooses · Esc goes back
`},
		{"tiny", few, []Key{{Code: End}}, 12, 4, `/type to …
↑ 日本語ア…
> קבוצה (3…
`},
		{"many", accounts(5000), []Key{{Code: PageDown}, {Code: PageDown}}, 50, 15, `Search: type to filter by name, e-mail or id
↑ Team 20, team-20@example.com (000000158380)
  Team 21, team-21@example.com (000000166299)
  Team 22, team-22@example.com (000000174218)
  Team 23, team-23@example.com (000000182137)
  Team 24, team-24@example.com (000000190056)
  Team 25, team-25@example.com (000000197975)
  Team 26, team-26@example.com (000000205894)
  Team 27, team-27@example.com (000000213813)
  Team 28, team-28@example.com (000000221732)
  Team 29, team-29@example.com (000000229651)
> Team 30, team-30@example.com (000000237570)
31 of 5,000 accounts
Enter chooses · Esc goes back · Ctrl-C quits
`},
		{"found", accounts(5000), []Key{typed("team 49")}, 80, 10, `Search: team 49
> Team 49, team-49@example.com (000000388031)
  Team 490, team-490@example.com (000003880310)
  Team 491, team-491@example.com (000003888229)
  Team 492, team-492@example.com (000003896148)
  Team 493, team-493@example.com (000003904067)
↓ Team 494, team-494@example.com (000003911986)
1 of 489 accounts found, of 5,000
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`},
		{"nothing", few, []Key{typed("zzz")}, 80, 24, `Search: zzz
  nothing matches; Backspace or Ctrl-U
0 of 0 accounts found, of 3
Enter chooses · Esc goes back · ↑ ↓ PgUp PgDn Home End · Ctrl-C quits
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewList(c.menu)
			press(t, l, c.keys...)
			wantScreen(t, l, c.width, c.height, c.want)
		})
	}
}

func TestListMoves(t *testing.T) {
	l := NewList(accounts(40))
	l.View(80, 24) // 15 rows
	for _, c := range []struct {
		key  Code
		want int
	}{
		{Up, 39},
		{Down, 0},
		{Down, 1},
		{End, 39},
		{Down, 0},
		{PageDown, 15},
		{PageDown, 30},
		{PageDown, 39},
		{PageUp, 24},
		{PageUp, 9},
		{PageUp, 0},
		{BackTab, 39},
		{Tab, 0},
		{End, 39},
		{Home, 0},
	} {
		press(t, l, Key{Code: c.key})
		if l.Index() != c.want {
			t.Fatalf("key %d leads to row %d, want %d", c.key, l.Index(), c.want)
		}
	}
}

func TestListFilter(t *testing.T) {
	l := NewList(Menu{Rows: []Row{
		{Label: "Data Production (1)", Fields: []string{"Data Production", "data@example.com", "111111111111"}},
		{Label: "Production (2)", Fields: []string{"Production", "ops@example.com", "222222222222"}},
		{Label: "Sandbox (3)", Fields: []string{"Sandbox", "prod@example.com", "000000000042"}},
		{Label: "prod (4)", Fields: []string{"prod", "", "444444444444"}},
		{Label: "Ärzte (5)", Fields: []string{"Ärzte"}},
	}})
	for filter, want := range map[string]string{
		"prod": "[3 1 2 0]", "PROD DATA": "[0]", "data prod": "[0]", "0042": "[2]", "222222222222": "[1]", "example prod": "[0 1 2]",
		"dtaprd": "[0]", "ärz": "[4]", "ARZT": "[4]", "sdbx": "[2]", "nope!": "[]", "  ": "[0 1 2 3 4]",
	} {
		l.search(nil)
		press(t, l, typed(filter))
		if got := fmt.Sprint(l.found); got != want {
			t.Errorf("%q finds %s, want %s", filter, got, want)
		}
	}
	// Erasing the filter keeps the row.
	l.search(nil)
	press(t, l, typed("0042"), Key{Code: EraseToStart})
	if l.Index() != 2 || len(l.found) != 5 {
		t.Errorf("row %d of %v", l.Index(), l.found)
	}
	press(t, l, typed("data prod"), Key{Code: EraseLastWord}, Key{Code: Backspace}, Key{Code: Backspace})
	if got := strings.Join(l.filter, ""); got != "dat" {
		t.Errorf("filter %q", got)
	}
	if press(t, l, Key{Code: EraseToStart}, typed("nope!"), Key{Code: Enter}) {
		t.Error("nothing was chosen")
	}
	if !press(t, l, Key{Code: EraseToStart}, typed("0042"), Key{Code: Enter}) || l.Index() != 2 {
		t.Error("the row found was not chosen")
	}
}

func TestListLeaves(t *testing.T) {
	for code, want := range map[Code]error{Esc: ErrBack, Interrupt: ErrInterrupted, EndOfInput: ErrInterrupted} {
		if done, err := NewList(accounts(2)).Update(Key{Code: code}); done || !errors.Is(err, want) {
			t.Errorf("key %d: %v, %v", code, done, err)
		}
	}
	if l := NewList(Menu{Rows: rows("a", "b", "c"), Selected: 2}); l.Index() != 2 {
		t.Errorf("begins at %d", l.Index())
	}
	if l := NewList(Menu{Rows: rows("a"), Selected: 7}); l.Index() != 0 {
		t.Errorf("begins at %d", l.Index())
	}
}

// However long a text from outside is, what is shown of it is drawn at once.
func TestListLong(t *testing.T) {
	l := NewList(Menu{Rows: rows(strings.Repeat("日a ", 500_000))})
	start := time.Now()
	l.View(80, 24)
	if took := time.Since(start); took > time.Second {
		t.Errorf("drawn in %v", took)
	}
	l = NewList(Menu{Rows: rows("Z" + strings.Repeat("\u0301", 1000) + "algo")})
	wantScreen(t, l, 80, 5, "Search: type to filter\n> Z"+strings.Repeat("\u0301", maxMarks)+"algo\n1 of 1 row\n")
}

// Rows come from outside: whatever is in them, a line stays a line.
func TestListHostile(t *testing.T) {
	l := NewList(Menu{Rows: rows("evil\x1b]0;PWNED\x07\x1b[2J\r\nnext\u202eline\u2028x\u200b")})
	wantScreen(t, l, 80, 5, "Search: type to filter\n> evil]0;PWNED[2J  nextline x\n1 of 1 row\n")
}

func TestHighlight(t *testing.T) {
	for _, c := range []struct{ text, filter, want string }{
		{"Data Production", "prod", "Data <Prod>uction"},
		{"Data Production", "prod data", "<Data> <Prod>uction"},
		{"Sandbox", "sdbx", "<S>an<db>o<x>"},
		{"日本 prod", "prod", "日本 <prod>"},
		{"İ prod", "prod", "İ <prod>"}, // its lower case is longer
		{"Sandbox Zürich", "zurich", "Sandbox <Zürich>"},
		{"Sandbox Zu\u0308rich", "ZÜR", "Sandbox <Zu\u0308r>ich"},
		{"東京 開発", "開", "東京 <開>発"},
	} {
		var b strings.Builder
		for _, s := range highlight(c.text, c.filter, Plain) {
			if s.Style == Matched {
				b.WriteString("<" + s.Text + ">")
				continue
			}
			b.WriteString(s.Text)
		}
		if b.String() != c.want {
			t.Errorf("%q in %q: %s", c.filter, c.text, b.String())
		}
	}
}

func BenchmarkListFirstView(b *testing.B) {
	m := accounts(5000)
	for b.Loop() {
		NewList(m).View(80, 24)
	}
}

func BenchmarkListKey(b *testing.B) {
	for _, filter := range []string{"t", "team 49", "000123", "tmexmpl"} {
		b.Run(filter, func(b *testing.B) {
			l := NewList(accounts(5000))
			for b.Loop() {
				l.search(clusters(filter))
				l.View(80, 24)
			}
		})
	}
}
