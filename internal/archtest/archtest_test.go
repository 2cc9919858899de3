package archtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "keyfob"

// unit is one file as the rules see it, and, for a rule about imports, the import in question.
type unit struct {
	path     string // of the package, below the module
	file     string // base name
	name     string // of the package
	place    place
	imported string
}

type source struct {
	unit
	ast   *ast.File
	lines int
}

// load parses every file of the module that is not a test, for every system. Folders with a go.mod of
// their own are other modules.
func load(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	root := moduleRoot(t)
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			other := false
			if p != root {
				_, err := os.Stat(filepath.Join(p, "go.mod"))
				other = err == nil || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
			}
			if other {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if path.Dir(rel) == "." {
			return nil // no package of ours stands at the top; a file there only pins modules
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, rel, text, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := path.Dir(rel)
		where, ok := placeOf(pkg, f.Name.Name)
		if !ok {
			t.Errorf("%s:1: package %s has no place: add it to places() in rules_test.go", rel, pkg)
			return nil
		}
		all = append(all, source{unit{path: pkg, file: name, name: f.Name.Name, place: where}, f, bytes.Count(text, []byte("\n"))})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fset, all
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(b, []byte("module "+module+"\n")) {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("the module's root was not found")
		}
		dir = filepath.Dir(dir)
	}
}

func matches(patterns []string, imported string) bool {
	for _, p := range patterns {
		if imported == p {
			return true
		}
		if below, ok := strings.CutSuffix(p, "/..."); ok && (imported == below || strings.HasPrefix(imported, below+"/")) {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	fset, all := load(t)
	names := map[string]string{}
	for _, s := range all {
		names[s.path] = s.name
	}
	within, outside := 0, 0
	for _, s := range all {
		for _, spec := range s.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			at := fset.Position(spec.Pos())
			fail := func(why string) {
				t.Errorf("%s:%d: %s (%s) imports %s: %s", at.Filename, at.Line, s.path, s.place, imported, why)
			}
			if spec.Name != nil && spec.Name.Name == "." {
				fail("a dot import hides where a name comes from, from readers and from this test")
			}
			if below, ours := strings.CutPrefix(imported, module+"/"); ours {
				within++
				to := unit{path: below, name: names[below]}
				var ok bool
				if to.place, ok = placeOf(below, to.name); !ok {
					fail("it has no place in places()")
				}
				for _, r := range importRules() {
					if r.banned(s.unit, to) {
						fail(r.why)
					}
				}
				continue
			}
			outside++
			u := s.unit
			u.imported = imported
			for _, r := range outsideRules() {
				if matches(r.packages, imported) && r.banned(u) {
					fail(r.why)
				}
			}
		}
	}
	if within < 20 || outside < 100 {
		t.Fatalf("only %d imports of ours and %d others were looked at; this test has lost sight of the code", within, outside)
	}
}

func TestNothingAmbient(t *testing.T) {
	fset, all := load(t)
	looked, unused := 0, exceptions()
	for _, s := range all {
		imports := map[string]string{} // local name → path
		for _, spec := range s.ast.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			local := path.Base(p)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			imports[local] = p
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok || x.Obj != nil || imports[x.Name] == "" { // an Obj is a variable of that name
				return true
			}
			looked++
			for _, r := range ambientRules() {
				if imports[x.Name] != r.pkg || !r.banned(s.unit) || r.names != nil && !slices.Contains(r.names, sel.Sel.Name) ||
					slices.ContainsFunc(r.except, func(p string) bool { return strings.HasPrefix(sel.Sel.Name, p) }) {
					continue
				}
				exception := s.path + " " + r.pkg + "." + sel.Sel.Name
				if exceptions()[exception] != "" {
					delete(unused, exception)
					continue
				}
				at := fset.Position(sel.Pos())
				t.Errorf("%s:%d: %s (%s) uses %s.%s: %s", at.Filename, at.Line, s.path, s.place, x.Name, sel.Sel.Name, r.why)
			}
			return true
		})
	}
	for e := range unused {
		t.Errorf("exceptions() has %q, which nothing needs", e)
	}
	if looked < 500 {
		t.Fatalf("only %d uses of imported names were looked at; this test has lost sight of the code", looked)
	}
}

