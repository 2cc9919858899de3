package keyfob_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// requirements is how many there are.
const requirements = 84

// docs/security.md names a test for every requirement, or says that it is not met, and every test it names is
// there.
func TestSecurityPageIsTrue(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			have[d.Name()] = true
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range function.FindAllSubmatch(source, -1) {
				have[string(m[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d\d) \| .* \| (.*) \|$`).FindAllSubmatch(page, -1)
	named := regexp.MustCompile("`([^`]+)`")
	held := map[string]bool{}
	for _, row := range rows {
		if held[string(row[1])] {
			t.Errorf("requirement %s has two rows", row[1])
		}
		held[string(row[1])] = true
		tests := named.FindAllSubmatch(row[2], -1)
		if len(tests) == 0 {
			t.Errorf("requirement %s is held by nothing", row[1])
		}
		for _, m := range tests {
			if !have[string(m[1])] {
				t.Errorf("requirement %s: there is no %s", row[1], m[1])
			}
		}
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| .* \\| `(TestAttack\\w+)` \\|$").FindAllSubmatch(page, -1) {
		listed[string(row[1])] = true
	}
	for name := range have {
		if strings.HasPrefix(name, "TestAttack") && !listed[name] {
			t.Errorf("the page does not list %s", name)
		}
	}
	for name := range listed {
		if !have[name] {
			t.Errorf("there is no %s", name)
		}
	}
	_, gaps, found := strings.Cut(string(page), "\n## What is not covered\n")
	gaps, _, _ = strings.Cut(gaps, "\n## ")
	if !found {
		t.Error("the page does not say what is not covered")
	}
	for n := 1; n <= requirements; n++ {
		id := fmt.Sprintf("%02d", n)
		if !held[id] && !regexp.MustCompile(`(?m)^\* (\d\d, )*`+id+`[,:]`).MatchString(gaps) {
			t.Errorf("nothing is said of requirement %s", id)
		}
	}
}
