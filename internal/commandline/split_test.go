package commandline_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/commandline"
)

// testdata/split.json is commands with what botocore's compat_shell_split makes of them on Linux and on
// Windows: the words, or its error.
func TestSplit(t *testing.T) {
	b, err := os.ReadFile("testdata/split.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][3]json.RawMessage
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) < 20 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		var command string
		if err := json.Unmarshal(row[0], &command); err != nil {
			t.Fatal(err)
		}
		for i, split := range []func(string) ([]string, error){commandline.SplitPOSIX, commandline.SplitWindows} {
			var want []string
			var wantErr string
			if json.Unmarshal(row[i+1], &want) != nil {
				_ = json.Unmarshal(row[i+1], &wantErr)
			}
			got, err := split(command)
			if !slices.Equal(got, want) || (err != nil || wantErr != "") && (err == nil || err.Error() != wantErr) {
				t.Errorf("%q, %d: %q, %v; want %q, %s", command, i, got, err, want, wantErr)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{`a "b c" d`, `'`, `\`, `"\`, `a\"b`, "", `""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, split := range []func(string) ([]string, error){commandline.SplitPOSIX, commandline.SplitWindows} {
			words, err := split(s)
			if err != nil && words != nil {
				t.Errorf("%q: both %q and %v", s, words, err)
			}
			if n := len(strings.Join(words, "")); n > len(s) {
				t.Errorf("%q: %q is longer", s, words)
			}
		}
	})
}
