// Command try shows the whole thing on a machine without an AWS account: it starts an Identity Center
// on loopback, signs in to it with keyfob, asks STS who that is, and cleans up. `make try` runs it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"keyfob/internal/person"
)

func main() {
	bin := flag.String("bin", "bin", "folder with keyfob and keyfob-center")
	yes := flag.Bool("yes", false, "sign in through the pages without a person")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := try(ctx, *bin, *yes || !personIsThere()); err != nil {
		fmt.Fprintln(os.Stderr, "try:", err)
		os.Exit(1)
	}
}

// personIsThere reports whether somebody can see a browser and type into it.
func personIsThere() bool {
	st, err := os.Stdout.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 || os.Getenv("CI") != "" {
		return false
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("BROWSER") != "" || isDesktop()
}

func try(ctx context.Context, bin string, alone bool) (err error) {
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "keyfob-try-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &trial{bin: bin, dir: dir, home: filepath.Join(dir, "home")}

	say("1. An Identity Center of your own: two accounts, two permission sets, two people.")
	if err := t.startCenter(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stopCenter()) }()
	say("   It listens on %s, on this machine only.", t.ready.URL)
	say("2. A profile for it, in a home folder that is thrown away afterwards.")
	if err := t.writeConfig(); err != nil {
		return err
	}
	if alone {
		say("3. keyfob sso login --profile dev   (%s signs in through the pages by herself)", t.user)
	} else {
		say("3. keyfob sso login --profile dev   (sign in as %s with the password %s)", t.user, t.password)
	}
	if err := t.login(ctx, alone); err != nil {
		return err
	}
	say("4. keyfob sts get-caller-identity --profile dev")
	if err := t.keyfob(ctx, nil, "sts", "get-caller-identity", "--profile", "dev").Run(); err != nil {
		return err
	}
	say("5. keyfob sso logout")
	return t.keyfob(ctx, nil, "sso", "logout").Run()
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

type trial struct {
	bin, dir, home string
	user, password string
	ready          struct {
		URL      string `json:"url"`
		StartURL string `json:"startUrl"`
	}
	center *exec.Cmd
	log    *os.File
}

var credentialsLine = regexp.MustCompile(`(?m)^ *(ada) +(\S+)`)

// startCenter makes the example organisation, whose passwords are new each time, and serves it.
func (t *trial) startCenter(ctx context.Context) error {
	program := filepath.Join(t.bin, "keyfob-center")
	out, err := exec.CommandContext(ctx, program, "init", "--dir", t.dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("keyfob-center init: %w\n%s", err, out)
	}
	m := credentialsLine.FindSubmatch(out)
	if m == nil {
		return fmt.Errorf("keyfob-center init names no password:\n%s", out)
	}
	t.user, t.password = string(m[1]), string(m[2])
	if t.log, err = os.Create(filepath.Join(t.dir, "center.log")); err != nil {
		return err
	}
	ready := filepath.Join(t.dir, "ready.json")
	t.center = exec.Command(program, "serve", "--config", filepath.Join(t.dir, "center.yaml"), "--listen", "127.0.0.1:0", "--ready-file", ready)
	t.center.Stdout, t.center.Stderr = t.log, t.log
	if err := t.center.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if b, err := os.ReadFile(ready); err == nil {
			return json.Unmarshal(b, &t.ready)
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			said, _ := os.ReadFile(t.log.Name())
			return errors.Join(fmt.Errorf("keyfob-center did not start:\n%s", said), t.stopCenter())
		}
	}
}

func (t *trial) stopCenter() error {
	if err := t.center.Process.Signal(os.Interrupt); err != nil {
		_ = t.center.Process.Kill()
	}
	err := t.center.Wait()
	return errors.Join(err, t.log.Close())
}

func (t *trial) writeConfig() error {
	config := fmt.Sprintf(`[profile dev]
sso_session = example
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
services = example

[sso-session example]
sso_start_url = %[2]s
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[services example]
sso_oidc =
  endpoint_url = %[1]s
sso =
  endpoint_url = %[1]s
sts =
  endpoint_url = %[1]s
`, t.ready.URL, t.ready.StartURL)
	if err := os.MkdirAll(filepath.Join(t.home, ".aws"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.home, ".aws", "config"), []byte(config), 0o600)
}

// keyfob runs the real program in the throw-away home. Settings of the person's own AWS tools stay out.
func (t *trial) keyfob(ctx context.Context, stdout io.Writer, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(t.bin, "keyfob"), args...)
	c.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "AWS_") || strings.HasPrefix(kv, "HOME=") || strings.HasPrefix(strings.ToUpper(kv), "HTTP_PROXY=")
	})
	c.Env = append(c.Env, "HOME="+t.home)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if stdout != nil {
		c.Stdout = stdout
	}
	return c
}

var authorizeURL = regexp.MustCompile(`^https?://\S+/authorize\?\S+$`)

func (t *trial) login(ctx context.Context, alone bool) error {
	if !alone {
		return t.keyfob(ctx, nil, "sso", "login", "--profile", "dev").Run()
	}
	r, w := io.Pipe()
	login := t.keyfob(ctx, w, "sso", "login", "--profile", "dev", "--no-browser")
	if err := login.Start(); err != nil {
		return err
	}
	visited := make(chan error, 1)
	go func() { visited <- t.visit(ctx, r) }()
	err := login.Wait()
	_ = w.Close()
	return errors.Join(err, <-visited)
}

// visit shows what keyfob prints and goes where it says.
func (t *trial) visit(ctx context.Context, output io.Reader) error {
	var err error
	for lines := bufio.NewScanner(output); lines.Scan(); {
		line := lines.Text()
		fmt.Println("   " + line)
		if !authorizeURL.MatchString(line) {
			continue
		}
		p, e := person.New(t.user, t.password)
		if e != nil {
			return e
		}
		page, e := p.Approve(ctx, line)
		if e == nil && !strings.Contains(page.Text, "You are signed in") {
			e = fmt.Errorf("the browser shows: %s", page.Text)
		}
		err = errors.Join(err, e)
	}
	return err
}
