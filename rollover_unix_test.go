//go:build unix

package keyfob_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/cli"
	"keyfob/internal/clock"
)

// centerClock is a client's clock that goes with the center's.
type centerClock struct {
	clock.System
	c *centertest.Center
}

// Now implements [clock.Clock].
func (c centerClock) Now() time.Time { return c.c.Now() }

// A command that runs for hours under exec --server is served credentials that are good at every moment,
// while the role's expire, and the sign-in's token with them: ten minutes at a time, and nothing is asked
// for before it has to be.
func TestExecServerRollsOver(t *testing.T) {
	c := centertest.New(t)
	env := slices.DeleteFunc(c.Home(t), func(e string) bool { return strings.HasPrefix(e, "PATH=") })
	env = append(env, "PATH="+bin+":/usr/bin:/bin")
	lookup := func(key string) (string, bool) {
		for _, e := range env {
			if name, value, _ := strings.Cut(e, "="); name == key {
				return value, true
			}
		}
		return "", false
	}
	home, _ := lookup("HOME")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	signInAs(ctx, t, c, env)

	dir := t.TempDir()
	const steps = 30
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do
	keyfob configure export-credentials >got.tmp || exit 1
	i=$((i+1)); mv got.tmp got.$i
	while [ ! -e go.$i ]; do sleep 0.01; done
done; exit 7`, steps)
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.System{
			Args:      []string{"exec", "--server", "--profile", "dev", "--", "sh", "-c", "cd " + dir + "; " + script},
			LookupEnv: lookup, Environ: env, Home: home, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			Clock: centerClock{c: c}, Random: rand.Reader, Version: "0.0.0-test",
		})
	}()
	keys := map[string]bool{}
	for step := 1; step <= steps; step++ {
		var got struct {
			AccessKeyID string `json:"AccessKeyId"`
			Expiration  time.Time
		}
		path := filepath.Join(dir, fmt.Sprintf("got.%d", step))
		for {
			b, err := os.ReadFile(path)
			if err == nil {
				if err := json.Unmarshal(b, &got); err != nil {
					t.Fatal(err)
				}
				break
			}
			select {
			case code := <-ended:
				t.Fatalf("step %d: ended with %d", step, code)
			case <-time.After(10 * time.Millisecond):
			}
		}
		keys[got.AccessKeyID] = true
		if left := got.Expiration.Sub(c.Now()); left < 14*time.Minute {
			t.Errorf("step %d: credentials that are good for %s", step, left)
		}
		c.Advance(10 * time.Minute)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("go.%d", step)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code := <-ended; code != 7 {
		t.Errorf("ended with %d, want 7", code)
	}
	fetched, refreshed := 0, 0
	for _, r := range c.Requests() {
		switch {
		case r.Operation == "GetRoleCredentials":
			fetched++
		case r.Operation == "CreateToken" && strings.HasSuffix(r.GrantType, "refresh_token"):
			refreshed++
		}
	}
	// Five hours of a role that lasts for one, renewed at a quarter to its end.
	if fetched != len(keys) || fetched < 5 || fetched > 7 || refreshed == 0 {
		t.Errorf("%d sets of credentials in %d fetches, %d refreshes", len(keys), fetched, refreshed)
	}
}

// signInAs signs ada in with the real program.
func signInAs(ctx context.Context, t *testing.T, c *centertest.Center, env []string) {
	t.Helper()
	login := exec.CommandContext(ctx, filepath.Join(bin, "keyfob"), "sso", "login", "--profile", "dev", "--no-browser")
	login.Env = env
	out, err := login.StdoutPipe()
	if err == nil {
		err = login.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	location, err := c.Authorize("ada", readUntil(t, out, authorizeURL))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(location) //nolint:gosec,noctx // the loopback listener's
	if err == nil {
		_ = resp.Body.Close()
		err = login.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
}
