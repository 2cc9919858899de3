package query

import (
	"encoding/json"
	"os"
	"testing"

	"keyfob/internal/output"
)

// recorded is a query and what the AWS CLI's JMESPath makes of it. referee/testdata/formats.py records it.
type recorded struct {
	Query  string
	Value  string // JSON
	Result *string
	Bad    *string // why it cannot be read
	Fails  *string // why it cannot be answered
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
	if len(all) < 250 {
		t.Fatalf("only %d recordings", len(all))
	}
	return all
}

// otherWords are the queries that we refuse in words of our own.
func otherWords(query string) bool {
	switch query {
	case `"bad\q"`, "&s", "[&s]", "length(&s)":
		return true
	}
	return false
}

// TestAsTheAWSCLI compares answers, with the order of their members, and messages.
func TestAsTheAWSCLI(t *testing.T) {
	for _, r := range recordings(t) {
		e, err := Compile(r.Query)
		switch {
		case r.Bad != nil && err == nil:
			t.Errorf("%s: no error; the AWS CLI's is %s", r.Query, *r.Bad)
		case r.Bad != nil && err.Error() != *r.Bad && !otherWords(r.Query):
			t.Errorf("%s: error\n%s\nthe AWS CLI's is\n%s", r.Query, err, *r.Bad)
		case r.Bad == nil && err != nil:
			t.Errorf("%s: %v", r.Query, err)
		}
		if r.Bad != nil || err != nil {
			continue
		}
		v, err := output.Decode([]byte(r.Value))
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Search(v)
		switch {
		case otherWords(r.Query):
			if err == nil {
				t.Errorf("%s: no error", r.Query)
			}
		case r.Fails != nil && (err == nil || err.Error() != *r.Fails):
			t.Errorf("%s: error %v; the AWS CLI's is %s", r.Query, err, *r.Fails)
		case r.Fails == nil && err != nil:
			t.Errorf("%s: %v", r.Query, err)
		case r.Fails == nil:
			want, err := output.Decode([]byte(*r.Result))
			if err != nil {
				t.Fatalf("%s: %s: %v", r.Query, *r.Result, err)
			}
			if a, b := output.Compact(got), output.Compact(want); a != b {
				t.Errorf("%s is\n%s, not\n%s", r.Query, a, b)
			}
		}
	}
}

// FuzzSearch lets any query search any document: none may panic, or change the document.
func FuzzSearch(f *testing.F) {
	for _, r := range recordings(f) {
		f.Add(r.Query, `{"a": [1, {"b": "x"}], "s": null}`)
	}
	f.Fuzz(func(t *testing.T, query, document string) {
		v, err := output.Decode([]byte(document))
		if err != nil {
			return
		}
		e, err := Compile(query)
		if err != nil {
			return
		}
		before := output.Compact(v)
		got, err := e.Search(v)
		if after := output.Compact(v); before != after {
			t.Fatalf("%s was %s", after, before)
		}
		if err != nil {
			return
		}
		for _, format := range output.Formats() {
			_, _ = output.Write(output.Format(format), got, output.Options{Title: "T"})
		}
	})
}
