package prompt

import (
	"strings"
	"testing"
)

// fits fails when a frame is not one that a screen of that size can show.
func fits(t *testing.T, f Frame, width, height int) {
	t.Helper()
	if len(f.Lines) == 0 || len(f.Lines) > max(height, 2) {
		t.Fatalf("%d lines on %d:\n%s", len(f.Lines), height, f)
	}
	for i, line := range f.Lines {
		text := ""
		for _, s := range line {
			text += s.Text
		}
		if w := Width(text); w >= max(width, 5) {
			t.Fatalf("line %d is %d wide on %d: %q", i, w, width, text)
		}
		if text != Harmless(text) {
			t.Fatalf("line %d could do harm: %q", i, text)
		}
	}
	if f.Row < 0 || f.Row >= len(f.Lines) || f.Col < 0 || f.Col >= max(width, 5) {
		t.Fatalf("the cursor is at %d, %d on %dx%d:\n%s", f.Row, f.Col, width, height, f)
	}
}

// FuzzModels: whatever is pressed, and whatever is in a question, frames fit every screen.
func FuzzModels(f *testing.F) {
	f.Add("Prompt [x]: ", "eu,日本,👩‍👩‍👧,\x1b[2J,a b c", "e\x05\x06u\x01日\x02\x03", uint8(20), uint8(6))
	f.Add("", "", "\x00\x01\x02\x03\x04\x0a\x0b\x0c", uint8(1), uint8(1))
	f.Add(strings.Repeat("long ", 40), strings.Repeat("קבוצה ", 30), "aaaa\x06bbbb\x0e\x0f\x10", uint8(50), uint8(15))
	f.Fuzz(func(t *testing.T, question, texts, keys string, w, h uint8) {
		if len(keys) > 200 || len(texts) > 2000 || len(question) > 2000 {
			return // longer is slower, not other
		}
		width, height := int(w), int(h)
		var suggest []Suggestion
		var menu Menu
		for text := range strings.SplitSeq(texts, ",") {
			suggest = append(suggest, Suggestion{text, text})
			menu.Rows = append(menu.Rows, Row{Label: text, Fields: []string{text}})
		}
		field := Field{Prompt: question, Help: texts, Suggest: suggest, Separator: ",", Detail: func(a string) []string { return []string{a} }}
		for _, m := range []updater{NewLine(field), NewList(menu)} {
			fits(t, m.View(width, height), width, height)
			for _, r := range keys {
				k := Key{Text: string(r)}
				if r < 0x20 {
					k = Key{Code: Code(r % 20)}
				}
				if done, err := m.Update(k); done || err != nil {
					break
				}
				fits(t, m.View(width, height), width, height)
			}
		}
	})
}
