package referee

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedsts"
)

// roles has a profile for each way to assume a role.
const roles = `
[profile keys]
role_arn = arn:aws:iam::111122223333:role/keys
source_profile = keys
aws_access_key_id = AKIAKEYS
aws_secret_access_key = s
region = us-east-1
services = scripted

[profile all]
role_arn = arn:aws:iam::111122223333:role/é"all"
source_profile = keys2
role_session_name = ada
external_id = <e>&1
duration_seconds = 3600
region = eu-central-1
services = scripted

[profile keys2]
aws_access_key_id = AKIAKEYS2
aws_secret_access_key = s

[profile deep]
role_arn = arn:aws:iam::111122223333:role/deep
source_profile = all
region = us-east-1
services = scripted

[profile signedin]
role_arn = arn:aws:iam::111122223333:role/signedin
source_profile = dev
region = us-east-1
services = scripted

[profile web]
role_arn = arn:aws:iam::111122223333:role/web
web_identity_token_file = HOME/token
role_session_name = pod
region = us-east-1
services = scripted

[profile instance]
role_arn = arn:aws:iam::111122223333:role/instance
credential_source = Environment
region = us-east-1
services = scripted

[profile denied]
role_arn = arn:aws:iam::111122223333:role/denied
source_profile = keys2
region = us-east-1
services = scripted

[profile loop]
role_arn = arn:aws:iam::111122223333:role/a
source_profile = loop2
[profile loop2]
role_arn = arn:aws:iam::111122223333:role/b
source_profile = loop
[profile self]
role_arn = arn:aws:iam::111122223333:role/a
source_profile = self
[profile gone]
role_arn = arn:aws:iam::111122223333:role/a
source_profile = nobody
[profile both]
role_arn = arn:aws:iam::111122223333:role/a
source_profile = keys
credential_source = Environment
[profile alone]
role_arn = arn:aws:iam::111122223333:role/a
[profile empty]
role_arn = arn:aws:iam::111122223333:role/a
source_profile = plain
[profile plain]
output = json
[profile unknown]
role_arn = arn:aws:iam::111122223333:role/a
credential_source = environment
[profile half]
aws_access_key_id = AKIA
[profile version]
credential_process = /bin/echo '{"Version": 2}'
[profile lacks]
credential_process = /bin/echo '{"Version": 1, "AccessKeyId": "A"}'

[services scripted]
sso_oidc =
  endpoint_url = URL
sso =
  endpoint_url = URL
sts =
  endpoint_url = STS
`

// assuming is a home with the profiles of roles, and the STS that they lead to.
func assuming(t *testing.T, c *center) (*world, *scriptedsts.Service) {
	t.Helper()
	w, s := newHome(t, c), &scriptedsts.Service{Clock: clock.System{}}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	text, err := os.ReadFile(w.path("config"))
	must(t, err)
	more := strings.NewReplacer("= URL", "= "+c.URL, "= STS", "= "+server.URL, "HOME", w.inside()).Replace(roles)
	must(t, os.WriteFile(w.path("config"), append(text, more...), 0o600))
	must(t, os.WriteFile(filepath.Join(w.home, "token"), []byte("j.w.t"), 0o600))
	if w.inside() != w.home { // the file's path is right for programs outside of the Debian folder too
		must(t, os.Symlink(w.home, w.inside()))
		t.Cleanup(func() { must(t, os.Remove(w.inside())) })
	}
	return w, s
}

func working() []string { return []string{"keys", "all", "deep", "signedin", "web"} }

// What one assumes, the other uses: the very same credentials, without a word to STS.
func TestAssumedRolesAreShared(t *testing.T) {
	t.Parallel()
	for _, first := range clis() {
		t.Run(first.name, func(t *testing.T) {
			t.Parallel()
			second := other(first)
			needs(t, clis()...)
			w, sts := assuming(t, newCenter(t))
			w.login(first, "--profile", "dev")
			for _, profile := range working() {
				k := w.credentials(first, profile)
				n := len(sts.Calls())
				if n == 0 {
					t.Fatal("STS was not asked")
				}
				if again := w.credentials(second, profile); again != k || len(sts.Calls()) != n {
					t.Errorf("%s: %s has %s, %s has %s", profile, first.name, k.AccessKeyID, second.name, again.AccessKeyID)
				}
			}
		})
	}
}

// Both ask for the same things, and keep the answers in files of the same names and form.
func TestAssumedRolesAreTheSame(t *testing.T) {
	t.Parallel()
	needs(t, clis()...)
	c := newCenter(t)
	var asked [][]string
	var shapes []map[string]string
	for _, cli := range clis() {
		w, sts := assuming(t, c)
		for _, profile := range []string{"keys", "all", "deep", "web"} {
			w.credentials(cli, profile)
		}
		asked = append(asked, sts.Calls())
		shapes = append(shapes, w.assumedShapes())
	}
	if len(asked[0]) != 4 || !slices.Equal(asked[0], asked[1]) {
		t.Errorf("keyfob asked for\n%s\nthe AWS CLI\n%s", strings.Join(asked[0], "\n"), strings.Join(asked[1], "\n"))
	}
	if len(shapes[0]) != 4 || lines(shapes[0]) != lines(shapes[1]) {
		t.Errorf("keyfob writes\n%s\nthe AWS CLI\n%s", lines(shapes[0]), lines(shapes[1]))
	}
}

// What only one of them writes: the AWS CLI how the answer came and whom a web identity stands for, which
// nothing reads, keyfob whose it is.
var onlyOne = regexp.MustCompile(`, "ResponseMetadata": \{[^{}]*\{[^{}]*\}[^{}]*\}|, "(?:SubjectFromWebIdentityToken|Provider|Audience)": ""|, "KeyfobOrigin": "[a-z]+:[0-9a-f]{32}"`)

func (w *world) assumedShapes() map[string]string {
	w.t.Helper()
	all := w.shapes()
	for name, text := range all {
		all[name] = regexp.MustCompile(`\d\d:\d\d:\d\d\+`).ReplaceAllString(onlyOne.ReplaceAllString(text, ""), "…+")
	}
	return all
}

// Mistakes, in the same words.
func TestAssumedRolesErrors(t *testing.T) {
	t.Parallel()
	needs(t, clis()...)
	w, _ := assuming(t, newCenter(t))
	for _, profile := range []string{"loop", "self", "gone", "both", "alone", "empty", "unknown", "half", "instance", "denied", "version", "lacks"} {
		var said [2]string
		for i, cli := range clis() {
			r := w.fails(cli, "configure", "export-credentials", "--profile", profile)
			said[i] = strings.Replace(strings.TrimSpace(r.stderr), " (reached max retries: 0)", "", 1)
		}
		said[0], _, _ = strings.Cut(strings.TrimPrefix(said[0], "keyfob: error: "), "\n")
		prefix := func(s string) string { return strings.TrimPrefix(s, "Unable to retrieve credentials: ") }
		if prefix(said[0]) != prefix(said[1]) || said[0] == "" {
			t.Errorf("%s: keyfob says\n%s\nthe AWS CLI\n%s", profile, said[0], said[1])
		}
	}
}
