package output

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is a value and what AWS CLI 2.23.6 writes for it. referee/testdata/formats.py records it.
type recorded struct {
	Title   string             `json:"title"`
	Value   json.RawMessage    `json:"value"`
	Formats map[string]*string `json:"formats"`
}

func recordings(t testing.TB) []recorded {
	t.Helper()
	file, err := os.ReadFile("testdata/awscli.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Fatalf("only %d recordings", len(all))
	}
	return all
}

// TestAsTheAWSCLI compares every format with the AWS CLI's, byte for byte.
func TestAsTheAWSCLI(t *testing.T) {
	for _, r := range recordings(t) {
		v, err := Decode(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for name, want := range r.Formats {
			if strings.HasSuffix(name, "-error") {
				continue
			}
			seen++
			format, color := strings.CutSuffix(name, "-color")
			got, err := Write(Format(format), v, Options{Title: r.Title, Color: color})
			switch {
			case want == nil && err == nil:
				t.Errorf("%s of %.200s: no error; the AWS CLI's is %s", name, r.Value, *r.Formats[name+"-error"])
			case want != nil && err != nil:
				t.Errorf("%s of %.200s: %v", name, r.Value, err)
			case want != nil && got != *want:
				t.Errorf("%s of %.200s (-AWS CLI +keyfob):\n%s", name, r.Value, cmp.Diff(*want, got))
			}
		}
		if seen < 5 {
			t.Errorf("%d formats of %.200s", seen, r.Value)
		}
	}
}
