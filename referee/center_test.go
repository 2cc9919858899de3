package referee

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// center is a running keyfob-center with test powers.
type center struct {
	t       *testing.T
	dir     string // center.yaml, center.db, keys.json
	lab     bool   // it serves with its lab CA
	process *exec.Cmd
	log     *os.File

	URL          string `json:"url"`
	StartURL     string `json:"startUrl"`
	ControlURL   string `json:"controlUrl"`
	ControlToken string `json:"controlToken"`
}

// newCenter serves the example organisation until the test ends.
func newCenter(t *testing.T) *center {
	t.Helper()
	return startCenter(t, func(*center) {})
}

// startCenter is newCenter with something done before the start.
func startCenter(t *testing.T, before func(*center)) *center {
	t.Helper()
	c := &center{t: t, dir: t.TempDir()}
	must(t, os.WriteFile(filepath.Join(c.dir, "center.yaml"), built.centerYAML, 0o600))
	var err error
	c.log, err = os.Create(filepath.Join(c.dir, "log"))
	must(t, err)
	before(c)
	c.start("127.0.0.1:0")
	t.Cleanup(func() {
		c.stop()
		must(t, c.log.Close())
		if t.Failed() {
			said, _ := os.ReadFile(c.log.Name())
			t.Logf("keyfob-center said, last:\n%s", said[max(0, len(said)-4000):])
		}
	})
	return c
}

// in returns the center for a subtest.
func (c *center) in(t *testing.T) *center {
	same := *c
	same.t = t
	return &same
}

func (c *center) start(address string) {
	c.t.Helper()
	ready := filepath.Join(c.dir, "ready.json")
	must(c.t, os.RemoveAll(ready))
	c.process = exec.Command(filepath.Join(built.bin, "keyfob-center"), "serve", "--config", filepath.Join(c.dir, "center.yaml"),
		"--listen", address, "--control", "127.0.0.1:0", "--ready-file", ready)
	if c.lab {
		c.process.Args = append(c.process.Args, "--tls", "lab")
	}
	c.process.Env = []string{"HOME=" + c.dir}
	c.process.Stdout, c.process.Stderr = c.log, c.log
	must(c.t, c.process.Start())
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(ready); err == nil {
			must(c.t, json.Unmarshal(b, c))
			return
		}
		if time.Now().After(deadline) || c.process.Process.Signal(syscall.Signal(0)) != nil {
			c.stop()
			said, _ := os.ReadFile(c.log.Name())
			c.t.Fatalf("keyfob-center did not start:\n%s", said)
		}
	}
}

func (c *center) stop() {
	c.t.Helper()
	if c.process == nil {
		return
	}
	p := c.process
	c.process = nil
	late := time.AfterFunc(15*time.Second, func() { _ = p.Process.Kill() })
	defer late.Stop()
	_ = p.Process.Signal(os.Interrupt)
	if err := p.Wait(); err != nil {
		c.t.Errorf("keyfob-center ended with: %v", err)
	}
}

// restart stops the center, lets change do something to its files, and starts it at the same address.
func (c *center) restart(change func()) {
	c.t.Helper()
	u, err := url.Parse(c.URL)
	must(c.t, err)
	c.stop()
	change()
	c.start(u.Host)
}

// admin runs a command of keyfob-center beside the one that serves, and returns what it prints.
func (c *center) admin(args ...string) string {
	c.t.Helper()
	out, err := exec.Command(filepath.Join(built.bin, "keyfob-center"), append(args, "--config", filepath.Join(c.dir, "center.yaml"))...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("keyfob-center %s: %v\n%s", args, err, out)
	}
	return string(out)
}

// control calls the control API; in and out may be nil.
func (c *center) control(method, path string, in, out any) {
	c.t.Helper()
	body, err := json.Marshal(in)
	must(c.t, err)
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.ControlURL+path, bytes.NewReader(body))
	must(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.ControlToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(c.t, err)
	defer resp.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(resp.Body)
	must(c.t, err)
	if resp.StatusCode >= 300 {
		c.t.Fatalf("control API: %s %s: %s: %s", method, path, resp.Status, answer)
	}
	if out != nil {
		must(c.t, json.Unmarshal(answer, out))
	}
}

// calls counts the calls that the center has got since the last count, as "CreateToken:refresh_token"
// or "RegisterClient".
func (c *center) calls() map[string]int {
	c.t.Helper()
	var all []struct{ Operation, GrantType string }
	c.control(http.MethodGet, "/requests", nil, &all)
	c.control(http.MethodDelete, "/requests", nil, nil)
	n := map[string]int{}
	for _, r := range all {
		if r.GrantType != "" {
			r.Operation += ":" + r.GrantType
		}
		n[r.Operation]++
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
