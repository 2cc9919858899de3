package output

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// RowError is a result whose rows have no columns in common.
type RowError struct{ Want, Got int }

// Error implements error, in the AWS CLI's words.
func (e *RowError) Error() string {
	return fmt.Sprintf("Row should have %d elements, instead it has %d", e.Want, e.Got)
}

// section is a box of a table: a title, one row of headers, rows.
type section struct {
	title   string
	nobody  bool // has no title, which is as wide as one of four letters
	headers []string
	rows    [][]string
	widths  []int // of the columns
	columns int   // -1 until there is a row
	indent  int
}

type table struct {
	sections []*section
	color    bool
}

// writeTable writes boxes in boxes. One that is wider than the terminal turns rows that are alone into columns.
func writeTable(b *strings.Builder, title string, v Value, terminal int, color bool) error {
	t := &table{color: color}
	if ok, err := t.build(&title, v, 0); err != nil || !ok {
		return err
	}
	total := t.width()
	if total > terminal {
		for i, s := range t.sections {
			t.sections[i] = s.turned()
		}
		total = t.width()
	}
	b.WriteString(strings.Repeat("-", total) + "\n")
	for _, s := range t.sections {
		t.render(b, s, total-2*s.indent)
	}
	return nil
}

func (t *table) build(title *string, v Value, indent int) (bool, error) {
	if empty(v) {
		return false, nil
	}
	if title != nil {
		t.open(title, indent)
	}
	switch v := v.(type) {
	case []Value:
		if isObject(v[0]) {
			return true, t.objects(v, indent, title)
		}
		for _, e := range v {
			if err := t.element(e); err != nil {
				return true, err
			}
		}
	case *Object:
		return true, t.object(v, indent)
	}
	return true, nil
}

// empty is what Python takes for false.
func empty(v Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case int64:
		return v == 0
	case float64:
		return v == 0
	case string:
		return v == ""
	case []Value:
		return len(v) == 0
	}
	return v.(*Object).Len() == 0
}

func (t *table) open(title *string, indent int) {
	s := &section{columns: -1, indent: indent, nobody: title == nil}
	if title != nil {
		s.title = *title
	}
	t.sections = append(t.sections, s)
}

func (t *table) last() *section { return t.sections[len(t.sections)-1] }

// element is one of a list that does not begin with an object.
func (t *table) element(v Value) error {
	switch v := v.(type) {
	case []Value:
		if !slices.ContainsFunc(v, func(e Value) bool { return !isScalar(e) }) {
			return t.last().add(texts(v))
		}
		_, err := t.build(nil, v, 0)
		return err
	case *Object:
		return t.last().add(v.keys)
	}
	return t.last().add([]string{Text(v)})
}

func texts(list []Value) []string {
	row := make([]string, len(list))
	for i, e := range list {
		row[i] = Text(e)
	}
	return row
}

func (t *table) object(o *Object, indent int) error {
	headers, more := membersOf(o)
	row := make([]string, len(headers))
	for i, k := range headers {
		row[i] = Text(o.values[k])
	}
	var err error
	switch {
	case len(headers) == 1:
		err = t.last().add([]string{headers[0], row[0]})
	case len(headers) > 1:
		if err = t.last().head(headers); err == nil {
			err = t.last().add(row)
		}
	}
	for _, k := range more {
		if err == nil {
			_, err = t.build(&k, o.values[k], indent+1)
		}
	}
	return err
}

// objects is a list of them: one box while they have nothing below them, one for each otherwise.
func (t *table) objects(list []Value, indent int, title *string) error {
	scalars, others := map[string]bool{}, map[string]bool{}
	for _, e := range list {
		o, ok := e.(*Object)
		if !ok {
			return errMixed
		}
		h, m := membersOf(o)
		for _, k := range h {
			scalars[k] = true
		}
		for _, k := range m {
			others[k] = true
		}
	}
	headers, more := slices.Sorted(maps.Keys(scalars)), slices.Sorted(maps.Keys(others))
	if err := t.last().head(headers); err != nil {
		return err
	}
	for i, e := range list {
		if i > 0 && len(more) > 0 {
			t.open(title, indent)
			if err := t.last().head(headers); err != nil {
				return err
			}
		}
		o := e.(*Object)
		row := make([]string, len(headers))
		for j, k := range headers {
			if v, ok := o.Get(k); ok {
				row[j] = Text(v)
			}
		}
		if err := t.last().add(row); err != nil {
			return err
		}
		for _, k := range more {
			if v, ok := o.Get(k); ok {
				if _, err := t.build(&k, v, indent+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func membersOf(o *Object) (scalars, others []string) {
	for _, k := range o.sorted() {
		if isScalar(o.values[k]) {
			scalars = append(scalars, k)
		} else {
			others = append(others, k)
		}
	}
	return scalars, others
}

func (s *section) head(headers []string) error {
	if s.columns < 0 {
		s.columns = len(headers)
	}
	s.headers = headers
	return s.measure(headers)
}

func (s *section) add(row []string) error {
	if s.columns < 0 {
		s.columns = len(row)
	}
	if len(row) != s.columns {
		return &RowError{s.columns, len(row)}
	}
	s.rows = append(s.rows, row)
	return s.measure(row)
}

func (s *section) measure(row []string) error {
	if len(s.widths) == 0 {
		s.widths = make([]int, len(row))
	}
	if len(row) > len(s.widths) {
		return &RowError{len(s.widths), len(row)}
	}
	for i, cell := range row {
		s.widths[i] = max(s.widths[i], columnsOf(cell))
	}
	return nil
}

// turned is a box of a single row with a row for each of its columns.
func (s *section) turned() *section {
	if len(s.rows) != 1 || len(s.headers) == 0 {
		return s
	}
	t := &section{title: s.title, nobody: s.nobody, indent: s.indent, columns: 2}
	for i, h := range s.headers {
		if i < len(s.rows[0]) {
			_ = t.add([]string{h, s.rows[0][i]}) // two of two
		}
	}
	return t
}

// padding is what a cell has besides its text: two blanks on each side.
const padding = 4

func (t *table) width() (total int) {
	for _, s := range t.sections {
		inner := 2
		for _, w := range s.widths {
			inner += w + padding
		}
		title := columnsOf(s.title)
		if s.nobody {
			title = 4
		}
		total = max(total, inner+2*s.indent, title+2+2*s.indent)
	}
	return total
}

// scaled is the columns' widths, stretched to fill the box. They are rounded to the nearest, halves to the even,
// and what is then over or missing is taken and given a column at a time.
func (s *section) scaled(total int) []int {
	sum := 0
	for _, w := range s.widths {
		sum += w + padding
	}
	widths, off := make([]int, len(s.widths)), -total
	for i, w := range s.widths {
		widths[i] = int(math.RoundToEven(float64(total) / float64(sum) * float64(w+padding)))
		off += widths[i]
	}
	for i := 0; off > 0; i = (i + 1) % len(widths) {
		widths[i]--
		off--
	}
	for i := len(widths) - 1; off < 0 && len(widths) > 0; i = (i + len(widths) - 1) % len(widths) {
		widths[i]++
		off++
	}
	return widths
}

// columnsOf is how wide a text is. What is of ambiguous width counts as wide, as it does for the AWS CLI.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r < 0x80 {
			continue
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			n++
		}
	}
	return n
}
