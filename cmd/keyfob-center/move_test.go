package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/person"
	"keyfob/internal/wire"
)

const movingYAML = `instance: {name: Lab, region: us-east-1}
accounts: [{id: "111111111111", name: Production, email: prod@example.com}]
users: [{name: ada, email: ada@example.com, password_env: ADA_PASSWORD}]
permission_sets: [{name: ReadOnly}]
assignments: [{account: "111111111111", permission_set: ReadOnly, users: [ada]}]
`

// A center moves from SQLite to PostgreSQL and back. Whoever is signed in stays signed in, what was used stays used,
// and the audit log is the same one.
func TestMoveBetweenDatabases(t *testing.T) {
	const password = "correct horse battery"
	t.Setenv("ADA_PASSWORD", password)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "center.yaml"), []byte(movingYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(code int, text string, args ...string) string {
		t.Helper()
		cmd := exec.Command("keyfob-center", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if ok, err := regexp.MatchString("(?m)"+text, string(out)); err != nil || !ok || cmd.ProcessState.ExitCode() != code {
			t.Fatalf("%s: exit code %d, want %d and %q:\n%s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), code, text, out)
		}
		return string(out)
	}
	var client wire.RegisterClientResponse
	var tokens wire.CreateTokenResponse
	serve := func(with func(url string)) {
		t.Helper()
		cmd, url := start(t, dir)
		with(url)
		must(cmd.Process.Signal(syscall.SIGTERM))
		must(cmd.Wait())
	}
	refresh := func(url string) {
		t.Helper()
		used := tokens.RefreshToken
		must(call(t.Context(), url+wire.PathCreateToken, wire.CreateTokenRequest{
			ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantRefreshToken, RefreshToken: used,
		}, &tokens))
		if tokens.RefreshToken == used || tokens.RefreshToken == "" {
			t.Error("a refresh without a new refresh token")
		}
	}
	events := func() string {
		t.Helper()
		return run(0, `^The audit log is whole: \d+ events, the last is`, "audit", "verify")
	}

	serve(func(url string) { // on SQLite
		must(call(t.Context(), url+wire.PathRegisterClient, wire.RegisterClientRequest{
			ClientName: "move", ClientType: wire.ClientTypePublic, Scopes: []string{wire.ScopeAccountAccess},
			GrantTypes: []string{wire.GrantDeviceCode, wire.GrantRefreshToken},
		}, &client))
		var d wire.StartDeviceAuthorizationResponse
		must(call(t.Context(), url+wire.PathStartDeviceAuthorization, wire.StartDeviceAuthorizationRequest{
			ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: url + "/start",
		}, &d))
		ada, err := person.New("ada", password)
		must(err)
		_, err = ada.Approve(t.Context(), d.VerificationURIComplete)
		must(err)
		must(call(t.Context(), url+wire.PathCreateToken, wire.CreateTokenRequest{
			ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode,
		}, &tokens))
		refresh(url)
		run(0, "Wrote one.db", "backup", "one.db")
	})
	before := events()

	t.Setenv("KEYFOB_CENTER_DATABASE", pgtest.Start(t).Database(t))
	run(255, "restore: .*no such file", "restore", "none.db")
	run(0, "1 users\n(.*\n)*Restored one.db into PostgreSQL", "restore", "one.db")
	if got := events(); got != before {
		t.Errorf("the log was %q, now %q", before, got)
	}
	refused := run(255, "there is something in the database already", "restore", "one.db")
	if !strings.Contains(refused, "hint: restore into a database that was just created") {
		t.Error(refused)
	}
	run(255, "one.db exists already", "backup", "one.db")
	serve(func(url string) {
		refresh(url)
		run(0, `(?s)1 users.*Wrote two.db`, "backup", "two.db")
	})
	before = events()
	st, err := os.Stat(filepath.Join(dir, "two.db"))
	if err != nil || st.Mode() != 0o600 {
		t.Errorf("the backup is %v, %v", st, err)
	}

	t.Setenv("KEYFOB_CENTER_DATABASE", "")
	run(255, "center.db exists already: move it away first", "restore", "two.db")
	all, err := filepath.Glob(filepath.Join(dir, "center.db*"))
	must(err)
	for _, name := range all {
		must(os.Remove(name))
	}
	run(0, "Restored", "restore", "two.db")
	if got := events(); got != before {
		t.Errorf("the log was %q, now %q", before, got)
	}
	serve(refresh)
	left, err := os.ReadDir(dir)
	must(err)
	for _, f := range left {
		if strings.HasPrefix(f.Name(), ".backup") {
			t.Errorf("%s is left behind", f.Name())
		}
	}
}
