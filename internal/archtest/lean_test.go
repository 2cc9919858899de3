package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What cmd/keyfob may weigh. Every SDK call of every program starts it, and a program pays at each start
// for all that it links. Raise a cap only with a reason, in a change of its own.
const (
	mostBytes = 10 << 20
	mostInits = 105 // packages that do something before main
)

// neverStarted are packages whose work at start is measured in tenths of milliseconds, or that have no
// business in a program that hands out credentials.
func neverStarted() []string {
	return []string{
		"github.com/charmbracelet/", "github.com/muesli/termenv", "github.com/mattn/go-runewidth", "github.com/atotto/clipboard",
		"github.com/aws/", "github.com/prometheus/", "google.golang.org/", "go.opentelemetry.io/", "encoding/gob", "net/http/pprof", "expvar",
		"gopkg.in/ini", "gopkg.in/yaml", "github.com/goccy/", "github.com/go-jose/", "database/sql", "modernc.org/", "testing",
	}
}

// TestLeanStart starts the program as it is released and reads what the runtime says about it.
func TestLeanStart(t *testing.T) {
	root := moduleRoot(t)
	program := filepath.Join(t.TempDir(), "keyfob")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, "./cmd/keyfob")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	st, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() > mostBytes {
		t.Errorf("cmd/keyfob has %d bytes, more than %d", st.Size(), mostBytes)
	}

	run := exec.Command(program, "--version")
	run.Env = []string{"GODEBUG=inittrace=1", "HOME=" + t.TempDir()}
	var trace bytes.Buffer
	run.Stderr = &trace
	if err := run.Run(); err != nil {
		t.Fatalf("%v\n%s", err, trace.Bytes())
	}
	inits := regexp.MustCompile(`(?m)^init (\S+) @`).FindAllStringSubmatch(trace.String(), -1)
	t.Logf("%d bytes, %d packages with work at start", st.Size(), len(inits))
	if len(inits) < 20 {
		t.Fatalf("the runtime tells of %d packages: it was not understood\n%s", len(inits), trace.Bytes())
	}
	if len(inits) > mostInits {
		t.Errorf("%d packages do something before main, more than %d", len(inits), mostInits)
	}
	for _, m := range inits {
		for _, never := range neverStarted() {
			if strings.HasPrefix(m[1], never) {
				t.Errorf("%s does something before main", m[1])
			}
		}
	}
}
