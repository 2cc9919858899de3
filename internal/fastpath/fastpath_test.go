package fastpath_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/fastpath"
)

const document = "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"ASIA\"\n}\n"

func sources() fastpath.Sources {
	return fastpath.Sources{Token: strings.Repeat("a", 40) + ".json", Role: strings.Repeat("b", 40) + ".json"}
}

// world is a home in which an answer can be kept.
type world struct {
	t    *testing.T
	home string
	env  []string
	now  time.Time // well after the files were written
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, home: t.TempDir(), env: []string{"PATH=/bin", "AWS_REGION=us-east-1"}, now: time.Now().Add(time.Minute)}
	for name, content := range map[string]string{
		"config": "[profile dev]\n", "sso/cache/" + sources().Token: "{}", "cli/cache/" + sources().Role: "{}",
	} {
		w.write(name, content)
	}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.home, ".aws", name) }

func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func args() []string { return []string{"process", "--profile", "dev"} }

func (w *world) ask() fastpath.Question {
	w.t.Helper()
	q, ok := fastpath.Ask("1.0", w.home, args(), w.env)
	if !ok {
		w.t.Fatal("not understood")
	}
	return q
}

// keep keeps the document until in an hour, and returns its file.
func (w *world) keep() string {
	w.t.Helper()
	q := w.ask()
	name, content, ok := q.Kept(q.Watch(), sources(), []byte(document), w.now.Add(time.Hour).Unix(), w.now.UnixNano(), func() bool { return true })
	if !ok {
		w.t.Fatal("not kept")
	}
	w.write("cli/cache/"+name, string(content))
	return "cli/cache/" + name
}

func (w *world) answer() (string, bool) {
	b, ok := w.ask().Answer(w.now.UnixNano())
	return string(b), ok
}

func TestAnswer(t *testing.T) {
	w := newWorld(t)
	if got, ok := w.answer(); ok {
		t.Fatalf("an answer of nothing: %q", got)
	}
	file := w.keep()
	if got, ok := w.answer(); !ok || got != document {
		t.Fatalf("%q, %v", got, ok)
	}
	// To other programs it is a file of role credentials.
	b, err := os.ReadFile(w.path(file))
	if err != nil {
		t.Fatal(err)
	}
	var like struct {
		ProviderType string
		Credentials  struct{ AccessKeyID string }
	}
	if err := json.Unmarshal(b, &like); err != nil || like.ProviderType != "sso" || like.Credentials.AccessKeyID != "ASIA" {
		t.Errorf("%v: %s", err, b)
	}
}

// Whatever an answer depends on, a change of it is a miss.
func TestChangesAreMisses(t *testing.T) {
	rewrite := func(name string) func(*world) {
		return func(w *world) { // the same content, size and time, in place
			st, err := os.Stat(w.path(name))
			if err != nil {
				w.t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond) // the file system's clock
			b, _ := os.ReadFile(w.path(name))
			w.write(name, string(b))
			if err := os.Chtimes(w.path(name), st.ModTime(), st.ModTime()); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	replace := func(name string) func(*world) {
		return func(w *world) {
			w.write("new", "{}")
			if err := os.Rename(w.path("new"), w.path(name)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*world) { return func(w *world) { _ = os.Remove(w.path(name)) } }
	token, role := "sso/cache/"+sources().Token, "cli/cache/"+sources().Role
	for name, change := range map[string]func(*world){
		"config rewritten":   rewrite("config"),
		"config replaced":    replace("config"),
		"config gone":        remove("config"),
		"config a folder":    func(w *world) { remove("config")(w); _ = os.Mkdir(w.path("config"), 0o700) },
		"credentials appear": func(w *world) { w.write("credentials", "[dev]\n") },
		"token rewritten":    rewrite(token),
		"token replaced":     replace(token),
		"signed out":         remove(token),
		"role rewritten":     rewrite(role),
		"role replaced":      replace(role),
		"role gone":          remove(role),
		"variable set":       func(w *world) { w.env = append(w.env, "AWS_PROFILE=other") },
		"variable changed":   func(w *world) { w.env[1] = "AWS_REGION=eu-west-1" },
		"variable gone":      func(w *world) { w.env = w.env[:1] },
		"another config file": func(w *world) {
			w.write("other", "[profile dev]\n")
			w.env = append(w.env, "AWS_CONFIG_FILE="+w.path("other"))
		},
		"too late": func(w *world) { w.now = w.now.Add(time.Hour + 2*time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.keep()
			if _, ok := w.answer(); !ok {
				t.Fatal("a miss without a change")
			}
			change(w)
			if got, ok := w.answer(); ok {
				t.Errorf("still answered: %q", got)
			}
		})
	}
}

func TestEveryByteCounts(t *testing.T) {
	w := newWorld(t)
	file := w.keep()
	whole, err := os.ReadFile(w.path(file))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := append([]byte(nil), whole...)
		bad[i] ^= 1
		w.write(file, string(bad))
		if got, ok := w.answer(); ok {
			t.Fatalf("byte %d altered: still answered: %q", i, got)
		}
	}
	for _, bad := range []string{"", "{}", string(whole[:len(whole)-1]), string(whole) + "\n", string(whole) + string(whole)} {
		w.write(file, bad)
		if got, ok := w.answer(); ok {
			t.Errorf("%d bytes: still answered: %q", len(bad), got)
		}
	}
	w.write(file, string(whole))
	if _, ok := w.answer(); !ok {
		t.Error("restored, and still a miss")
	}
}

func TestNotKept(t *testing.T) {
	yes := func() bool { return true }
	for name, keep := range map[string]func(*world, fastpath.Question, fastpath.Watch) bool{
		"the config file changed while it was read": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			time.Sleep(20 * time.Millisecond)
			w.write("config", "[profile new]\n")
			_, _, ok := q.Kept(before, sources(), []byte(document), w.now.Unix(), w.now.UnixNano(), yes)
			return ok
		},
		"a file that has just changed": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			_, _, ok := q.Kept(before, sources(), []byte(document), w.now.Unix(), time.Now().UnixNano(), yes)
			return ok
		},
		"the cache says something else": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			_, _, ok := q.Kept(before, sources(), []byte(document), w.now.Unix(), w.now.UnixNano(), func() bool { return false })
			return ok
		},
		"signed out meanwhile": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			_, _, ok := q.Kept(before, sources(), []byte(document), w.now.Unix(), w.now.UnixNano(), func() bool {
				return os.Remove(w.path("sso/cache/"+sources().Token)) == nil
			})
			return ok
		},
		"names that lead elsewhere": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			_, _, ok := q.Kept(before, fastpath.Sources{Token: "../../config", Role: sources().Role}, []byte(document), w.now.Unix(), w.now.UnixNano(), yes)
			return ok
		},
		"no document": func(w *world, q fastpath.Question, before fastpath.Watch) bool {
			_, _, ok := q.Kept(before, sources(), []byte("export A=b\n"), w.now.Unix(), w.now.UnixNano(), yes)
			return ok
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			q := w.ask()
			if keep(w, q, q.Watch()) {
				t.Error("kept")
			}
		})
	}
}

