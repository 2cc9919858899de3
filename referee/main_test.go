package referee

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// built is what all tests use: the programs, and an example center.yaml, which takes a while to make
// because it holds hashes of passwords.
var built struct {
	bin        string // folder with keyfob, keyfob-center and gosdk
	centerYAML []byte
	passwords  map[string]string
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "keyfob-referee-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // best effort
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

var passwordLine = regexp.MustCompile(`(?m)^ *(ada|grace) +(\S+)`)

func build(dir string) error {
	built.bin = filepath.Join(dir, "bin")
	for from, packages := range map[string][]string{"..": {"./cmd/keyfob", "./cmd/keyfob-center"}, ".": {"./gosdk"}} {
		c := exec.Command("go", append([]string{"build", "-trimpath", "-buildvcs=false", "-o", built.bin + "/"}, packages...)...)
		c.Dir, c.Env = from, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", packages, err, out)
		}
	}
	out, err := exec.Command(filepath.Join(built.bin, "keyfob-center"), "init", "--dir", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("keyfob-center init: %w\n%s", err, out)
	}
	built.passwords = map[string]string{}
	for _, m := range passwordLine.FindAllStringSubmatch(string(out), -1) {
		built.passwords[m[1]] = m[2]
	}
	if len(built.passwords) != 2 {
		return fmt.Errorf("keyfob-center init does not show two passwords:\n%s", out)
	}
	built.centerYAML, err = os.ReadFile(filepath.Join(dir, "center.yaml"))
	return err
}
