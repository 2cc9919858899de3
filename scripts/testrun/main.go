// Command testrun runs every test of the project and says at the end, by name, what was skipped.
//
// A skip is a tool that this machine lacks; with CI=true there may be none. The last line counts.
package main

import (
	"bufio"
	"encoding/json"
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
	r := &run{failedOutput: map[string][]string{}}
	for _, module := range []string{".", "referee"} {
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
	passed, failed int
	skipped        []string
	failedOutput   map[string][]string // by test, as it is printed
	broken         bool                // something failed that is not a test
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
		fmt.Println("FAIL", dir, err)
		r.broken = true
		return
	}
	r.read(out)
	if c.Wait() != nil && r.failed == 0 {
		r.broken = true
	}
}

func (r *run) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil && e.Action != "" {
			r.event(e)
		} else if len(line) > 0 {
			_, _ = os.Stdout.Write(line)
		}
		if err != nil {
			return
		}
	}
}

func (r *run) event(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		r.failedOutput[name] = append(r.failedOutput[name], e.Output)
		return
	case "pass", "skip", "fail":
		r.end(name, e)
	}
	if e.Action == "pass" || e.Action == "skip" {
		delete(r.failedOutput, name)
	}
}

func (r *run) end(name string, e event) {
	if e.Test == "" {
		if e.Action == "fail" {
			r.broken = true
			fmt.Print(strings.Join(r.failedOutput[name], ""))
		}
		if e.Action != "skip" { // a package without tests
			fmt.Printf("%-5s %-55s %6.1f s\n", map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action], e.Package, e.Elapsed)
		}
		return
	}
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Print(strings.Join(r.failedOutput[name], ""))
	case "skip":
		why := ""
		for _, o := range r.failedOutput[name] {
			if o = strings.TrimSpace(o); o != "" && !strings.HasPrefix(o, "=== ") && !strings.HasPrefix(o, "--- ") {
				why = o
			}
		}
		r.skipped = append(r.skipped, name+": "+why)
	}
}

func (r *run) conclude() int {
	ci := os.Getenv("CI") == "true"
	if len(r.skipped) > 0 {
		fmt.Println("\nskipped, because this machine lacks something:")
		for _, s := range r.skipped {
			fmt.Println("  " + s)
		}
		if ci {
			fmt.Println("in CI nothing may be skipped")
		}
	}
	if r.passed == 0 {
		fmt.Println("no test ran")
		r.broken = true
	}
	if r.broken && r.failed == 0 {
		r.failed = 1
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	if r.failed > 0 || ci && len(r.skipped) > 0 {
		return 1
	}
	return 0
}
