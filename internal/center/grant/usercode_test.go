package grant

import (
	"strings"
	"testing"
)

func FuzzNormaliseUserCode(f *testing.F) {
	for _, s := range []string{"BCDF-GHJK", "bcdfghjk", " b c d f\tg-h-j-k\n", "BCDF-GHJA", "", "BCDFGHJKL", "ſſſſſſſſ", "BCDFGHJ\u212a", strings.Repeat("-", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := normaliseUserCode(s)
		if !ok {
			return
		}
		if len(code) != userCodeLength || strings.Trim(code, userCodeAlphabet) != "" {
			t.Fatalf("%q is taken for the code %q", s, code)
		}
		if again, ok := normaliseUserCode(strings.ToLower(showUserCode(code))); !ok || again != code {
			t.Fatalf("%q as shown is %q, %v", code, again, ok)
		}
	})
}

func TestNormaliseUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdfghjk": "BCDFGHJK", "b-c d\tf--ghjk\n": "BCDFGHJK",
		"": "", "BCDF-GHJ": "", "BCDF-GHJKL": "", "BCDF-GHJA": "", "BCDF_GHJK": "", "BCDF1GHJ": "",
		strings.Repeat(" ", 30) + "BCDFGHJK": "",
	} {
		if got, ok := normaliseUserCode(typed); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %v, want %q", typed, got, ok, want)
		}
	}
}

// A source that only gives bytes above the fair range must be read past, not folded into it.
func TestNewUserCodeIsFair(t *testing.T) {
	counts := map[rune]int{}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	r := strings.NewReader(string(all))
	for range 240 / userCodeLength {
		code, err := newUserCode(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range code {
			counts[l]++
		}
	}
	if _, err := newUserCode(r); err == nil {
		t.Error("the last 16 values were used")
	}
	for _, l := range userCodeAlphabet {
		if counts[l] != 12 {
			t.Errorf("%c comes %d times in every 256 bytes, want 12", l, counts[l])
		}
	}
}
