package main

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keyfob-center": main})
}

func TestScripts(t *testing.T) {
	const dir = "testdata/script"
	if found, err := filepath.Glob(dir + "/*.txtar"); err != nil || len(found) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":      awaitReady,
			"get":        get,
			"eventually": eventually,
			"known":      known,
			"address":    address,
			"meddle":     meddle,
			"occupied":   occupied,
			"exits":      exits,
			"mode":       mode,
		},
	})
}

// awaitReady FILE waits until a background center has written its ready file, and sets URL.
func awaitReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready FILE")
	}
	for range 200 {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil {
			var r struct{ URL, StartURL, ControlURL, ControlToken, MetricsURL string }
			ts.Check(json.Unmarshal(b, &r))
			ts.Setenv("URL", r.URL)
			ts.Setenv("CONTROL_URL", r.ControlURL)
			ts.Setenv("CONTROL_TOKEN", r.ControlToken)
			ts.Setenv("METRICS_URL", r.MetricsURL)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no %s within 10 s", args[0])
}

// get STATUS URL [HEADER:VALUE] fetches a page and prints it; over https with the CA in the file CA.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: get STATUS URL [HEADER:VALUE]")
	}
	r, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	for _, h := range args[2:] {
		k, v, _ := strings.Cut(h, ":")
		if r.Header.Set(k, v); k == "Host" {
			r.Host = v
		}
	}
	roots := x509.NewCertPool()
	if ca := ts.Getenv("CA"); ca != "" {
		roots.AppendCertsFromPEM([]byte(ts.ReadFile(ca)))
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if neg && err != nil {
		return
	}
	ts.Check(err)
	defer resp.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", b)
	if neg == (fmt.Sprint(resp.StatusCode) == args[0]) {
		ts.Fatalf("%s: %s\n%s", args[1], resp.Status, b)
	}
}

// eventually STATUS URL fetches a page until it has that status, and prints it.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: eventually STATUS URL")
	}
	for range 100 {
		resp, err := http.Get(args[1])
		ts.Check(err)
		b, err := io.ReadAll(resp.Body)
		ts.Check(errors.Join(err, resp.Body.Close()))
		if fmt.Sprint(resp.StatusCode) == args[0] {
			fmt.Fprintf(ts.Stdout(), "%s", b)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not become %s", args[1], args[0])
}

// occupied sets ADDRESS to an address on which somebody else listens.
func occupied(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() }) //nolint:errcheck // a test
	ts.Setenv("ADDRESS", l.Addr().String())
}

// exits CODE ARGS… runs keyfob-center, wants that exit code, and, if it is not 0, one line of error.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS...")
	}
	err := ts.Exec("keyfob-center", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
	stderr := ts.ReadFile("stderr")
	if errors := strings.Count(stderr, "keyfob-center: error: "); args[0] != "0" && errors != 1 {
		ts.Fatalf("%d lines of error:\n%s", errors, stderr)
	}
	for _, line := range strings.Split(strings.TrimSpace(stderr), "\n") {
		if strings.Contains(line, "goroutine") || strings.Contains(line, "panic") {
			ts.Fatalf("it fell over:\n%s", stderr)
		}
	}
}

// mode MODE FILE wants a file's permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	st, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", st.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// known FILE sets KNOWN to the last event that "audit verify" printed there.
func known(ts *testscript.TestScript, _ bool, args []string) {
	_, last, ok := strings.Cut(ts.ReadFile(args[0]), "the last is ")
	if !ok {
		ts.Fatalf("%s names no last event", args[0])
	}
	ts.Setenv("KNOWN", strings.TrimSpace(last))
}

// meddle FILE SQL… changes a database behind everybody's back.
func meddle(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close() //nolint:errcheck // a test
	for _, s := range args[1:] {
		_, err := db.Exec(s)
		ts.Check(err)
	}
}

// address URL sets ADDRESS to its host and port.
func address(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(args[0])
	ts.Check(err)
	ts.Setenv("ADDRESS", u.Host)
}
