package web

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyfob/internal/wire"
)

// messages are all that pages and code say, in English.
func messages(t *testing.T) []string {
	t.Helper()
	said := map[string]bool{}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := pageFiles.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\b(?:t|say) "((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(string(b), -1) {
			said[m[1]] = true
		}
	}
	inspect(t, ".", func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); !ok || s.Sel.Name != "say" {
			return true
		}
		if s, ok := literal(call.Args[0]); ok {
			said[s] = true
		}
		return true
	})
	for _, of := range []string{"administration.Invalid", "directory.NameError", "grant.PageError"} {
		for _, m := range Refusals(t, of) {
			said[m] = true
		}
	}
	if len(said) < 150 {
		t.Fatalf("only %d messages were found", len(said))
	}
	var all []string
	for m := range said {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}

// inspect walks the code of a package, without its tests.
func inspect(t *testing.T, dir string, visit func(ast.Node) bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err)
	}
	for _, n := range files {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), n, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, visit)
	}
}

// literal is a text that stands in the source as it is.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, ok := literal(e.X)
		b, also := literal(e.Y)
		return a + b, ok && also && e.Op == token.ADD
	}
	return "", false
}

// Refusals are the messages of an error type with a Message ("package.Type"), in its own package and in this one.
// One that does not stand in the source fails the test, as nobody could say it in German.
func Refusals(t *testing.T, of string) []string {
	t.Helper()
	pkg, name, _ := strings.Cut(of, ".")
	var all []string
	for _, dir := range []string{"../" + pkg, "../administration", "."} {
		inspect(t, dir, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			is := false
			switch kind := lit.Type.(type) {
			case *ast.Ident:
				is = kind.Name == name && dir == "../"+pkg
			case *ast.SelectorExpr:
				x, ok := kind.X.(*ast.Ident)
				is = ok && x.Name == pkg && kind.Sel.Name == name
			}
			if !is {
				return true
			}
			found := false
			for _, e := range lit.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				if k, ok := kv.Key.(*ast.Ident); !ok || k.Name != "Message" {
					continue
				}
				s, ok := literal(kv.Value)
				if ok {
					all = append(all, s)
				}
				found = ok || dir == "../administration" && types.ExprString(kv.Value) == "name.Message" // of a directory.NameError
			}
			if !found {
				t.Errorf("%s: a %s has no Message that stands there", dir, of)
			}
			return true
		})
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) < 4 {
		t.Fatalf("only %d messages of %s were found", len(all), of)
	}
	return all
}

// Everything is said in both languages, with the same things filled in, and nothing that nobody says.
func TestLanguagesHaveTheSameKeys(t *testing.T) {
	b, err := os.ReadFile("messages/de.json")
	if err != nil {
		t.Fatal(err)
	}
	var german map[string]string
	if err := json.Unmarshal(b, &german); err != nil {
		t.Fatal(err)
	}
	blanks := regexp.MustCompile(`%[0-9]*.`)
	all := messages(t)
	for _, m := range all {
		g, ok := german[m]
		switch {
		case !ok || g == "":
			t.Errorf("German lacks %q", m)
		case !slices.Equal(blanks.FindAllString(m, -1), blanks.FindAllString(g, -1)):
			t.Errorf("%q has other blanks than %q", g, m)
		}
	}
	for m := range german {
		if !slices.Contains(all, m) {
			t.Errorf("German has %q, which nobody says", m)
		}
	}
}

// Whatever has letters in a page comes from the catalogue, but for names.
func TestPagesSayNothingByThemselves(t *testing.T) {
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil || len(names) < 20 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		b, err := pageFiles.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`(?s){{.*?}}|<code>.*?</code>|<strong>keyfob-center</strong>`).ReplaceAllString(string(b), " ")
		if read := regexp.MustCompile(`\b(?:aria-label|title|alt)="[^"]*[A-Za-z]{2}[^"]*"`).FindString(text); read != "" {
			t.Errorf("%s says by itself: %s", n, read)
		}
		text = regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(text, " ")
		text = strings.ReplaceAll(text, "Identity Center", "")
		if left := regexp.MustCompile(`[A-Za-z]{2,}[^\n]*`).FindString(text); left != "" {
			t.Errorf("%s says by itself: %s", n, left)
		}
	}
}

func TestLanguageIsChosen(t *testing.T) {
	all, err := newLanguages()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "en"},
		{"", "", "de-AT,de;q=0.9,en;q=0.5", "de"},
		{"", "", "fr", "en"},
		{"", "", "fr, de;q=0.4", "de"},
		{"", "en", "de", "en"},
		{"de", "en", "en", "de"},
		{"xx", "xx", "de", "de"},
		{"", "", strings.Repeat("x-", 5000), "en"},
		{"", "", "\x00;q=z,,,", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/start?lang="+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := all.of(r, wire.Secret(c.cookie)).Tag; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	de := all.all[1]
	if got := de.when(instant{time.Date(2026, 3, 7, 8, 9, 0, 0, time.UTC)}); got != `<time datetime="2026-03-07T08:09:00Z">7. März 2026, 08:09 UTC</time>` {
		t.Errorf("an instant is %s", got)
	}
	if got := de.markup("Connect %s?", `<b>&"`); got != template.HTML(`<bdi>&lt;b&gt;&amp;&#34;</bdi> verbinden?`) {
		t.Errorf("text from outside comes out as %s", got)
	}
}
