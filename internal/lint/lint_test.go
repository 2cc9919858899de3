package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"keyfob/internal/awsconfig"
)

// world is the files and variables that are checked.
type world struct {
	config, credentials string
	vars                map[string]string
	files               []File
	cache               [][]File
}

const configPath, credentialsPath = "config", "credentials"

func (w world) env() awsconfig.Env {
	vars := map[string]string{"AWS_CONFIG_FILE": configPath, "AWS_SHARED_CREDENTIALS_FILE": credentialsPath}
	for k, v := range w.vars {
		vars[k] = v
	}
	return awsconfig.Env{
		Lookup: func(key string) (string, bool) { v, ok := vars[key]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			return []byte(map[string]string{configPath: w.config, credentialsPath: w.credentials}[path]), nil
		},
	}
}

func (w world) load(t testing.TB) *awsconfig.Config {
	t.Helper()
	c, err := awsconfig.Load(w.env())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w world) check(t testing.TB) []Finding {
	t.Helper()
	return Check(Input{Config: w.load(t), Lookup: w.env().Lookup, Files: w.files, Cache: w.cache})
}

// readWorld reads one of testdata: config, credentials, env (NAME=value) and modes (PATH MODE FOLDER).
func readWorld(t *testing.T, path string) (w world, want string) {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.vars = map[string]string{}
	folders := map[string]int{}
	for _, f := range archive.Files {
		text := string(f.Data)
		switch f.Name {
		case "config":
			w.config = text
		case "credentials":
			w.credentials = text
		case "want":
			want = text
		case "env":
			for line := range strings.Lines(text) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				w.vars[name] = value
			}
		case "modes":
			for line := range strings.Lines(text) {
				m := regexp.MustCompile(`^(.*) (\d+) (\d+)\n$`).FindStringSubmatch(line)
				mode, _ := strconv.ParseUint(m[2], 8, 32)
				folder, _ := strconv.ParseUint(m[3], 8, 32)
				file := File{Path: m[1], Mode: fs.FileMode(mode), Folder: fs.FileMode(folder)}
				dir := filepath.Dir(file.Path)
				i, known := folders[dir]
				switch {
				case dir == ".":
					w.files = append(w.files, file)
				case known:
					w.cache[i] = append(w.cache[i], file)
				default:
					folders[dir] = len(w.cache)
					w.cache = append(w.cache, []File{file})
				}
			}
		default:
			t.Fatalf("%s: file %s", path, f.Name)
		}
	}
	return w, want
}

func line(f Finding) string {
	where := fmt.Sprintf("%s:%d", f.File, f.Line)
	if f.Variable != "" {
		where = "$" + f.Variable
	}
	return fmt.Sprintf("%s %s %s %s", where, f.Severity, f.Code, f.Fix)
}

// TestFindings: each file of testdata has exactly the finding that it says, and no other. Every code has
// such a file.
func TestFindings(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d files, error %v", len(paths), err)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			w, want := readWorld(t, path)
			found := w.check(t)
			for _, f := range found {
				harmless(t, w, f)
				t.Logf("%s\n%s", line(f), f.Text)
			}
			if want == "" {
				if len(found) > 0 {
					t.Error("nothing is wrong here")
				}
				return
			}
			if want = strings.TrimSuffix(want, "\n"); len(found) != 1 || !strings.HasPrefix(line(found[0])+" ", want+" ") {
				t.Errorf("wanted only %s", want)
				return
			}
			seen[found[0].Code] = true
		})
	}
	for _, code := range codes(t) {
		if !seen[code] {
			t.Errorf("no file of testdata has %s", code)
		}
	}
}

// harmless checks what holds for every finding.
func harmless(t testing.TB, w world, f Finding) {
	t.Helper()
	if f.Text == "" || f.Fix == "" || f.Code == "" {
		t.Errorf("%+v says nothing", f)
	}
	if hostile(f.Text) || hostile(f.Fix) {
		t.Errorf("a terminal could do something with %+q or %+q", f.Text, f.Fix)
	}
	switch f.Severity {
	case Error, Warning, Note:
	default:
		t.Errorf("severity %q", f.Severity)
	}
	text, known := map[string]string{configPath: w.config, credentialsPath: w.credentials}[f.File]
	switch {
	case f.Code == "file-mode":
	case f.Variable != "":
		if f.File != "" || f.Line != 0 {
			t.Errorf("a variable at %s:%d", f.File, f.Line)
		}
	case !known || f.Line < 1 || f.Line > 1+strings.Count(text, "\n")+strings.Count(text, "\r"):
		t.Errorf("%s is at %s:%d", f.Code, f.File, f.Line)
	}
}

// codes returns every literal of the package that looks like a code, and awsconfig's.
func codes(t *testing.T) []string {
	t.Helper()
	other := map[string]bool{"sso-session": true, "sso-sessions": true, "list-profiles": true, "list-accounts": true}
	looks := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	found := []string{
		awsconfig.WarnByteOrderMark, awsconfig.WarnNotUTF8, awsconfig.WarnStrayLine, awsconfig.WarnNestedLine,
		awsconfig.WarnDuplicateSection, awsconfig.WarnDuplicateKey, awsconfig.WarnShadowedSection, awsconfig.WarnIgnoredSection,
	}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && looks.MatchString(s) && !other[s] {
					found = append(found, s)
				}
			}
			return true
		})
	}
	if len(found) < 30 {
		t.Fatalf("only %d codes: %q", len(found), found)
	}
	return found
}

// TestOddFiles runs over the files people have: whatever they are, the check ends, and points into them.
func TestOddFiles(t *testing.T) {
	paths, err := filepath.Glob("../awsconfig/testdata/odd/*")
	if err != nil || len(paths) < 5 {
		t.Fatalf("only %d odd files, error %v", len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w := world{config: string(data), credentials: string(data)}
		for _, f := range w.check(t) {
			harmless(t, w, f)
		}
	}
}

// FuzzCheck: whatever is in the files, findings point into them and are harmless, and the same the
// second time.
func FuzzCheck(f *testing.F) {
	for _, glob := range []string{"../awsconfig/testdata/odd/*", "testdata/*.txtar"} {
		paths, err := filepath.Glob(glob)
		if err != nil || len(paths) < 5 {
			f.Fatalf("only %d files, error %v", len(paths), err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, data[:len(data)/2], "dev")
		}
	}
	f.Fuzz(func(t *testing.T, config, credentials []byte, profile string) {
		w := world{config: string(config), credentials: string(credentials), vars: map[string]string{"AWS_PROFILE": profile}}
		found := w.check(t)
		for _, f := range found {
			harmless(t, w, f)
		}
		if diff := cmp.Diff(found, w.check(t)); diff != "" {
			t.Errorf("the second time: %s", diff)
		}
	})
}
