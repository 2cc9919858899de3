package keyfob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"keyfob/internal/person"
)

// home is a home folder whose owner may sign in to a center.
type home struct {
	dir string
	c   *center
}

// signedIn returns the home of somebody who has just signed in as ada.
func signedIn(t *testing.T) home {
	t.Helper()
	dir := t.TempDir()
	c, err := startCenter(filepath.Join(dir, "center"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.stop(); err != nil {
			t.Error(err)
		}
	})
	h := home{dir: filepath.Join(dir, "home"), c: c}
	if err := c.writeConfig(h.dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	login := h.keyfob(ctx, "sso", "login", "--profile", "dev", "--no-browser")
	out, err := login.StdoutPipe()
	if err == nil {
		err = login.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	address := readUntil(t, out, authorizeURL)
	p, err := person.New("ada", c.Passwords["ada"])
	if err == nil {
		_, err = p.Approve(ctx, address)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := login.Wait(); err != nil {
		t.Fatalf("keyfob sso login: %v", err)
	}
	return h
}

// readUntil reads until a whole line matches and returns the match.
func readUntil(t *testing.T, r interface{ Read([]byte) (int, error) }, re *regexp.Regexp) string {
	t.Helper()
	var seen bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		seen.Write(buffer[:n])
		if m := re.Find(seen.Bytes()); m != nil && bytes.ContainsRune(seen.Bytes()[bytes.Index(seen.Bytes(), m):], '\n') {
			return string(m)
		}
		if err != nil {
			t.Fatalf("%v matches nothing in %q: %v", re, seen.String(), err)
		}
	}
}

func (h home) keyfob(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(bin, "keyfob"), args...)
	c.Env = []string{"HOME=" + h.dir, "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true"}
	return c
}

var expiry = regexp.MustCompile(`("expiresAt": ")[^"]*`)

// expire makes the token look expired and removes the role credentials.
func (h home) expire(t *testing.T) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(h.dir, ".aws/sso/cache/*.json"))
	changed := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("accessToken")) {
			changed++
			if err := os.WriteFile(f, expiry.ReplaceAll(b, []byte("${1}2020-01-01T00:00:00Z")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if changed != 1 {
		t.Fatalf("%d token files", changed)
	}
	if err := os.RemoveAll(filepath.Join(h.dir, ".aws/cli/cache")); err != nil {
		t.Fatal(err)
	}
}

func (h home) count(t *testing.T, what string) int {
	t.Helper()
	n, _, err := h.c.requests(what)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Fifty processes find an expired token with a rotating refresh token: one refreshes, all succeed.
func TestFiftyProcessesOneRefresh(t *testing.T) {
	h := signedIn(t)
	h.expire(t)
	const processes = 50
	var wg sync.WaitGroup
	failures := make(chan string, processes)
	for range processes {
		wg.Go(func() {
			c := h.keyfob(t.Context(), "configure", "export-credentials", "--profile", "dev")
			var stderr bytes.Buffer
			c.Stderr = &stderr
			out, err := c.Output()
			var doc struct {
				AccessKeyID string `json:"AccessKeyId"`
			}
			if err != nil || json.Unmarshal(out, &doc) != nil || doc.AccessKeyID == "" {
				failures <- fmt.Sprintf("%v: %s%s", err, out, stderr.String())
			}
		})
	}
	wg.Wait()
	close(failures)
	for f := range failures {
		t.Error(f)
	}
	if n := h.count(t, "CreateToken:refresh_token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if n := h.count(t, "GetRoleCredentials"); n != 1 {
		t.Errorf("%d calls for role credentials, want 1", n)
	}
}

// The same while some are killed at random moments: whoever lives succeeds, and the session survives.
func TestKilledProcessesBlockNobody(t *testing.T) {
	h := signedIn(t)
	const processes, seeds = 20, 10
	killed, lived := 0, 0
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 1))
		h.expire(t)
		before := h.count(t, "CreateToken:refresh_token")
		var wg sync.WaitGroup
		var mu sync.Mutex
		dead := 0
		for i := range processes {
			after := time.Duration(random.IntN(60_000)) * time.Microsecond
			wg.Go(func() {
				c := h.keyfob(t.Context(), "configure", "export-credentials", "--profile", "dev")
				var stdout, stderr bytes.Buffer
				c.Stdout, c.Stderr = &stdout, &stderr
				if err := c.Start(); err != nil {
					t.Error(err)
					return
				}
				if i%2 == 0 {
					kill := time.AfterFunc(after, func() { _ = c.Process.Kill() })
					defer kill.Stop()
				}
				err := c.Wait()
				mu.Lock()
				defer mu.Unlock()
				switch {
				case i%2 == 0 && err != nil:
					dead++
				case err != nil:
					t.Errorf("seed %d: %v\n%s", seed, err, stderr.String())
				default:
					lived++
				}
			})
		}
		wg.Wait()
		killed += dead
		if n := h.count(t, "CreateToken:refresh_token") - before; n < 1 || n > 1+dead {
			t.Errorf("seed %d: %d refreshes with %d processes killed", seed, n, dead)
		}
		files, _ := filepath.Glob(filepath.Join(h.dir, ".aws/*/cache/*.json"))
		if len(files) < 3 {
			t.Errorf("seed %d: cache files are %v", seed, files)
		}
		for _, f := range files {
			if b, err := os.ReadFile(f); err != nil || !json.Valid(b) {
				t.Errorf("seed %d: %s is not whole: %v", seed, f, err)
			}
		}
	}
	if killed == 0 || lived < seeds*processes/2 {
		t.Errorf("%d processes were killed and %d lived: that tests nothing", killed, lived)
	}
	t.Logf("%d killed, %d lived", killed, lived)
}