func TestAsk(t *testing.T) {
	words := strings.Fields
	for line, want := range map[string]bool{
		"process":                       true,
		"process --profile dev":         true,
		"process --profile=dev":         true,
		"configure export-credentials":  true,
		"process --profile":             false,
		"process --profile --debug":     false,
		"process --profile=":            false,
		"process --debug":               false,
		"process --profile dev --debug": false,
		"--profile dev process":         false,
		"process help":                  false,
		"configure export-credentials --profile dev --format process": true,
		"configure export-credentials --format process":               true,
		"configure export-credentials --format env":                   false,
		"configure export-credentials --profile dev --format env":     false,
		"configure": false,
		"sso login": false,
		"":          false,
	} {
		if _, ok := fastpath.Ask("1", "/home/ada", words(line), nil); ok != want {
			t.Errorf("%q: %v", line, ok)
		}
	}
	for env, want := range map[string]bool{
		"AWS_PROFILE=a":                       true,
		"AWS_CONFIG_FILE=/etc/aws":            true,
		"AWS_CONFIG_FILE=":                    false,
		"AWS_CONFIG_FILE=~/aws":               false,
		"AWS_CONFIG_FILE=$HOME/aws":           false,
		"AWS_SHARED_CREDENTIALS_FILE=":        false,
		"AWS_SHARED_CREDENTIALS_FILE=${X}/aw": false,
		"AWS_ACCESS_KEY_ID=AKIA":              false,
		"AWS_SECRET_ACCESS_KEY=x":             false,
		"AWS_SESSION_TOKEN=x":                 false,
		"_AWS_CLI_PROFILE_CHAIN=dev":          false,
		"HTTPS_PROXY=http://localhost":        true,
	} {
		if _, ok := fastpath.Ask("1", "/home/ada", args(), []string{env}); ok != want {
			t.Errorf("%q: %v", env, ok)
		}
	}
	if _, ok := fastpath.Ask("1", "", args(), nil); ok {
		t.Error("understood without a home folder")
	}
}

// Questions that differ in anything have files of their own.
func TestNames(t *testing.T) {
	w := newWorld(t)
	seen := map[string]string{}
	note := func(what, version string, args, env []string) {
		q, ok := fastpath.Ask(version, w.home, args, env)
		if !ok {
			t.Fatalf("%s: not understood", what)
		}
		name, _, ok := q.Kept(q.Watch(), sources(), []byte(document), w.now.Unix(), w.now.UnixNano(), func() bool { return true })
		if !ok {
			t.Fatalf("%s: not kept", what)
		}
		if other, ok := seen[name]; ok {
			t.Errorf("%s has the file of %s", what, other)
		}
		seen[name] = what
	}
	note("plain", "1", args(), nil)
	note("another version", "2", args(), nil)
	note("another profile", "1", []string{"process", "--profile", "prod"}, nil)
	note("no profile", "1", []string{"process"}, nil)
	note("a variable", "1", args(), []string{"AWS_A=bc"})
	note("cut elsewhere", "1", args(), []string{"AWS_Ab=c"})
	note("two", "1", args(), []string{"AWS_A=b", "AWS_C=d"})
	note("one of both", "1", args(), []string{"AWS_A=bAWS_C=d"})
	q, _ := fastpath.Ask("1", w.home, args(), []string{"AWS_C=d", "X=y", "AWS_A=b"})
	name, _, _ := q.Kept(q.Watch(), sources(), []byte(document), w.now.Unix(), w.now.UnixNano(), func() bool { return true })
	if seen[name] != "two" {
		t.Error("the order of variables makes a difference")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"ProviderType": "sso", "Keyfob": "1 1795446663 ee0bfd2552fbd840c02cc48b6e823320543c450f 16e5f373157b11b9ca274bd774686b0119407b56 34fcaa4d33b5c9bc985c3549457f1f12917ca42b8ee3ead2aa72f43134a49388", "Credentials": {}}`))
	f.Add([]byte("{}"))
	home := f.TempDir()
	q, ok := fastpath.Ask("1", home, args(), nil)
	if !ok {
		f.Fatal("not understood")
	}
	dir := filepath.Join(home, ".aws", "cli", "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, q.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := q.Answer(0); ok { // nothing that was not kept here has the digest
			t.Errorf("answered %q", got)
		}
	})
}
