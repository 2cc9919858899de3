package keyfob_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/person"
)

// A run with everything in it that has a secret, and all that others can see of it: the command lines of
// processes, what keyfob says on stderr, with --debug and when a service fails, and the center's log.
func TestNoSecretIsSeen(t *testing.T) {
	public := &exposed{seen: map[string]bool{}}
	secrets := map[string]bool{}
	var h home
	t.Cleanup(func() { // when the center has ended
		public.add("the log of keyfob-center", h.c.log.String())
		public.lacks(t, secrets)
	})
	h = signedIn(t)
	secrets[h.c.Passwords["ada"]], secrets[h.c.Passwords["grace"]] = true, true
	stop := public.watchCommandLines(t)
	gather := func(text []byte) {
		for _, m := range secretMember.FindAllSubmatch(text, -1) {
			secrets[string(m[1])] = true
		}
	}
	run := func(args ...string) {
		t.Helper()
		c := h.keyfob(t.Context(), append(args, "--debug")...)
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		err := c.Run()
		public.add("stderr of keyfob "+strings.Join(args, " "), stderr.String())
		if err != nil {
			public.add("stdout of a failing keyfob "+strings.Join(args, " "), stdout.String())
		}
		gather(stdout.Bytes())
		files, _ := filepath.Glob(filepath.Join(h.dir, ".aws/*/cache/*.json"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			gather(b)
		}
	}
	fault := func(operation, code string, status int) {
		t.Helper()
		body := fmt.Sprintf(`{"operation":%q,"status":%d,"code":%q,"times":3}`, operation, status, code)
		if _, err := h.c.control("POST", "/faults", body); err != nil {
			t.Fatal(err)
		}
	}

	for _, way := range [][]string{nil, {"--use-device-code"}} {
		h.login(t, public, secrets, append([]string{"sso", "login", "--profile", "dev", "--no-browser", "--debug"}, way...)...)
		run("process", "--profile", "dev")
		run("sts", "get-caller-identity", "--profile", "dev")
		run("sso", "list-accounts", "--profile", "dev")
		h.expire(t)
		run("configure", "export-credentials", "--profile", "dev", "--format", "env")
		h.expire(t)
		fault("CreateToken:refresh_token", "InvalidGrantException", 400)
		run("process", "--profile", "dev")
		fault("GetRoleCredentials", "ForbiddenException", 403)
		run("process", "--profile", "readonly")
		fault("GetCallerIdentity", "InvalidClientTokenId", 403)
		run("sts", "get-caller-identity", "--profile", "dev")
		run("sso", "token", "--profile", "dev")
		run("configure", "list", "--profile", "dev")
		run("configure", "check")
	}
	fault("Logout", "InternalServerException", 500)
	run("sso", "logout")
	stop()
}

var (
	// What is secret in documents and files, and in what is printed for a shell.
	secretMember = regexp.MustCompile(`"?(?:accessToken|refreshToken|clientSecret|SecretAccessKey|SessionToken|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN)"?(?:: "|=)([^"\n]+)`)
	// What is secret in URLs, which the browser gets.
	secretQuery = regexp.MustCompile(`[?&](?:code|user_code)=([^&\s]+)`)
)

// exposed is what others could see.
type exposed struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (e *exposed) add(what, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[what+":\n"+text] = true
}

// lacks fails if a secret is in any of it.
func (e *exposed) lacks(t *testing.T, secrets map[string]bool) {
	if len(secrets) < 12 || len(e.seen) < 12 {
		t.Fatalf("%d secrets, %d texts: that tests little", len(secrets), len(e.seen))
	}
	t.Logf("%d secrets, %d texts", len(secrets), len(e.seen))
	for text := range e.seen {
		for s := range secrets {
			if len(s) < 8 {
				t.Fatalf("%q is not a secret", s)
			}
			if strings.Contains(text, s) {
				t.Errorf("a secret that begins with %q is in %s", s[:4], text)
			}
		}
	}
}

// watchCommandLines reads all processes' until it is stopped.
func (e *exposed) watchCommandLines(t *testing.T) (stop func()) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	found := 0
	wg.Go(func() {
		for ctx.Err() == nil {
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, f := range files {
				if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(bin)) {
					found++
					e.add("a command line", string(b))
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	return func() {
		cancel()
		wg.Wait()
		if found < 10 {
			t.Errorf("command lines were seen %d times", found)
		}
	}
}

// login signs in as ada. Where keyfob says to go is for whoever reads it; the code in it serves only that
// person's browser, but no log may have it.
func (h home) login(t *testing.T, public *exposed, secrets map[string]bool, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := h.keyfob(ctx, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := person.New("ada", h.c.Passwords["ada"])
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.Approve(ctx, readUntil(t, out, regexp.MustCompile(`https?://\S+/(authorize\?|device\?user_code=)\S+`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("keyfob %s: %v\n%s", args, err, &stderr)
	}
	for _, m := range secretQuery.FindAllStringSubmatch(page.URL.String(), -1) {
		secrets[m[1]] = true
	}
	public.add("stderr of keyfob "+strings.Join(args, " "), stderr.String())
}
