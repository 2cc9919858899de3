package prompt

import (
	"fmt"
	"slices"
	"strings"
)

// maxSuggestions is how many completions are shown at once.
const maxSuggestions = 5

// maxText is how many characters an answer may have; what is typed or pasted beyond is dropped.
const maxText = 4096

// Line is a [Field] that is being answered: a line editor. It is for one goroutine.
type Line struct {
	field   Field
	prompt  string   // harmless
	text    []string // by character
	at      int      // the cursor is in front of text[at]
	reason  string   // why the last answer was refused
	answer  string
	scrolls int // characters that are out of sight to the left

	open   bool   // completions are shown
	typed  string // what is being completed, as it was typed
	chosen int    // index of the completion that was taken, -1 for none
}

// NewLine begins to ask.
func NewLine(f Field) *Line { return &Line{field: f, prompt: Harmless(f.Prompt), chosen: -1} }

// Answer is the answer, when Update has said done.
func (l *Line) Answer() string { return l.answer }

// Last is the line that stays: the question with what was typed.
func (l *Line) Last() string {
	return l.prompt + strings.TrimSpace(strings.Join(l.text, ""))
}

// Update takes a key. It returns done when there is an answer, and [ErrBack] or [ErrInterrupted].
func (l *Line) Update(k Key) (done bool, err error) {
	switch k.Code {
	case Interrupt:
		return false, ErrInterrupted
	case EndOfInput:
		if len(l.text) == 0 {
			return false, ErrInterrupted
		}
		l.erase(l.at, l.at+1)
	case Esc:
		if !l.open {
			return false, ErrBack
		}
		if l.chosen >= 0 {
			l.complete(l.typed)
		}
		l.close()
	case Enter:
		return l.enter(), nil
	case Tab, Down:
		l.next(1)
	case BackTab, Up:
		l.next(-1)
	case Type:
		l.insert(k.Text)
	case Backspace:
		l.erase(l.at-1, l.at)
	case Delete:
		l.erase(l.at, l.at+1)
	case EraseToStart:
		l.erase(0, l.at)
	case EraseToEnd:
		l.erase(l.at, len(l.text))
	case EraseLastWord:
		l.erase(l.wordLeft(), l.at)
	case Left:
		l.move(l.at - 1)
	case Right:
		l.move(l.at + 1)
	case Home:
		l.move(0)
	case End:
		l.move(len(l.text))
	case WordLeft:
		l.move(l.wordLeft())
	case WordRight:
		l.move(l.wordRight())
	}
	return false, nil
}

func (l *Line) enter() bool {
	l.answer = strings.TrimSpace(strings.Join(l.text, ""))
	if l.answer == "" {
		l.answer = l.field.Default
	}
	l.close()
	if l.field.Check == nil {
		return true
	}
	err := l.field.Check(l.answer)
	if err != nil {
		l.reason = Harmless(err.Error())
	}
	return err == nil
}

func (l *Line) insert(text string) {
	added := clusters(Harmless(text))
	// What is typed may join the character before it, as an accent does.
	joined := clusters(strings.Join(l.text[:l.at], "") + strings.Join(added, ""))
	joined = joined[:min(len(joined), maxText)]
	l.text = slices.Concat(joined, l.text[l.at:])
	l.at = len(joined)
	l.edited()
}

func (l *Line) erase(from, to int) {
	from, to = max(from, 0), min(to, len(l.text))
	if from >= to {
		return
	}
	l.text = slices.Delete(l.text, from, to)
	l.at = from
	l.edited()
}

// edited shows the completions of what there is now.
func (l *Line) edited() {
	l.reason, l.chosen = "", -1
	l.typed = l.item()
	l.open = len(l.text) > 0 && len(l.completions()) > 0
}

func (l *Line) move(to int) {
	l.at = min(max(to, 0), len(l.text))
	l.close()
}

func (l *Line) close() { l.open, l.chosen = false, -1 }

func (l *Line) wordLeft() int {
	i := l.at
	for i > 0 && isBreak(l.text[i-1]) {
		i--
	}
	for i > 0 && !isBreak(l.text[i-1]) {
		i--
	}
	return i
}

func (l *Line) wordRight() int {
	i := l.at
	for i < len(l.text) && isBreak(l.text[i]) {
		i++
	}
	for i < len(l.text) && !isBreak(l.text[i]) {
		i++
	}
	return i
}

func isBreak(c string) bool { return strings.Contains(" ,:/.-", c) }

// item is what is completed: all of the text, or the item of a list that the cursor is behind.
func (l *Line) item() string {
	text := strings.Join(l.text, "")
	if l.field.Separator != "" {
		text = text[strings.LastIndex(text, l.field.Separator)+1:]
	}
	return strings.TrimLeft(text, " ")
}

// complete puts an item in the place of the one that was typed.
func (l *Line) complete(item string) {
	text := strings.Join(l.text, "")
	head := strings.TrimSuffix(text, l.item())
	l.text = clusters(head + item)
	l.at = len(l.text)
}

