package keyfob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/person"
)

// home is a home folder whose owner may sign in to a center.
type home struct {
	dir string
	c   *center
}

// signedIn returns the home of somebody who has just signed in as ada, at a center whose example
// organisation may be edited before.
func signedIn(t *testing.T, edits ...func(yaml string) string) home {
	t.Helper()
	dir := t.TempDir()
	c, err := startCenter(filepath.Join(dir, "center"), edits...)
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

// crowd is how many programs start at once.
const crowd = 64

// ask lets a crowd of processes get credentials, each of the profile that it has been given, and returns
// the different access keys that they got.
func (h home) ask(t *testing.T, profile func(i int) string) map[string]bool {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[string]bool{}
	for i := range crowd {
		wg.Go(func() {
			c := h.keyfob(t.Context(), "process", "--profile", profile(i))
			var stderr bytes.Buffer
			c.Stderr = &stderr
			out, err := c.Output()
			var doc struct {
				AccessKeyID string `json:"AccessKeyId"`
			}
			if err != nil || json.Unmarshal(out, &doc) != nil || doc.AccessKeyID == "" {
				t.Errorf("%v: %s%s", err, out, stderr.String())
			}
			mu.Lock()
			defer mu.Unlock()
			got[doc.AccessKeyID] = true
		})
	}
	wg.Wait()
	return got
}

func always(profile string) func(int) string { return func(int) string { return profile } }

// An expired token with a rotating refresh token: one refreshes, all succeed.
func TestCrowdRefreshesOnce(t *testing.T) {
	h := signedIn(t)
	h.expire(t)
	if got := h.ask(t, always("dev")); len(got) != 1 {
		t.Errorf("%d different credentials", len(got))
	}
	if n := h.count(t, "CreateToken:refresh_token"); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if n := h.count(t, "GetRoleCredentials"); n != 1 {
		t.Errorf("%d calls for role credentials, want 1", n)
	}
}

// No credentials yet, and all want the same: one asks.
func TestCrowdAsksOnce(t *testing.T) {
	h := signedIn(t)
	if got := h.ask(t, always("dev")); len(got) != 1 {
		t.Errorf("%d different credentials", len(got))
	}
	if n := h.count(t, "GetRoleCredentials"); n != 1 {
		t.Errorf("%d calls for role credentials, want 1", n)
	}
}

// Each wants another role: each asks, but they do not all ask at once, which the portal would refuse.
func TestCrowdOfRolesQueues(t *testing.T) {
	var sets, assignments, profiles strings.Builder
	for i := range crowd {
		fmt.Fprintf(&sets, "  - name: Role%d\n    session_duration: 1h\n", i)
		fmt.Fprintf(&assignments, "  - account: \"111111111111\"\n    permission_set: Role%d\n    users: [ada]\n", i)
		fmt.Fprintf(&profiles, "[profile role-%d]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Role%d\nregion = us-east-1\nservices = slow\n", i, i)
	}
	h := signedIn(t, func(yaml string) string {
		yaml = strings.Replace(yaml, "permission_sets:\n", "permission_sets:\n"+sets.String(), 1)
		return strings.Replace(yaml, "\nassignments:\n", "\nassignments:\n"+assignments.String(), 1)
	})
	to, err := url.Parse(h.c.URL)
	if err != nil {
		t.Fatal(err)
	}
	var now, most atomic.Int32
	portal := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		time.Sleep(20 * time.Millisecond)
		portal.ServeHTTP(w, r)
	}))
	defer slow.Close()
	f, err := os.OpenFile(filepath.Join(h.dir, ".aws", "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, "\n%s\n[services slow]\nsso =\n  endpoint_url = %s\nsso_oidc =\n  endpoint_url = %s\n", &profiles, slow.URL, h.c.URL)
	}
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	got := h.ask(t, func(i int) string { return fmt.Sprintf("role-%d", i) })
	if n := h.count(t, "GetRoleCredentials"); n != crowd || len(got) != crowd {
		t.Errorf("%d calls for %d different credentials, want %d", n, len(got), crowd)
	}
	if n := most.Load(); n < 2 || n > 8 {
		t.Errorf("%d asked at the same time", n)
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
