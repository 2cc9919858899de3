package prompt

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRows is how many rows are shown at once; more are hard to take in.
const maxRows = 15

// List is a [Menu] that is being answered: a picker. It is for one goroutine.
type List struct {
	menu   Menu
	labels []string // harmless
	rows   []searchable
	filter []string // by character
	found  []int    // rows that the filter finds
	cursor int      // index into found
	top    int      // index into found of the first row that is shown
	page   int      // rows that were shown last
	widest int      // of the labels
}

// NewList begins to ask.
func NewList(m Menu) *List {
	l := &List{menu: m, labels: make([]string, len(m.Rows)), rows: make([]searchable, len(m.Rows)), page: maxRows}
	for i, r := range m.Rows {
		l.labels[i] = Harmless(r.Label)
		l.rows[i] = searchableOf(r, l.labels[i])
		l.widest = max(l.widest, Width(l.labels[i]))
	}
	l.found = match(l.rows, "")
	l.cursor = min(max(m.Selected, 0), max(0, len(m.Rows)-1))
	return l
}

// Index is the row that was chosen, when Update has said done.
func (l *List) Index() int { return l.found[l.cursor] }

// Update takes a key. It returns done when a row is chosen, and [ErrBack] or [ErrInterrupted].
func (l *List) Update(k Key) (done bool, err error) {
	last := len(l.found) - 1
	switch k.Code {
	case Interrupt, EndOfInput:
		return false, ErrInterrupted
	case Esc:
		return false, ErrBack
	case Enter:
		return len(l.found) > 0, nil
	case Up, BackTab:
		l.move(l.cursor - 1)
		if l.cursor < 0 {
			l.move(last)
		}
	case Down, Tab:
		l.move(l.cursor + 1)
		if l.cursor > last {
			l.move(0)
		}
	case PageUp:
		l.move(max(l.cursor-l.page, 0))
	case PageDown:
		l.move(min(l.cursor+l.page, last))
	case Home:
		l.move(0)
	case End:
		l.move(last)
	case Type:
		filter := clusters(strings.Join(l.filter, "") + Harmless(k.Text))
		l.search(filter[:min(len(filter), maxText)])
	case Backspace:
		if n := len(l.filter); n > 0 {
			l.search(l.filter[:n-1])
		}
	case EraseToStart:
		l.search(nil)
	case EraseLastWord:
		words := strings.TrimRight(strings.Join(l.filter, ""), " ")
		l.search(clusters(words[:strings.LastIndexByte(words, ' ')+1]))
	}
	return false, nil
}

func (l *List) move(to int) { l.cursor = to }

// search finds anew. The cursor goes to the best row; without a filter it stays on the row it is on.
func (l *List) search(filter []string) {
	row := -1
	if len(l.found) > 0 {
		row = l.Index()
	}
	l.filter, l.cursor, l.top = filter, 0, 0
	l.found = match(l.rows, strings.Join(filter, ""))
	if len(filter) == 0 && row >= 0 {
		l.cursor = row
	}
}

// View shows the menu on a screen of a size: the filter, the rows, and below them how many there are,
// what is known about the one under the cursor, and the keys.
func (l *List) View(width, height int) Frame {
	width, height = max(width-1, 4), max(height-1, 2) // one line is left for what is above
	filter := strings.Join(l.filter, "")
	label := "Search: "
	if Width(label) > width/2 {
		label = "/"
	}
	room := width - Width(label)
	shown := tail(l.filter, room-1) // its end is what is being typed
	f := Frame{Col: Width(label) + Width(shown)}
	first := []Span{{label, Faint}, {shown, Plain}}
	if filter == "" {
		hint := "type to filter"
		if l.menu.By != "" {
			hint += " by " + l.menu.By
		}
		first = append(first, Span{cut(hint, room-1), Faint})
	}
	f.Lines = append(f.Lines, first)

	var below [][]Span
	if height >= 4 {
		below = append(below, spans(Faint, cut(l.count(), width))...)
	}
	if height >= 6 {
		below = append(below, spans(Faint, keys(width))...)
	}
	if height >= 9 {
		below = append(l.detail(width), below...)
	}
	l.page = max(1, min(maxRows, len(l.rows), height-1-len(below)))
	f.Lines = append(f.Lines, l.viewRows(width, filter)...)
	f.Lines = append(f.Lines, below...)
	return f
}

func (l *List) viewRows(width int, filter string) [][]Span {
	if len(l.found) == 0 {
		return spans(Wrong, cut("  nothing matches; Backspace or Ctrl-U", width))
	}
	if l.cursor < l.top {
		l.top = l.cursor
	}
	if l.cursor >= l.top+l.page {
		l.top = l.cursor - l.page + 1
	}
	l.top = min(l.top, max(0, len(l.found)-l.page))
	var lines [][]Span
	end := min(len(l.found), l.top+l.page)
	for i := l.top; i < end; i++ {
		mark, style := "  ", Plain
		switch {
		case i == l.cursor:
			mark, style = "> ", Selected
		case i == l.top && i > 0:
			mark = "↑ "
		case i == end-1 && end < len(l.found):
			mark = "↓ "
		}
		text := cut(l.labels[l.found[i]], width-2)
		line := []Span{{mark, style}}
		if filter == "" {
			line = append(line, Span{text, style})
		} else {
			line = append(line, highlight(text, filter, style)...)
		}
		lines = append(lines, line)
	}
	return lines
}

// detailLines is how many lines the details take.
const detailLines = 2

// detail is the whole label of the row under the cursor, where labels have to be cut.
func (l *List) detail(width int) [][]Span {
	if l.widest <= width-2 {
		return nil
	}
	var lines []string
	if len(l.found) > 0 {
		lines = wrap(l.labels[l.Index()], width)
	}
	// Always as many, so that nothing moves when the cursor does.
	return spans(Faint, append(lines, "", "")[:detailLines]...)
}

// count says where the cursor is: "17 of 5,000 accounts", "1 of 12 accounts found, of 5,000".
func (l *List) count() string {
	noun := l.menu.Noun
	if noun == "" {
		noun = "row"
	}
	at := thousands(min(l.cursor+1, len(l.found)))
	if len(l.found) == len(l.rows) {
		return fmt.Sprintf("%s of %s", at, plural(len(l.rows), noun))
	}
	return fmt.Sprintf("%s of %s found, of %s", at, plural(len(l.found), noun), thousands(len(l.rows)))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// keys names the keys, as many of them as fit.
func keys(width int) string {
	text := "Enter chooses"
	for _, more := range []string{"Esc goes back", "↑ ↓ PgUp PgDn Home End", "Ctrl-C quits"} {
		if longer := text + " · " + more; Width(longer) <= width {
			text = longer
		}
	}
	return cut(text, width)
}
