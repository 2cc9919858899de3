package keyfob_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bin is the folder with the two programs, built once.
var bin string

func TestMain(m *testing.M) {
	if os.Getenv(signalChild) != "" { // a test's command, which keyfob runs
		reportSignals()
	}
	dir, err := os.MkdirTemp("", "keyfob-bin-")
	if err != nil {
		panic(err)
	}
	bin = dir
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=0.0.0-test", "-o", dir, "./cmd/keyfob", "./cmd/keyfob-center")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// center is a running keyfob-center with the example organisation and test powers.
type center struct {
	URL          string `json:"url"`
	StartURL     string `json:"startUrl"`
	ControlURL   string `json:"controlUrl"`
	ControlToken string `json:"controlToken"`
	Passwords    map[string]string

	process *exec.Cmd
	log     bytes.Buffer
}

var passwordLine = regexp.MustCompile(`(?m)^ *(ada|grace) +(\S+)`)

// startCenter starts a center whose example organisation may be edited before.
func startCenter(dir string, edits ...func(yaml string) string) (*center, error) {
	out, err := exec.Command(filepath.Join(bin, "keyfob-center"), "init", "--dir", dir).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("keyfob-center init: %w\n%s", err, out)
	}
	c := &center{Passwords: map[string]string{}}
	for _, m := range passwordLine.FindAllStringSubmatch(string(out), -1) {
		c.Passwords[m[1]] = m[2]
	}
	yaml := filepath.Join(dir, "center.yaml")
	for _, edit := range edits {
		b, err := os.ReadFile(yaml)
		if err == nil {
			err = os.WriteFile(yaml, []byte(edit(string(b))), 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
	ready := filepath.Join(dir, "ready.json")
	c.process = exec.Command(filepath.Join(bin, "keyfob-center"), "serve", "--config", yaml,
		"--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--ready-file", ready)
	c.process.Stdout, c.process.Stderr = &c.log, &c.log
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(ready); err == nil {
			return c, json.Unmarshal(b, c)
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(errors.New("keyfob-center is not ready"), c.stop())
		}
	}
}

// stop ends the center; one that does not end well is an error, with its log.
func (c *center) stop() error {
	_ = c.process.Process.Signal(os.Interrupt)
	if err := c.process.Wait(); err != nil {
		return fmt.Errorf("keyfob-center: %w\n%s", err, c.log.String())
	}
	return nil
}

func (c *center) writeConfig(home string) error {
	config := fmt.Sprintf(`[profile dev]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
services = center

[profile readonly]
sso_session = corp
sso_account_id = 000000000042
sso_role_name = ReadOnlyAccess
region = us-east-1
services = center

[profile old]
sso_start_url = %[2]s
sso_region = us-east-1
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
services = center

[sso-session corp]
sso_start_url = %[2]s
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[services center]
sso_oidc =
  endpoint_url = %[1]s
sso =
  endpoint_url = %[1]s
sts =
  endpoint_url = %[1]s
`, c.URL, c.StartURL)
	if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(config), 0o600)
}

// control uses a test power.
func (c *center) control(method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, c.ControlURL+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.ControlToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read below
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return b, err
}

// requests counts the calls of OPERATION or OPERATION:GRANT that have reached the center.
func (c *center) requests(what string) (n int, seen []string, err error) {
	b, err := c.control(http.MethodGet, "/requests", "")
	if err != nil {
		return 0, nil, err
	}
	var all []struct{ Operation, GrantType string }
	if err := json.Unmarshal(b, &all); err != nil {
		return 0, nil, err
	}
	operation, grant, _ := strings.Cut(what, ":")
	for _, r := range all {
		seen = append(seen, r.Operation+":"+r.GrantType)
		if r.Operation == operation && (grant == "" || strings.HasSuffix(r.GrantType, grant)) {
			n++
		}
	}
	return n, seen, nil
}
