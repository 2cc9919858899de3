package lint

import (
	"slices"
	"testing"
)

// A cycle is said of the profiles that are in it, and not of one that leads into it.
func TestCycle(t *testing.T) {
	const role = "role_arn = arn:aws:iam::012345678901:role/X\n"
	w := world{config: "[profile a]\n" + role + "source_profile = b\n[profile b]\n" + role + "source_profile = c\n[profile c]\n" + role + "source_profile = b\n"}
	var got []string
	for _, f := range w.check(t) {
		harmless(t, w, f)
		got = append(got, f.Profile+": "+f.Code+": "+f.Text)
	}
	want := []string{
		`b: source-cycle: profile "b" takes its credentials from itself: "b" → "c" → "b"`,
		`c: source-cycle: profile "c" takes its credentials from itself: "c" → "b" → "c"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
