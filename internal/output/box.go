package output

import "strings"

// The AWS CLI's two colors, and the end of one.
const (
	brightBlue = "\x1b[1m\x1b[34m"
	dimYellow  = "\x1b[2m\x1b[33m"
	plain      = "\x1b[0m"
)

// render draws one box, as wide as all others are at its level.
func (t *table) render(b *strings.Builder, s *section, total int) {
	edge := strings.Repeat(t.paint(dimYellow, "|"), s.indent)
	line := func(text string) { b.WriteString(edge + text + edge + "\n") }
	if s.title != "" {
		line(centered(s.title, total, "|"))
		if len(s.headers) == 0 && len(s.rows) == 0 {
			line("+" + strings.Repeat("-", max(0, total-2)) + "+")
		}
	}
	if len(s.widths) == 0 {
		if len(s.headers) > 0 {
			line("")
		}
		return
	}
	widths := s.scaled(total)
	rule := ruled(widths)
	if len(s.headers) > 0 {
		var row strings.Builder
		for i, h := range s.headers {
			if i < len(widths) {
				row.WriteString(centered(h, widths[i], left(i)))
			}
		}
		line(rule)
		line(row.String())
	}
	if len(s.rows) == 0 {
		return
	}
	line(rule)
	for _, cells := range s.rows {
		var row strings.Builder
		for i, cell := range cells {
			if i < len(widths) {
				row.WriteString(t.aligned(cell, widths[i], left(i)))
			}
		}
		line(row.String())
	}
	line(rule)
}

// left is the left edge of a cell. All but the first lean on their neighbour.
func left(column int) string {
	if column == 0 {
		return "|"
	}
	return ""
}

func ruled(widths []int) string {
	var b strings.Builder
	for i, w := range widths {
		if i == 0 {
			b.WriteString("+" + blanks("-", w-2) + "+")
		} else {
			b.WriteString(blanks("-", w-1) + "+")
		}
	}
	return b.String()
}

// centered is a text in the middle of a cell of total columns, edges included.
func centered(text string, total int, edge string) string {
	size := columnsOf(text)
	before := total/2 - size/2 - 1
	return edge + blanks(" ", before) + text + blanks(" ", total-1-(len(edge)+before+size)) + "|"
}

func (t *table) aligned(text string, total int, edge string) string {
	size, before := columnsOf(text), 2
	if total < size+before+len(edge)+1 {
		before = 0
	}
	return edge + blanks(" ", before) + t.paint(brightBlue, text) + blanks(" ", total-(len(edge)+before+size)-1) + "|"
}

func (t *table) paint(color, text string) string {
	if !t.color {
		return text
	}
	return color + text + plain
}

func blanks(of string, n int) string { return strings.Repeat(of, max(0, n)) }
