package awsconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPositions(t *testing.T) {
	c := loadBoth(t, lines(
		"# the top", "[profile a]", "region = x", "output = json", "s3 =", "  max = 3", "  # no value", "  min = 4",
		"[what]", "k = v", "[profile a b]", "[profile a]", "cli_pager = less",
	), lines(
		"[b]", "region = z", "[a]", "region = y", "output = json",
	))
	a := Header{ProfileSection, "a"}
	for _, p := range []struct {
		h    Header
		key  string
		file string
		line int
	}{
		{a, "", configPath, 2},
		{a, "none", configPath, 2},
		{a, "Region", credentialsPath, 4},
		{a, "cli_pager", configPath, 13},
		{Header{ProfileSection, "b"}, "", credentialsPath, 1},
		{Header{ProfileSection, "b"}, "region", credentialsPath, 2},
		{Header{SessionSection, "b"}, "region", "", 0},
	} {
		if file, line := c.Position(p.h, p.key); file != p.file || line != p.line {
			t.Errorf("%v %q is at %s:%d, want %s:%d", p.h, p.key, file, line, p.file, p.line)
		}
	}
	if diff := cmp.Diff([]Value{
		{"region", "", "y", credentialsPath, 4},
		{"output", "", "json", credentialsPath, 5},
		{"s3", "max", "3", configPath, 6},
		{"s3", "min", "4", configPath, 8},
		{"cli_pager", "", "less", configPath, 13},
	}, c.Values(a)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Value{{"region", "", "x", configPath, 3}}, c.Overridden("a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Block{
		{File: configPath, Line: 2, Text: "profile a", Keys: []string{"region", "output", "s3"}, Header: a, Described: true, Usable: true},
		{File: configPath, Line: 9, Text: "what", Keys: []string{"k"}},
		{File: configPath, Line: 11, Text: "profile a b", Header: Header{Kind: ProfileSection}, Described: true},
		{File: configPath, Line: 12, Text: "profile a", Keys: []string{"cli_pager"}, Header: a, Described: true, Usable: true},
		{File: credentialsPath, Credentials: true, Line: 1, Text: "b", Keys: []string{"region"}},
		{File: credentialsPath, Credentials: true, Line: 3, Text: "a", Keys: []string{"region", "output"}},
	}, c.Blocks()); diff != "" {
		t.Error(diff)
	}
}
