package referee

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the table of clients in README.md")

// feature is a column: what a client can do with a center. try returns the word for the table; with an
// error that is "no".
type feature struct {
	name string
	try  func(*visit) (string, error)
}

// visit is one client in a home folder of its own.
type visit struct {
	*world
	tool tool
}

func features() []feature {
	return []feature{
		{"code with PKCE", (*visit).code},
		{"device code", (*visit).device},
		{"refresh", (*visit).refresh},
		{"accounts", (*visit).accounts},
		{"role credentials", (*visit).roleCredentials},
		{"STS", (*visit).sts},
		{"TLS with the lab CA", (*visit).tls},
		{"start URLs", (*visit).startURLs},
		{"sign-out", (*visit).signOut}, // the last: it ends the sign-in of the others
	}
}

// TestClientMatrix finds out which client can do what with a center that has a CA of its own, and holds
// README.md's table against that. With -update it writes the table.
func TestClientMatrix(t *testing.T) {
	t.Parallel()
	clients := append(clis(), sdks()...)
	needs(t, clients...)
	lab := newLab(t)
	rows := make([]string, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		v := &visit{newHome(t, lab.center), c}
		wg.Go(func() {
			version, err := v.version()
			must(t, err)
			cells := []string{version}
			for _, f := range features() {
				word, err := f.try(v)
				if err != nil {
					t.Logf("%s: %s: %v", c.name, f.name, err)
					word = "**no**"
				}
				cells = append(cells, word)
			}
			rows[i] = "| " + strings.Join(cells, " | ") + " |\n"
		})
	}
	wg.Wait()
	head := "| client |"
	for _, f := range features() {
		head += " " + f.name + " |"
	}
	rule := "\n|" + strings.Repeat("---|", strings.Count(head, "|")-1) + "\n"
	holdReadme(t, head+rule+strings.Join(rows, ""))
}

// holdReadme compares what is between two comments of README.md with what was found.
func holdReadme(t *testing.T, found string) {
	t.Helper()
	const begin, end = "<!-- clients: written by the referee, make matrix -->\n", "<!-- end of clients -->"
	path := filepath.Join("..", "README.md")
	b, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(b), begin)
	written, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no %q and %q", begin, end)
	}
	if found = "\n" + found + "\n"; written == found {
		return
	}
	if !*update {
		t.Fatalf("README.md says\n%s\nthe run found\n%s\n\"make matrix\" writes it", written, found)
	}
	must(t, os.WriteFile(path, []byte(before+begin+found+end+after), 0o644))
}

// version names the client as the table does.
func (v *visit) version() (string, error) {
	first := func(pattern, text string) (string, error) {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m[1], nil
		}
		return "", fmt.Errorf("no version in %q", text)
	}
	name, found := "", ""
	var err error
	switch v.tool.name {
	case keyfob.name:
		var b []byte
		b, err = os.ReadFile(filepath.Join("..", "VERSION"))
		name, found = "keyfob", strings.TrimSpace(string(b))
	case awsCLI.name:
		name = "AWS CLI"
		found, err = first(`^aws-cli/(\S+)`, v.run(v.tool, "--version").stdout)
	case boto3.name:
		name = "boto3"
		found, err = first(`^"(.+)"\n`, v.run(v.tool, "version", "").stdout)
	case goSDK.name:
		name = "AWS SDK for Go"
		var info *buildinfo.BuildInfo
		if info, err = buildinfo.ReadFile(filepath.Join(built.bin, "gosdk")); err == nil {
			found, err = first(`dep\tgithub.com/aws/aws-sdk-go-v2\tv(\S+)`, info.String())
		}
	case jsSDK.name:
		name = "AWS SDK for JavaScript"
		var b []byte
		if b, err = os.ReadFile("js/node_modules/@aws-sdk/client-sso/package.json"); err == nil {
			var p struct{ Version string }
			err = json.Unmarshal(b, &p)
			found = p.Version
		}
	default:
		err = errors.New("nobody knows its version")
	}
	return name + " " + found, err
}
