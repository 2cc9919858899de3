package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"keyfob/internal/clock"
	"keyfob/internal/lint"
)

// The commands that a check advises do what they are advised for: the finding is gone, and nothing else is
// wrong instead.
func TestAdvisedCommandsHelp(t *testing.T) {
	paths, err := filepath.Glob("../lint/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if f.Name == "config" || f.Name == "credentials" {
				if err := os.WriteFile(filepath.Join(home, ".aws", f.Name), f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		run := func(args ...string) (stdout, stderr string, code int) {
			var out, errs bytes.Buffer
			code = Main(t.Context(), System{
				Args: args, Home: home, Stdout: &out, Stderr: &errs, Stdin: strings.NewReader(""), Clock: clock.System{},
				LookupEnv: func(string) (string, bool) { return "", false },
			})
			return out.String(), errs.String(), code
		}
		check := func() (found []lint.Finding) {
			out, _, _ := run("configure", "check", "--output", "json")
			if err := json.Unmarshal([]byte(out), &found); err != nil {
				t.Fatalf("%s: %v in %q", path, err, out)
			}
			return found
		}
		found := check()
		if len(found) != 1 {
			continue
		}
		words := strings.Fields(found[0].Fix)
		if words[0] != "keyfob" || strings.ContainsAny(found[0].Fix, "'…") || strings.Contains(found[0].Fix, "shows") || strings.Contains(found[0].Fix, " ACCOUNT ") {
			continue
		}
		switch words[2] {
		case "sso", "sso-session": // ask
			continue
		case "check":
			words = append(words, "--yes")
		}
		tried++
		if _, stderr, code := run(words[1:]...); code != 0 {
			t.Errorf("%s: %s: exit code %d: %s", path, found[0].Fix, code, stderr)
		}
		for _, f := range check() {
			if f.Severity == lint.Note && f.Code != found[0].Code {
				continue // it works now, and could be better
			}
			t.Errorf("%s: after %s there is %s: %s", path, found[0].Fix, f.Code, f.Text)
		}
	}
	if tried < 15 {
		t.Errorf("only %d commands tried", tried)
	}
}
