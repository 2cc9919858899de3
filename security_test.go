package keyfob_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/security.md names a test for every requirement, and every test it names is there.
func TestSecurityPageIsTrue(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
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
	if len(rows) < 60 {
		t.Fatalf("the page has %d requirements", len(rows))
	}
	named := regexp.MustCompile("`([^`]+)`")
	for _, row := range rows {
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
}
