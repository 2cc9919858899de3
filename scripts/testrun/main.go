// Command testrun runs every test of the project and says at the end, by name, what was skipped.
//
// A skip is a tool that this machine lacks; with CI=true there may be none. The last line counts.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	race := flag.Bool("race", false, "with the race detector")
	flag.Parse()
	r := &run{out: os.Stdout, ci: os.Getenv("CI") == "true"}
	for _, module := range []string{".", "credentials", "referee"} {
		r.module(module, *race)
	}
	os.Exit(r.conclude())
}

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	FailedBuild                   string
}

type run struct {
	out io.Writer
	ci  bool // a skip is a failure

	passed, failed int
	skipped        []string
	output         map[string][]string // by test, until it is known whether anybody wants to see it
}

func (r *run) module(dir string, race bool) {
	args := []string{"test", "-json", "-count=1", "-timeout=20m", "./..."}
	if race {
		args = slices.Insert(args, 2, "-race")
	}
	c := exec.Command("go", args...)
	c.Dir = dir
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.fail(dir, err)
		return
	}
	failed := r.failed
	tested := r.read(out)
	switch err := c.Wait(); {
	case err != nil && r.failed == failed:
		r.fail(dir, err)
	case tested == 0:
		r.fail(dir, errors.New("no test ran"))
	}
}

// fail counts what went wrong without a test that did.
func (r *run) fail(what string, err error) {
	r.failed++
	_, _ = fmt.Fprintf(r.out, "FAIL  %s: %v\n", what, err)
}

// read takes in what go test says, and returns how many tests that were.
func (r *run) read(out io.Reader) (tested int) {
	r.output = map[string][]string{}
	before := r.passed + r.failed + len(r.skipped)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil && e.Action != "" {
			r.event(e)
		} else {
			_, _ = r.out.Write(line)
		}
		if err != nil {
			return r.passed + r.failed + len(r.skipped) - before
		}
	}
}

func (r *run) event(e event) {
	name := strings.TrimSpace(e.Package + " " + e.Test)
	switch e.Action {
	case "build-output":
		r.print(e.Output)
	case "output":
		r.output[name] = append(r.output[name], e.Output)
	case "pass", "fail", "skip":
		if e.Action == "fail" {
			r.print(r.output[name]...)
		}
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(name, e.Action)
		}
		delete(r.output, name)
	}
}

func (r *run) print(s ...string) { _, _ = io.WriteString(r.out, strings.Join(s, "")) }

func (r *run) endPackage(e event) {
	verdict := map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action]
	if verdict != "" { // else there are no tests in it
		_, _ = fmt.Fprintf(r.out, "%-5s %-55s %6.1f s\n", verdict, e.Package, e.Elapsed)
	}
	if e.FailedBuild != "" {
		r.failed++
	}
}

func (r *run) endTest(name, action string) {
	switch action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
	case "skip":
		why := ""
		for _, o := range r.output[name] {
			if o = strings.TrimSpace(o); o != "" && !strings.HasPrefix(o, "=== ") && !strings.HasPrefix(o, "--- ") {
				why = o
			}
		}
		r.skipped = append(r.skipped, name+": "+why)
	}
}

// conclude prints the closing lines and returns the exit code.
func (r *run) conclude() int {
	if len(r.skipped) > 0 {
		r.print("\nskipped, because this machine lacks something:\n")
		for _, s := range r.skipped {
			r.print("  ", s, "\n")
		}
		if r.ci {
			r.print("in CI nothing may be skipped\n")
		}
	}
	_, _ = fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	if r.failed > 0 || r.ci && len(r.skipped) > 0 {
		return 1
	}
	return 0
}