// completions are the suggestions for what was typed: those that begin with it, then those that have it
// somewhere. What is typed in full is none.
func (l *Line) completions() []Suggestion {
	typed := strings.ToLower(l.typed)
	var first, second []Suggestion
	for _, s := range l.field.Suggest {
		switch text := strings.ToLower(s.Text); {
		case text == typed, s.Text != Harmless(s.Text):
		case strings.HasPrefix(text, typed):
			first = append(first, s)
		case strings.Contains(text, typed):
			second = append(second, s)
		}
	}
	return append(first, second...)
}

// next takes the next completion, or the one before.
func (l *Line) next(step int) {
	if !l.open {
		l.typed, l.chosen = l.item(), -1
	}
	all := l.completions()
	if len(all) == 0 {
		return
	}
	l.open, l.reason = true, ""
	switch {
	case l.chosen < 0 && step < 0:
		l.chosen = len(all) - 1
	default:
		l.chosen = (l.chosen + step + len(all)) % len(all)
	}
	l.complete(all[l.chosen].Text)
}

// View shows the question on a screen of a size: the prompt and the answer, then why it was refused,
// completions, what is known about the answer, and help.
func (l *Line) View(width, height int) Frame {
	width = max(width-1, 4) // the last column makes terminals wrap
	f := l.viewAnswer(width)
	below := l.viewBelow(width)
	most := max(height-1, 1)
	if extra := len(f.Lines) - most; extra > 0 { // the end of the prompt matters most
		f.Row -= extra
		f.Lines = f.Lines[extra:]
	}
	f.Lines = append(f.Lines, below[:min(len(below), most-len(f.Lines))]...)
	return f
}

func (l *Line) viewAnswer(width int) Frame {
	lines := wrapHard(l.prompt, width)
	last := lines[len(lines)-1]
	room := width - Width(last)
	if room < min(16, width) {
		lines, last, room = append(lines, ""), "", width
	}
	visible, col := l.window(room)
	f := Frame{Lines: spans(Plain, lines...), Row: len(lines) - 1, Col: Width(last) + col}
	f.Lines[f.Row] = append(f.Lines[f.Row], Span{visible, Plain})
	return f
}

// wrapHard is wrap that keeps the blank at the end of a prompt.
func wrapHard(s string, width int) []string {
	lines := wrap(strings.TrimRight(s, " "), width)
	if n := len(lines) - 1; strings.HasSuffix(s, " ") && Width(lines[n]) < width {
		lines[n] += " "
	}
	return lines
}

// window is the part of the text that fits, and where in it the cursor is.
func (l *Line) window(room int) (visible string, col int) {
	ends := make([]int, len(l.text)+1) // how wide the text is up to there
	for i, c := range l.text {
		ends[i+1] = ends[i] + Width(c)
	}
	l.scrolls = min(l.scrolls, l.at)
	for l.scrolls < l.at && ends[l.at]-ends[l.scrolls] >= room {
		l.scrolls++
	}
	for l.scrolls > 0 && ends[len(l.text)]-ends[l.scrolls-1] < room {
		l.scrolls--
	}
	visible, _ = split(strings.Join(l.text[l.scrolls:], ""), room)
	return visible, ends[l.at] - ends[l.scrolls]
}

func (l *Line) viewBelow(width int) [][]Span {
	var lines [][]Span
	if l.reason != "" {
		lines = append(lines, spans(Wrong, wrap(l.reason, width)...)...)
	}
	all := l.completions()
	if l.open {
		lines = append(lines, l.viewCompletions(all, width)...)
	}
	if l.field.Detail != nil {
		for _, d := range l.field.Detail(strings.TrimSpace(strings.Join(l.text, ""))) {
			lines = append(lines, spans(Faint, cut(Harmless(d), width))...)
		}
	}
	if !l.open && (l.field.Help != "" || len(all) > 0 && len(l.text) == 0) {
		help := Harmless(l.field.Help)
		if len(all) > 0 && len(l.text) == 0 {
			help = strings.TrimLeft(fmt.Sprintf("%s  (Tab: %d known)", help, len(all)), " ")
		}
		lines = append(lines, spans(Faint, wrap(help, width)...)...)
	}
	return lines
}

func (l *Line) viewCompletions(all []Suggestion, width int) [][]Span {
	var lines [][]Span
	from := max(0, min(l.chosen-maxSuggestions+1, len(all)-maxSuggestions))
	for i := from; i < min(len(all), from+maxSuggestions); i++ {
		mark, style := "  ", Plain
		if i == l.chosen {
			mark, style = "> ", Selected
		}
		text := cut(mark+Harmless(all[i].Text), width)
		line := []Span{{text, style}}
		if note, room := Harmless(all[i].Note), width-Width(text)-2; note != "" && room > 8 {
			line = append(line, Span{"  " + cut(note, room), Faint})
		}
		lines = append(lines, line)
	}
	if more := len(all) - maxSuggestions; more > 0 {
		lines = append(lines, spans(Faint, cut(fmt.Sprintf("  %d more", more), width))...)
	}
	return lines
}
