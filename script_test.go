// Package keyfob_test runs the command line's scripts: the real programs, a real center, a person who
// signs in on its pages.
package keyfob_test

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // how the AWS CLI names its files
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keyfob/internal/clock"
	"keyfob/internal/person"
	"keyfob/internal/scriptedsts"
)

func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("there are no scripts: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Values[awsOf{}] = newAWS(e.WorkDir + "/home")
			e.Values[stsOf{}] = &scriptedsts.Service{Clock: clock.System{}}
			// Nothing of the machine's own AWS settings reaches a script.
			e.Vars = []string{
				"HOME=" + e.WorkDir + "/home", "PATH=" + bin + ":/usr/bin:/bin", "TMPDIR=" + e.WorkDir, "WORK=" + e.WorkDir,
				"LC_ALL=C.UTF-8", "TZ=UTC", "AWS_EC2_METADATA_DISABLED=true", "WORDS=" + e.WorkDir + "/words",
			}
			return os.MkdirAll(e.WorkDir+"/home/.aws", 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"center":    cmdCenter,
			"login":     cmdLogin,
			"configure": cmdConfigure,
			"expire":    cmdExpire,
			"requests":  cmdRequests,
			"control":   cmdControl,
			"mode":      cmdMode,
			"cachefile": cmdCacheFile,
			"dead":      cmdDead,
			"exits":     cmdExits,
			"aws":       cmdAWS,
			"calls":     cmdCalls,
			"visit":     cmdVisit,
			"sts":       cmdSTS,
		},
	})
}

func check(ts *testscript.TestScript, err error) {
	if err != nil {
		ts.Fatalf("%v", err)
	}
}

// cmdCenter starts keyfob-center with its example organisation and test powers, and writes a config with
// [profile dev] and [profile readonly] of [sso-session corp], and a legacy [profile old].
func cmdCenter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: center")
	}
	c, err := startCenter(ts.MkAbs("center"))
	check(ts, err)
	ts.Defer(func() { check(ts, c.stop()) })
	for name, value := range map[string]string{
		"PASSWORD_ada": c.Passwords["ada"], "PASSWORD_grace": c.Passwords["grace"],
		"URL": c.URL, "START": c.StartURL, "CONTROL_URL": c.ControlURL, "CONTROL_TOKEN": c.ControlToken,
	} {
		ts.Setenv(name, value)
	}
	check(ts, c.writeConfig(ts.MkAbs("home")))
}

var (
	authorizeURL = regexp.MustCompile(`https?://\S+/authorize\?\S+`)
	deviceURL    = regexp.MustCompile(`https?://\S+user_code=\S+`)
)

// cmdLogin runs keyfob sso login with the arguments while ada signs in on the pages. What was printed is
// in the file login.out, the last page's words in page.out.
func cmdLogin(ts *testscript.TestScript, neg bool, args []string) {
	signingIn(ts, neg, append([]string{"sso", "login", "--no-browser"}, args...), nil)
}

// cmdConfigure runs keyfob configure sso with the arguments, its answers in a file, while ada signs in:
// configure ANSWERS ARG...
func cmdConfigure(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: configure ANSWERS ARG...")
	}
	signingIn(ts, neg, append([]string{"configure", "sso", "--no-browser"}, args[1:]...), strings.NewReader(ts.ReadFile(args[0])))
}

// signingIn runs keyfob while ada signs in wherever it says, as for cmdLogin.
func signingIn(ts *testscript.TestScript, neg bool, args []string, stdin io.Reader) {
	c := exec.Command(filepath.Join(bin, "keyfob"), args...)
	c.Env = environment(ts)
	c.Stdin = stdin
	out, err := c.StdoutPipe()
	check(ts, err)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	check(ts, c.Start())
	kill := time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() })
	defer kill.Stop()

	var printed bytes.Buffer
	buffer := make([]byte, 4096)
	visited := false
	for {
		n, err := out.Read(buffer)
		printed.Write(buffer[:n])
		address := authorizeURL.Find(printed.Bytes())
		if address == nil {
			address = deviceURL.Find(printed.Bytes())
		}
		if address != nil && bytes.HasSuffix(printed.Bytes(), []byte("\n")) && !visited {
			visited = true
			p, err := person.New("ada", ts.Getenv("PASSWORD_ada"))
			check(ts, err)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			page, err := p.Approve(ctx, string(address))
			cancel()
			check(ts, err)
			check(ts, os.WriteFile(ts.MkAbs("page.out"), []byte(page.Text+"\n"), 0o600))
		}
		if err != nil {
			break
		}
	}
	err = c.Wait()
	check(ts, os.WriteFile(ts.MkAbs("login.out"), printed.Bytes(), 0o600))
	check(ts, os.WriteFile(ts.MkAbs("login.err"), stderr.Bytes(), 0o600))
	if (err != nil) != neg {
		ts.Fatalf("keyfob: %v\n%s%s", err, printed.String(), stderr.String())
	}
}

