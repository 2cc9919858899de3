package main

import (
	"strings"
	"testing"
)

// TestCounting reads what `go test -json` said of small packages.
func TestCounting(t *testing.T) {
	const (
		passes = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"ok p\n"}
{"Action":"pass","Package":"p","Elapsed":0.1}
`
		skips = `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    x_test.go:3: SKIP-TOOL: no browser\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
`
		fails = `{"Action":"output","Package":"p","Test":"TestC","Output":"    x_test.go:5: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":0.1}
`
		unbuilt = `{"ImportPath":"p","Action":"build-output","Output":"x.go:1:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`
		nothing = `{"Action":"skip","Package":"p"}
`
	)
	for _, c := range []struct {
		name, said string
		ci         bool
		tested     int
		code       int
		closing    string
		shown      string
	}{
		{"passes", passes, true, 1, 0, "1 passed, 0 failed, 0 skipped", "ok    p"},
		{"a skip at home", passes + skips, false, 2, 0, "1 passed, 0 failed, 1 skipped", "  p TestB: x_test.go:3: SKIP-TOOL: no browser\n"},
		{"a skip in CI", passes + skips, true, 2, 1, "1 passed, 0 failed, 1 skipped", "in CI nothing may be skipped"},
		{"a failure", passes + fails, false, 2, 1, "1 passed, 1 failed, 0 skipped", "    x_test.go:5: wrong\nFAIL  p"},
		{"does not build", passes + unbuilt, false, 2, 1, "1 passed, 1 failed, 0 skipped", "x.go:1:1: syntax error\nFAIL p [build failed]\n"},
		{"no tests", nothing, false, 0, 0, "0 passed, 0 failed, 0 skipped", ""},
		{"not JSON", "go: something\n" + passes, false, 1, 0, "1 passed, 0 failed, 0 skipped", "go: something\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			r := &run{out: &out, ci: c.ci}
			if got := r.read(strings.NewReader(c.said)); got != c.tested {
				t.Errorf("%d tests, want %d", got, c.tested)
			}
			if got := r.conclude(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			if !strings.HasSuffix(out.String(), "\n"+c.closing+"\n") && out.String() != c.closing+"\n" {
				t.Errorf("does not end with %q:\n%s", c.closing, out.String())
			}
			if !strings.Contains(out.String(), c.shown) || strings.Contains(out.String(), "chatter") {
				t.Errorf("want %q and no chatter in:\n%s", c.shown, out.String())
			}
		})
	}
}