func TestNoPackageState(t *testing.T) {
	const stateWhy = "package-level state is shared by every test and every caller; make it a field, a constant or a function"
	fset, all := load(t)
	known := variables()
	looked := 0
	for _, s := range all {
		for _, decl := range s.ast.Decls {
			at := fset.Position(decl.Pos())
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: init runs before main on every call, wanted or not, and cannot fail in order; call it from where it is needed", at.Filename, at.Line)
			}
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					looked++
					if name.Name == "_" || isTool(s.unit) || isEmbedded(g, v) || i < len(v.Values) && isSentinel(v.Values[i]) {
						continue
					}
					if _, ok := known[s.path+"."+name.Name]; ok {
						continue
					}
					at := fset.Position(name.Pos())
					t.Errorf("%s:%d: var %s: %s", at.Filename, at.Line, name.Name, stateWhy)
				}
			}
		}
	}
	if looked < 5 {
		t.Fatalf("only %d package-level variables were looked at; this test has lost sight of the code", looked)
	}
}

// isEmbedded: files that the compiler put in, which must be package-level variables.
func isEmbedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// isSentinel: an error to compare with, which nobody assigns to.
func isSentinel(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && fmt.Sprint(sel.X) == "errors" && sel.Sel.Name == "New"
}

// TestLinked looks at what the programs are made of in the end, however it got there.
func TestLinked(t *testing.T) {
	root := moduleRoot(t)
	allowed := allowedModules(t)
	used := map[string]bool{}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		deps := linked(t, root, goos, "./cmd/keyfob")
		if len(deps) < 100 {
			t.Fatalf("%s: cmd/keyfob is said to be linked with %d packages only", goos, len(deps))
		}
		for _, d := range deps {
			if below, ok := strings.CutPrefix(d.ImportPath, module+"/"); ok {
				where, _ := placeOf(below, d.Name)
				if inCenter(where) || where == testHelp {
					t.Errorf("%s: cmd/keyfob is linked with %s (%s): nothing of the center is part of what people run on every call", goos, below, where)
				}
				continue
			}
			if d.ImportPath == "testing" || d.ImportPath == "net/http/httptest" {
				t.Errorf("%s: cmd/keyfob is linked with %s, which helps tests", goos, d.ImportPath)
			}
			if d.ImportPath == "runtime/cgo" {
				t.Errorf("%s: cmd/keyfob is linked with cgo, so it is not static", goos)
			}
			if d.Module == nil {
				continue
			}
			used[d.Module.Path] = true
			if allowed[d.Module.Path] == "" {
				t.Errorf("%s: cmd/keyfob is linked with module %s (package %s), which testdata/modules.txt does not allow", goos, d.Module.Path, d.ImportPath)
			}
		}
	}
	for m := range allowed {
		if !used[m] {
			t.Errorf("testdata/modules.txt allows %s, which cmd/keyfob does not use", m)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "cmd", "keyfob-center")); errors.Is(err, fs.ErrNotExist) {
		return
	}
	for _, d := range linked(t, root, "linux", "./cmd/keyfob-center") {
		below, ours := strings.CutPrefix(d.ImportPath, module+"/")
		where, _ := placeOf(below, d.Name)
		if ours && inClient(where) {
			t.Errorf("cmd/keyfob-center is linked with %s (%s), which is the client's", below, where)
		}
		if d.ImportPath == "testing" || where == testHelp && ours {
			t.Errorf("cmd/keyfob-center is linked with %s, which helps tests", d.ImportPath)
		}
	}
}

type listed struct {
	ImportPath, Name string
	Standard         bool
	Module           *struct{ Path string }
}

func linked(t *testing.T, root, goos, pkg string) []listed {
	t.Helper()
	c := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Standard,Module", pkg)
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+build.Default.GOARCH, "GOWORK=off")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pkg, err, stderr.Bytes())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

func allowedModules(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "modules.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	allowed := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, why, _ := strings.Cut(line, " ")
		if why = strings.TrimSpace(why); why == "" {
			t.Errorf("testdata/modules.txt: %s is there without a reason", name)
		}
		allowed[name] = why
	}
	if len(allowed) == 0 {
		t.Fatal("testdata/modules.txt allows nothing, so it was not read")
	}
	return allowed
}

// TestLongFiles only tells; a long file may have a reason.
func TestLongFiles(t *testing.T) {
	_, all := load(t)
	for _, s := range all {
		if s.lines > warnLines {
			t.Logf("warning: %s/%s has %d lines; is it one idea?", s.path, s.file, s.lines)
		}
	}
}
