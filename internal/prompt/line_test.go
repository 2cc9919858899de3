package prompt

import (
	"errors"
	"strings"
	"testing"
)

func region() Field {
	return Field{
		Prompt: "SSO region [us-east-1]: ", Default: "us-east-1", Help: "The region that Identity Center is in: us-east-1",
		Suggest: []Suggestion{{"eu-west-1", ""}, {"eu-central-1", "Frankfurt"}, {"us-west-2", ""}, {"eu-west-2", ""}, {"eu-west-3", ""}, {"eu-north-1", ""}, {"eu-south-1", ""}},
		Check: func(answer string) error {
			if strings.Contains(answer, " ") {
				return errors.New("a region has no blanks in it, as anybody knows who has ever seen one; one is like us-east-1")
			}
			return nil
		},
	}
}

func keyCodes(codes ...Code) []Key {
	keys := make([]Key, len(codes))
	for i, c := range codes {
		keys[i] = Key{Code: c}
	}
	return keys
}

func TestLineScreens(t *testing.T) {
	long := region()
	long.Prompt, long.Detail = "SSO start URL [https://my-very-long-company-name.awsapps.com/start]: ", func(answer string) []string { return []string{"about " + answer, "\x1b[2J"} }
	for _, c := range []struct {
		name          string
		field         Field
		keys          []Key
		width, height int
		want          string
	}{
		{"asked", region(), nil, 80, 24, "SSO region [us-east-1]: \nThe region that Identity Center is in: us-east-1  (Tab: 7 known)\n"},
		{"asked in little room", region(), nil, 30, 15, "SSO region [us-east-1]: \n\nThe region that Identity\nCenter is in: us-east-1 \n(Tab: 7 known)\n"},
		{"typing", region(), []Key{typed("eu")}, 80, 24, "SSO region [us-east-1]: eu\n  eu-west-1\n  eu-central-1  Frankfurt\n  eu-west-2\n  eu-west-3\n  eu-north-1\n  1 more\n"},
		{"taking one", region(), append([]Key{typed("eu")}, keyCodes(Tab, Tab)...), 80, 24, "SSO region [us-east-1]: eu-central-1\n  eu-west-1\n> eu-central-1  Frankfurt\n  eu-west-2\n  eu-west-3\n  eu-north-1\n  1 more\n"},
		{"taking the last", region(), append([]Key{typed("eu")}, keyCodes(BackTab)...), 80, 24, "SSO region [us-east-1]: eu-south-1\n  eu-central-1  Frankfurt\n  eu-west-2\n  eu-west-3\n  eu-north-1\n> eu-south-1\n  1 more\n"},
		{"in the middle of a word", region(), []Key{typed("west")}, 80, 5, "SSO region [us-east-1]: west\n  eu-west-1\n  us-west-2\n  eu-west-2\n"},
		{"refused", region(), append([]Key{typed("eu west")}, keyCodes(Enter)...), 60, 24, "SSO region [us-east-1]: eu west\na region has no blanks in it, as anybody knows who has ever\nseen one; one is like us-east-1\nThe region that Identity Center is in: us-east-1\n"},
		{"long", long, []Key{typed("x")}, 40, 24, "SSO start URL\n[https://my-very-long-company-name.awsa\npps.com/start]: x\nabout x\n[2J\nThe region that Identity Center is in:\nus-east-1\n"},
		{"scrolled", region(), []Key{typed("0123456789abcdefghijklmnopqrstuvwxyz")}, 44, 24, "SSO region [us-east-1]: ijklmnopqrstuvwxyz\nThe region that Identity Center is in:\nus-east-1\n"},
		{"no room", long, []Key{typed("x")}, 20, 2, "x\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLine(c.field)
			press(t, l, c.keys...)
			wantScreen(t, l, c.width, c.height, c.want)
		})
	}
}

func TestLineAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []Key
		want string
	}{
		{"typed", []Key{typed("eu-west-1")}, "eu-west-1"},
		{"blanks around", []Key{typed("  eu-west-1 ")}, "eu-west-1"},
		{"Enter alone", nil, "us-east-1"},
		{"a completion that nobody took", []Key{typed("eu")}, "eu"},
		{"a completion", append([]Key{typed("eu-c")}, keyCodes(Tab)...), "eu-central-1"},
		{"the next", append([]Key{typed("eu")}, keyCodes(Tab, Down, Up, Tab)...), "eu-central-1"},
		{"round", append([]Key{typed("us-w")}, keyCodes(Tab, Tab, Tab)...), "us-west-2"},
		{"not that one", append([]Key{typed("eu")}, keyCodes(Tab, Esc)...), "eu"},
		{"erased", append([]Key{typed("abc")}, keyCodes(Backspace, Left, Delete, Backspace)...), "us-east-1"},
		{"Ctrl-U", append([]Key{typed("abc")}, Key{Code: Left}, Key{Code: EraseToStart}, typed("x")), "xc"},
		{"Ctrl-K", append([]Key{typed("abc")}, Key{Code: Home}, Key{Code: Right}, Key{Code: EraseToEnd}), "a"},
		{"Ctrl-W", append([]Key{typed("https://a.b/c")}, Key{Code: EraseLastWord}), "https://a.b/"},
		{"words", append([]Key{typed("ab cd")}, Key{Code: WordLeft}, Key{Code: WordLeft}, Key{Code: WordRight}, typed("X"), Key{Code: End}, typed("Y")), "abX cdY"},
		{"Ctrl-D", append([]Key{typed("abc")}, Key{Code: Home}, Key{Code: EndOfInput}), "bc"},
		{"characters of several code points", append([]Key{typed("e"), typed("\u0301"), typed("👩‍👩‍👧x")}, keyCodes(Left, Backspace)...), "e\u0301x"},
		{"control characters", []Key{typed("a\x1b[31m\tb\u202e")}, "a[31m b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := region()
			f.Check = nil
			l := NewLine(f)
			if !press(t, l, append(c.keys, Key{Code: Enter})...) || l.Answer() != c.want {
				t.Errorf("%q, want %q", l.Answer(), c.want)
			}
		})
	}
}

func TestLineList(t *testing.T) {
	l := NewLine(Field{Prompt: "Scopes: ", Separator: ",", Suggest: []Suggestion{{"sso:account:access", ""}, {"a:b", ""}}})
	if !press(t, l, typed("sso"), Key{Code: Tab}, typed(", a"), Key{Code: Tab}, Key{Code: Enter}) || l.Answer() != "sso:account:access, a:b" {
		t.Errorf("%q", l.Answer())
	}
	if l.Last() != "Scopes: sso:account:access, a:b" {
		t.Errorf("%q", l.Last())
	}
}

func TestLineLeaves(t *testing.T) {
	for code, want := range map[Code]error{Esc: ErrBack, Interrupt: ErrInterrupted, EndOfInput: ErrInterrupted} {
		if done, err := NewLine(region()).Update(Key{Code: code}); done || !errors.Is(err, want) {
			t.Errorf("key %d: %v, %v", code, done, err)
		}
	}
	// Esc closes the completions first.
	l := NewLine(region())
	press(t, l, typed("eu"), Key{Code: Esc})
	if _, err := l.Update(Key{Code: Esc}); !errors.Is(err, ErrBack) {
		t.Errorf("%v", err)
	}
}

// A refused answer stays to be corrected, and the reason goes with the next key.
func TestLineRefused(t *testing.T) {
	l := NewLine(region())
	if press(t, l, typed("eu west"), Key{Code: Enter}) || !strings.Contains(l.View(80, 24).String(), "no blanks") {
		t.Fatal("not refused")
	}
	if !press(t, l, Key{Code: EraseLastWord}, Key{Code: Backspace}, typed("-1"), Key{Code: Enter}) || l.Answer() != "eu-1" {
		t.Errorf("%q", l.Answer())
	}
	if strings.Contains(l.View(80, 24).String(), "no blanks") {
		t.Error("the reason is still there")
	}
}

func TestCursor(t *testing.T) {
	l := NewLine(region())
	for _, c := range []struct {
		key      Key
		row, col int
	}{
		{typed("日本"), 0, 28}, {Key{Code: Left}, 0, 26}, {Key{Code: Home}, 0, 24}, {Key{Code: End}, 0, 28},
	} {
		press(t, l, c.key)
		if f := l.View(80, 24); f.Row != c.row || f.Col != c.col {
			t.Errorf("after %v the cursor is at %d, %d", c.key, f.Row, f.Col)
		}
	}
}