func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, k := range []string{
		"HOME", "PATH", "LC_ALL", "TZ", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CONFIG_FILE",
	} {
		if v := ts.Getenv(k); v != "" {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// cmdCacheFile sets a variable to the path of a token's cache file: cachefile VAR KEY
func cmdCacheFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cachefile VAR KEY")
	}
	sum := sha1.Sum([]byte(args[1])) //nolint:gosec // see above
	ts.Setenv(args[0], filepath.Join(ts.MkAbs("home"), ".aws/sso/cache", hex.EncodeToString(sum[:])+".json"))
}

// cmdExpire rewrites an instant of every cache file that has it, to lie so far from now:
//
//	expire token -1m | expire registration -1m | expire role 10m
func cmdExpire(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expire token|registration|role DURATION")
	}
	d, err := time.ParseDuration(args[1])
	check(ts, err)
	field, ok := map[string]string{"token": "expiresAt", "registration": "registrationExpiresAt", "role": "Expiration"}[args[0]]
	if !ok {
		ts.Fatalf("expire what? %s", args[0])
	}
	at := time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z")
	re := regexp.MustCompile(`("` + field + `": ")[^"]*`)
	changed := 0
	for _, dir := range []string{"home/.aws/sso/cache", "home/.aws/cli/cache"} {
		files, _ := filepath.Glob(filepath.Join(ts.MkAbs(dir), "*.json"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			check(ts, err)
			if args[0] == "token" && !bytes.Contains(b, []byte("accessToken")) {
				continue
			}
			if n := re.ReplaceAll(b, []byte("${1}"+at)); !bytes.Equal(n, b) {
				changed++
				check(ts, os.WriteFile(f, n, 0o600))
			}
		}
	}
	if changed == 0 {
		ts.Fatalf("no cache file has %s", field)
	}
}

// centerOf is the center that the script has started.
func centerOf(ts *testscript.TestScript) *center {
	return &center{ControlURL: ts.Getenv("CONTROL_URL"), ControlToken: ts.Getenv("CONTROL_TOKEN")}
}

// cmdControl uses a test power: control METHOD PATH [JSON]
func cmdControl(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: control METHOD PATH [JSON]")
	}
	_, err := centerOf(ts).control(args[0], args[1], strings.Join(args[2:], " "))
	check(ts, err)
}

// cmdRequests checks how often an operation has reached the center: requests OPERATION[:GRANT] N
func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: requests OPERATION[:GRANT] N")
	}
	n, seen, err := centerOf(ts).requests(args[0])
	check(ts, err)
	want, err := strconv.Atoi(args[1])
	check(ts, err)
	if (n == want) == neg {
		ts.Fatalf("%d requests for %s; all were %v", n, args[0], seen)
	}
}

// cmdMode checks a file's permissions: mode 0600 FILE…
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if runtime.GOOS == "windows" {
		return
	}
	files := 0
	for _, pattern := range args[1:] {
		found, _ := filepath.Glob(ts.MkAbs(pattern))
		for _, f := range found {
			files++
			st, err := os.Stat(f)
			check(ts, err)
			if mode := fmt.Sprintf("%04o", st.Mode().Perm()); (mode == args[0]) == neg {
				ts.Fatalf("mode of %s is %s", f, mode)
			}
		}
	}
	if files == 0 {
		ts.Fatalf("no file matches %v", args[1:])
	}
}

// cmdDead sets variables to an address of this machine where nothing listens: dead VAR…
func cmdDead(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(ts, err)
	check(ts, l.Close())
	for _, v := range args {
		ts.Setenv(v, "http://"+l.Addr().String())
	}
}

// cmdExits runs keyfob and checks its exit code: exits CODE ARGUMENT…
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	check(ts, err)
	code := 0
	if err := ts.Exec("keyfob", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("keyfob: %v", err)
		}
		code = exit.ExitCode()
	}
	if (code == want) == neg {
		ts.Fatalf("exit code is %d, want %d", code, want)
	}
}
