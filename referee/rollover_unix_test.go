//go:build unix

package referee

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/cli"
	"keyfob/internal/clock"
)

//go:embed boto3/rolls.py
var rollsScript string

// centerClock is keyfob's clock where it goes with the center's.
type centerClock struct {
	clock.System
	c *centertest.Center
}

// Now implements [clock.Clock].
func (c centerClock) Now() time.Time { return c.c.Now() }

// TestExecServerRollsOver: a program with boto3 runs for five hours under exec --server. Its role's credentials expire four
// times, the sign-in's access token too, and no call fails or waits. Center, keyfob and boto3 have one clock, which is moved.
func TestExecServerRollsOver(t *testing.T) {
	needs(t, boto3)
	c := centertest.New(t)
	env := append(c.Home(t, centertest.Profile{Name: "dev"}), "AWS_REGION="+c.Region, "AWS_ENDPOINT_URL_STS="+c.URL)
	lookup := func(key string) (value string, ok bool) {
		for _, e := range env {
			if name, v, _ := strings.Cut(e, "="); name == key {
				value, ok = v, true
			}
		}
		return value, ok
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	login := exec.CommandContext(ctx, filepath.Join(built.bin, "keyfob"), "sso", "login", "--profile", "dev", "--use-device-code", "--no-browser")
	login.Env = env
	said, err := login.StdoutPipe()
	must(t, err)
	must(t, login.Start())
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if code := regexp.MustCompile(`^[A-Z]{4}-[A-Z]{4}$`).FindString(strings.TrimSpace(lines.Text())); code != "" {
			must(t, c.ApproveDevice("ada", code))
			break
		}
	}
	_, err = io.Copy(io.Discard, said)
	must(t, err)
	must(t, login.Wait())

	// The program has this process's own standard input and output.
	pipes := t.TempDir()
	pipe := func(name string) *os.File {
		name = filepath.Join(pipes, name)
		must(t, syscall.Mkfifo(name, 0o600))
		f, err := os.OpenFile(name, os.O_RDWR, 0) // which does not wait for the other end
		must(t, err)
		return f
	}
	toProgram, fromProgram := pipe("in"), pipe("out")
	home, _ := lookup("HOME")
	ended := make(chan int, 1)
	go func() {
		defer fromProgram.Close() //nolint:errcheck // nothing more comes
		ended <- cli.Main(ctx, cli.System{
			Args: []string{
				"exec", "--server", "--profile", "dev", "--",
				"sh", "-c", `exec chroot "$1" /usr/bin/python3 -c "$2" <"$3/in" >"$3/out"`, "sh", debian(), rollsScript, pipes,
			},
			LookupEnv: lookup, Environ: env, Home: home, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
			Clock: centerClock{c: c}, Random: rand.Reader, Version: "0.0.0-test",
		})
	}()
	keys := map[string]bool{}
	answers := bufio.NewScanner(fromProgram)
	const steps = 30
	for step := range steps {
		_, err := fmt.Fprintln(toProgram, time.Until(c.Now()).Seconds())
		must(t, err)
		if !answers.Scan() {
			t.Fatalf("after %d calls it ended with %d", step, <-ended)
		}
		key, arn, _ := strings.Cut(answers.Text(), " ")
		if !strings.HasPrefix(key, "ASIA") || !strings.Contains(arn, ":assumed-role/AWSReservedSSO_") {
			t.Fatalf("call %d is answered %q", step, answers.Text())
		}
		keys[key] = true
		c.Advance(10 * time.Minute)
	}
	must(t, toProgram.Close())
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if len(keys) < 5 || len(keys) > 8 {
		t.Errorf("%d access keys in five hours, of roles that live for one", len(keys))
	}
	refreshed := 0
	for _, r := range c.Requests() {
		if r.Operation == "CreateToken" && r.GrantType == "refresh_token" {
			refreshed++
		}
	}
	if refreshed < 3 {
		t.Errorf("the sign-in was refreshed %d times in five hours", refreshed)
	}
}
