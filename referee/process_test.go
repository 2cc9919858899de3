package referee

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// insideKeyfob puts keyfob where programs in the Debian folder see it, and returns its path there.
func (w *world) insideKeyfob() string {
	w.t.Helper()
	to := filepath.Join(w.home, "keyfob")
	if _, err := os.Stat(to); err != nil {
		from, err := os.Open(filepath.Join(built.bin, "keyfob"))
		must(w.t, err)
		defer from.Close() //nolint:errcheck // it is read
		f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o700)
		must(w.t, err)
		_, err = io.Copy(f, from)
		must(w.t, err)
		must(w.t, f.Close())
	}
	return strings.TrimPrefix(to, debian())
}

// Whoever knows nothing of Identity Center gets credentials from keyfob, by the config file.
func TestCredentialProcess(t *testing.T) {
	t.Parallel()
	for _, tool := range append(sdks(), awsCLI) {
		t.Run(tool.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tool)
			program := filepath.Join(built.bin, "keyfob")
			if tool.name == awsCLI.name || tool.name == boto3.name {
				program = w.insideKeyfob()
			}
			f, err := os.OpenFile(w.path("config"), os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteString("\n[profile by-process]\nregion = us-east-1\nservices = example\ncredential_process = " + program + " process --profile look\n")
			must(t, err)
			must(t, f.Close())

			w.fails(tool, identity(tool, "by-process")...)
			w.login(keyfob, "--profile", "look")
			w.calls()
			w.identifies(tool, "by-process", "000000000042", "ReadOnlyAccess")
			w.identifies(tool, "by-process", "000000000042", "ReadOnlyAccess")
			if called := w.calls(); !maps.Equal(called, map[string]int{"GetRoleCredentials": 1, "GetCallerIdentity": 2}) {
				t.Errorf("called %v", called)
			}
		})
	}
}
