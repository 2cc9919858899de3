package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const retiringYAML = `instance: {name: Lab, region: us-east-1}
accounts: [{id: "111111111111", name: Production, email: prod@example.com}]
users: [{name: ada, email: ada@example.com}]
groups: [{name: all, members: [ada]}]
service_users:
  - {account: "111111111111", name: ci, access_keys: [{id: AKIAEXAMPLE000000001, secret_file: ci.txt}]}
`

const ciSecret = "an-access-key-for-the-ci-of-this-test-0123"

// retiring is a center that a test runs, whose keys change.
type retiring struct {
	t    *testing.T
	dir  string
	url  string
	stop func()
}

// run runs keyfob-center with the center's files and returns what it says, and its exit code.
func (r *retiring) run(args ...string) (string, int) {
	r.t.Helper()
	cmd := exec.Command("keyfob-center", append(args, "--config", filepath.Join(r.dir, "center.yaml"))...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// wants runs it, and wants that exit code and text.
func (r *retiring) wants(code int, text string, args ...string) string {
	r.t.Helper()
	out, got := r.run(args...)
	if ok, err := regexp.MatchString("(?m)"+text, out); err != nil || !ok || got != code {
		r.t.Fatalf("%s: exit code %d, want %d and %q:\n%s", strings.Join(args, " "), got, code, text, out)
	}
	return out
}

func (r *retiring) start() {
	r.t.Helper()
	cmd, url := start(r.t, r.dir)
	r.url = url
	r.stop = func() {
		r.t.Helper()
		r.stop = func() {}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			r.t.Errorf("serve: %v", err)
		}
	}
}

// sts calls STS and returns the status.
func (r *retiring) sts(c wire.STSCredentials, action string, out any) int {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.url+"/", strings.NewReader(url.Values{"Action": {action}, "Version": {"2011-06-15"}}.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	s := sigv4test.Signer{
		AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
		Region: "us-east-1", Service: "sts", At: time.Now(),
	}
	resp, err := http.DefaultClient.Do(s.Sign(req))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(resp.Body)
	if err == nil && out != nil && resp.StatusCode == http.StatusOK {
		err = xml.Unmarshal(b, out)
	}
	if err != nil {
		r.t.Fatalf("%v: %s", err, b)
	}
	return resp.StatusCode
}

// session is a new session of the service user, whose own key has to be good for that.
func (r *retiring) session() wire.STSCredentials {
	r.t.Helper()
	var out wire.GetSessionTokenResponse
	if s := r.sts(wire.STSCredentials{AccessKeyID: "AKIAEXAMPLE000000001", SecretAccessKey: ciSecret}, "GetSessionToken", &out); s != http.StatusOK {
		r.t.Fatalf("GetSessionToken: %d", s)
	}
	return out.Result.Credentials
}

// good wants to know of every session whether it is accepted.
func (r *retiring) good(want bool, all ...wire.STSCredentials) {
	r.t.Helper()
	for i, c := range all {
		if s := r.sts(c, "GetCallerIdentity", nil); (s == http.StatusOK) != want {
			r.t.Errorf("session %d: %d", i, s)
		}
	}
}

// ids are the keys as keys list has them.
func (r *retiring) ids() []string {
	r.t.Helper()
	return regexp.MustCompile(`(?m)^[0-9a-f]{8}`).FindAllString(r.wants(0, "seals and signs", "keys", "list"), -1)
}

// follows waits until the running center has the keys that the file has, and seals with the first.
func (r *retiring) follows() { time.Sleep(followKeys + time.Second) }

// ages makes the file say that everything in it was long ago.
func (r *retiring) ages(by time.Duration) {
	r.t.Helper()
	name := filepath.Join(r.dir, "keys.json")
	b, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	stamp := regexp.MustCompile(`"\d{4}-[^"]*Z"`)
	if !stamp.Match(b) {
		r.t.Fatal("the file holds no time")
	}
	b = stamp.ReplaceAllFunc(b, func(s []byte) []byte {
		var at time.Time
		if err := json.Unmarshal(s, &at); err != nil {
			r.t.Fatal(err)
		}
		return []byte(`"` + at.Add(-by).Format(time.RFC3339) + `"`)
	})
	if err := os.WriteFile(name, b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// Keys come and go while a center serves: nobody notices, until a key goes that was not old enough.
func TestSecurity69KeysComeAndGo(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": func(t *testing.T) string { return pgtest.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			r := &retiring{t: t, dir: t.TempDir()}
			t.Setenv("KEYFOB_CENTER_DATABASE", database(t))
			for file, text := range map[string]string{"center.yaml": retiringYAML, "ci.txt": ciSecret} {
				if err := os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r.start()
			defer func() { r.stop() }()
			first := r.session()
			old := r.ids()[0]
			r.wants(252, "key "+old+" is in use", "keys", "retire", old)
			r.wants(252, `no key "deadbeef"`, "keys", "retire", "deadbeef")
			r.wants(0, "Of 1 secret in the database: 0 sealed anew.\nThere is no old key", "keys", "retire")

			r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
			r.follows()
			second := r.session()
			r.good(true, first, second)

			// Too early, by 36 hours; the secrets are sealed anew all the same.
			r.wants(1, `1 to seal anew.\n.*error: key `+old+" stays until 20", "keys", "retire", "--dry-run")
			r.wants(1, `1 sealed anew.\n.*error: key `+old+" stays until 20", "keys", "retire")
			r.wants(1, `0 sealed anew.\n.*error: key `+old+" stays until 20", "keys", "retire", old)
			r.ages(36 * time.Hour)
			r.wants(1, "stays until", "keys", "retire") // by ten minutes
			if n := len(r.ids()); n != 2 {
				t.Fatalf("%d keys are left", n)
			}
			r.follows()
			r.good(true, first, second, r.session())

			// What the key has sealed would have expired by now; that of this test has not, which shows that it is gone.
			r.ages(10 * time.Minute)
			r.wants(0, "Would remove "+old, "keys", "retire", "--dry-run")
			r.wants(0, "^Removed "+old, "keys", "retire")
			if ids := r.ids(); len(ids) != 1 || ids[0] == old {
				t.Fatalf("keys are %v", ids)
			}
			r.follows()
			r.good(false, first)
			r.good(true, second, r.session())
			known := r.wants(0, "The audit log is whole", "audit", "verify")
			r.wants(0, `"eventName":"RetireKeys".*`+old, "audit", "export", "--event", "RetireKeys")

			// One that leaked goes at once, but not before the centers know.
			leaked := r.ids()[0]
			r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
			r.wants(1, "may not have noticed", "keys", "retire", "--now", leaked)
			r.follows()
			third := r.session()
			r.ages(keySettles)
			r.wants(0, "^Removed "+leaked, "keys", "retire", "--now", leaked)
			r.follows()
			r.good(false, first, second)
			r.good(true, third, r.session())
			_, last, _ := strings.Cut(strings.TrimSpace(known), "the last is ")
			r.wants(0, "The audit log is whole", "audit", "verify", "--known", last)

			// A center that starts anew knows all of that.
			r.stop()
			r.start()
			r.good(true, third, r.session())
		})
	}
}

// Neither a new key nor the end of an old one makes a center apply its file again, over what was changed since.
func TestKeysDoNotApply(t *testing.T) {
	r := &retiring{t: t, dir: t.TempDir()}
	for file, text := range map[string]string{"center.yaml": retiringYAML, "ci.txt": ciSecret} {
		if err := os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	applied := func() int {
		t.Helper()
		out, code := r.run("audit", "export", "--event", "ApplyConfiguration")
		if code != 0 {
			t.Fatal(out)
		}
		return strings.Count(out, "ApplyConfiguration")
	}
	again := func(want int) {
		t.Helper()
		r.start()
		_ = r.session()
		r.stop()
		if n := applied(); n != want {
			t.Errorf("it was applied %d times, want %d", n, want)
		}
	}
	again(1)
	// What center.yaml declares was changed since, as on the administration pages: the next apply would undo it.
	meddleWith(t, filepath.Join(r.dir, "center.db"), `UPDATE users SET display_name = 'Countess'`)
	changed := func() {
		t.Helper()
		r.wants(0, "Countess", "export")
	}
	changed()
	r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
	again(1)
	changed()
	r.ages(37 * time.Hour)
	r.wants(0, "^Removed", "keys", "retire")
	again(1)
	changed()
	// The file is another: applied, also after a retirement that cannot read it.
	if err := os.WriteFile(filepath.Join(r.dir, "center.yaml"), []byte(retiringYAML+"# more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again(1) // a comment declares nothing else
	changed()
	r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
	r.ages(37 * time.Hour)
	if err := os.Rename(filepath.Join(r.dir, "ci.txt"), filepath.Join(r.dir, "away.txt")); err != nil {
		t.Fatal(err)
	}
	r.wants(0, "cannot be read here: the next start applies it again", "keys", "retire")
	if err := os.Rename(filepath.Join(r.dir, "away.txt"), filepath.Join(r.dir, "ci.txt")); err != nil {
		t.Fatal(err)
	}
	again(2)
}

// A key that somebody makes while another is retired stays.
func TestRetireWhileRotating(t *testing.T) {
	r := &retiring{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.dir, "center.yaml"), []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.stop()
	r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
	old := r.ids()[1]
	o := retireOptions{Clock: clock.System{}, files: files{Config: filepath.Join(r.dir, "center.yaml")}, io: stdio{out: io.Discard, err: io.Discard}}
	db, keys, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	r.wants(0, "The new key is", "keys", "rotate")
	made := r.ids()[0]
	if err := o.remove(t.Context(), db, keys, []string{old}); err != nil {
		t.Fatal(err)
	}
	if ids := r.ids(); len(ids) != 2 || ids[0] != made || ids[1] == old {
		t.Errorf("keys are %v; %s was made meanwhile and %s was to go", ids, made, old)
	}
}

// lagging is a store to which a center that has not noticed the new key adds an event after every other.
type lagging struct {
	store.Store
	other *audit.Log
}

func (l lagging) AppendAudit(ctx context.Context, link func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	if err := l.Store.AppendAudit(ctx, link); err != nil {
		return err
	}
	return l.other.Record(ctx, store.AuditEvent{Name: "SignIn", Outcome: audit.Success})
}

// The key stays while a center signs the log with it: nobody could verify that.
func TestRetireWithALaggingReplica(t *testing.T) {
	r := &retiring{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.dir, "center.yaml"), []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.stop()
	o := retireOptions{Clock: clock.System{}, files: files{Config: filepath.Join(r.dir, "center.yaml")}, io: stdio{out: io.Discard, err: io.Discard}}
	before, err := o.keysThere()
	if err != nil {
		t.Fatal(err)
	}
	r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
	old := r.ids()[1]
	db, keys, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	l := lagging{db, &audit.Log{Store: db, Clock: o.Clock, Keys: before, Logger: slog.New(slog.DiscardHandler)}}
	if err := o.remove(t.Context(), l, keys, []string{old}); err == nil || !strings.Contains(err.Error(), "still signs") {
		t.Errorf("removed, %v", err)
	}
	if n := len(r.ids()); n != 2 {
		t.Errorf("%d keys are left", n)
	}
	r.wants(0, "The audit log is whole", "audit", "verify")
}

// A database that is not of these keys is left alone: the one that is would lose its secrets.
func TestRetireWantsItsOwnDatabase(t *testing.T) {
	r := &retiring{t: t, dir: t.TempDir()}
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("center.yaml", retiringYAML)
	write("ci.txt", ciSecret)
	r.wants(253, "keys.json: no such file", "keys", "retire")
	r.start()
	r.stop()
	r.wants(0, "The new key is", "keys", "rotate", "--after", "0s")
	r.ages(37 * time.Hour)
	before, err := os.ReadFile(filepath.Join(r.dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(r.dir, "elsewhere.db")
	r.wants(253, "error: the database cannot be used", "keys", "retire", "--database", elsewhere)
	if _, err := os.Stat(elsewhere); err == nil {
		t.Error("it made a database")
	}
	other := &retiring{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(other.dir, "center.yaml"), []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	other.start()
	other.stop()
	// Beside the other's database, as a mistake would have it.
	if err := os.WriteFile(filepath.Join(other.dir, "keys.json"), before, 0o600); err != nil {
		t.Fatal(err)
	}
	other.wants(253, "is not signed with a key of keys.json", "keys", "retire")
	for _, one := range []*retiring{r, other} {
		if now, err := os.ReadFile(filepath.Join(one.dir, "keys.json")); err != nil || !bytes.Equal(before, now) {
			t.Errorf("keys.json was changed: %v", err)
		}
	}
	// Nothing has happened since the old key signed the log.
	r.wants(0, "^Removed", "keys", "retire")
	r.wants(0, "The audit log is whole", "audit", "verify")
}

func meddleWith(t *testing.T, file, q string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	if _, err := db.Exec(q); err != nil {
		t.Fatal(err)
	}
}
