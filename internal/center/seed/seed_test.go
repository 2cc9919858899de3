package seed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/wire"
)

const hash = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

const good = `# a comment
instance:
  name: Example
  region: us-east-1
  start_urls: [https://example.awsapps.com/start]
  session_duration: PT12H
  mfa: required
accounts:
  - id: "000000000042"
    name: Zero
    email: zero@example.com
  - id: '111111111111'
    name: Production
users:
  - name: Ada
    email: ada@example.com
    display_name: Ada Lovelace
    password_hash: ` + hash + `
  - name: grace
    disabled: true
groups:
  - name: Everyone
    members: [ada, GRACE]
permission_sets:
  - name: Admin
    description: May do everything
    session_duration: 4h
  - name: ReadOnly
assignments:
  - account: "000000000042"
    permission_set: Admin
    users: [ada]
    groups: [everyone]
`

func TestGoodFile(t *testing.T) {
	s, err := seed.Parse("center.yaml", []byte(good), seed.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	inst := directory.InstanceID("Example")
	ada, grace := directory.UserID(inst, "ada"), directory.UserID(inst, "grace")
	admin, everyone := directory.PermissionSetID(inst, "Admin"), directory.GroupID(inst, "Everyone")
	want := seed.Seed{
		StartURLs: []string{"https://example.awsapps.com/start"},
		Organisation: store.Organisation{
			Instance: store.Instance{ID: inst, IdentityStoreID: directory.IdentityStoreID(inst), Name: "Example", Region: "us-east-1", SessionLifetime: 12 * time.Hour, MFA: store.MFARequired},
			Accounts: []store.Account{{ID: "000000000042", Name: "Zero", Email: "zero@example.com"}, {ID: "111111111111", Name: "Production"}},
			Users: []store.User{
				{ID: ada, Name: "Ada", NameKey: "ada", DisplayName: "Ada Lovelace", Email: "ada@example.com", EmailKey: "ada@example.com", PasswordHash: hash},
				{ID: grace, Name: "grace", NameKey: "grace", Disabled: true},
			},
			Groups: []store.Group{{ID: everyone, Name: "Everyone", Members: []string{ada, grace}}},
			PermissionSets: []store.PermissionSet{
				{ID: admin, Name: "Admin", Description: "May do everything", SessionDuration: 4 * time.Hour},
				{ID: directory.PermissionSetID(inst, "ReadOnly"), Name: "ReadOnly", SessionDuration: time.Hour},
			},
			Assignments: []store.AccountAssignment{
				{AccountID: "000000000042", PermissionSetID: admin, PrincipalKind: store.PrincipalUser, PrincipalID: ada},
				{AccountID: "000000000042", PermissionSetID: admin, PrincipalKind: store.PrincipalGroup, PrincipalID: everyone},
			},
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	if err := db.Apply(t.Context(), s.Organisation); err != nil {
		t.Errorf("the store refuses it: %v", err)
	}
}

// minimal is a file that is good but for what a case puts into it.
func minimal(more string) string {
	return "instance:\n  name: Example\n  region: us-east-1\n" + more
}

func TestProblemsSayWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct {
		yaml string
		want []string // beginnings of lines
	}{
		"empty":            {"", []string{"c.yaml: the file is empty"}},
		"only a comment":   {"# nothing\n", []string{"c.yaml: the file is empty"}},
		"not YAML":         {"instance: [", []string{"c.yaml:1:"}},
		"two documents":    {minimal("---\na: b\n"), []string{"c.yaml:"}},
		"a list":           {"- a\n", []string{"c.yaml:1:1: the file must be a mapping of instance,"}},
		"nothing in it":    {"accounts: []\n", []string{"c.yaml:1:1: the file needs the key instance"}},
		"unknown key":      {minimal("acounts: []\n"), []string{`c.yaml:4:1: unknown key "acounts" in the file: it may have instance, accounts,`}},
		"unknown key deep": {"instance:\n  name: a\n  region: us-east-1\n  nmae: x\n", []string{`c.yaml:4:3: unknown key "nmae" in instance`}},
		"key twice":        {"instance:\n  name: a\n  name: b\n", []string{"c.yaml:3:"}},
		"number for id": {minimal("accounts:\n  - id: 000000000042\n    name: Zero\n"), []string{
			`c.yaml:5:9: account id 000000000042 must be in quotes, "000000000042": without them YAML reads a number`,
		}},
		"id too short":   {minimal("accounts:\n  - id: \"42\"\n    name: Zero\n"), []string{"c.yaml:5:9: id must be 12 digits in quotes"}},
		"id twice":       {minimal("accounts:\n  - {id: \"111111111111\", name: a}\n  - {id: \"111111111111\", name: b}\n"), []string{"c.yaml:6:6: account 111111111111 is declared twice"}},
		"number as name": {minimal("users:\n  - name: 42\n"), []string{`c.yaml:5:11: name must be text: put it in quotes, "42"`}},
		"anchor":         {minimal("users: &u\n  - name: a\n"), []string{"c.yaml:4:8: users must be a list"}},
		"bad region":     {"instance:\n  name: a\n  region: Frankfurt\n", []string{"c.yaml:3:11: region must be a region like us-east-1"}},
		"bad start URL":  {minimal("  start_urls: [\"javascript:x\"]\n"), []string{"c.yaml:4:16: a start URL looks like"}},
		"duration":       {minimal("permission_sets:\n  - name: A\n    session_duration: 13h\n  - name: B\n    session_duration: P1Y\n"), []string{"c.yaml:6:23: session_duration must be between 1h and 12h", "c.yaml:8:23: session_duration must be a duration like"}},
		"two passwords":  {minimal("users:\n  - name: a\n    password_env: X\n    password_file: Y\n"), []string{"c.yaml:5:5: a user has one of password_hash,"}},
		"plain password": {minimal("users:\n  - name: a\n    password: x\n"), []string{`c.yaml:6:5: unknown key "password" in a user: it may have name, email,`}},
		"bad hash":       {minimal("users:\n  - name: a\n    password_hash: $2y$12$abc\n"), []string{"c.yaml:5:5: password_hash is not an argon2id hash"}},
		"hash that panics the library": {
			minimal("users:\n  - name: a\n    password_hash: " + strings.Replace(hash, "t=2", "t=0", 1) + "\n"),
			[]string{"c.yaml:5:5: password_hash has parameters"},
		},
		"same e-mail":   {minimal("users:\n  - {name: a, email: x@example.com}\n  - {name: b, email: X@example.com}\n"), []string{`c.yaml:6:6: users a and b would sign in under the same name "x@example.com"`}},
		"hidden letter": {minimal("users:\n  - name: \"a\u202eb\"\n"), []string{"c.yaml:5:11: name has characters in it that cannot be seen"}},
		"unknown member, set, account and user": {
			minimal("groups:\n  - {name: g, members: [nobody]}\nassignments:\n  - {account: \"222222222222\", permission_set: Admin, users: [eve], groups: [none]}\n"),
			[]string{
				`c.yaml:5:25: there is no user "nobody"`, `c.yaml:7:15: there is no account "222222222222"`, `c.yaml:7:47: there is no permission set "Admin"`,
				`c.yaml:7:62: there is no user "eve"`, `c.yaml:7:77: there is no group "none"`,
			},
		},
		"account by name": {
			minimal("accounts:\n  - {id: \"111111111111\", name: Production}\npermission_sets:\n  - {name: A}\nusers:\n  - {name: u}\nassignments:\n  - {account: Production, permission_set: A, users: [u]}\n"),
			[]string{`c.yaml:11:15: accounts are named by id: write "111111111111"`},
		},
		"for nobody": {
			minimal("accounts:\n  - {id: \"111111111111\", name: P}\npermission_sets:\n  - {name: A}\nassignments:\n  - {account: \"111111111111\", permission_set: A}\n"),
			[]string{"c.yaml:9:6: the assignment is for nobody"},
		},
		"nested for ever": {strings.Repeat("[", 1<<20), []string{"c.yaml: the file is nested too deeply"}},
		"lists in lists":  {strings.Repeat("- ", 1<<18), []string{"c.yaml: the file is nested too deeply"}},
		"escape codes":    {minimal("\"\\e[31mx\": 1\n"), []string{`c.yaml:4:1: unknown key "?[31mx" in the file`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := seed.Parse("c.yaml", []byte(c.yaml), seed.Sources{})
			var ps seed.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("err = %v", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Errorf("%d problems, want %d:\n%s", len(lines), len(c.want), err)
			}
			for i := range min(len(lines), len(c.want)) {
				if !strings.HasPrefix(lines[i], c.want[i]) {
					t.Errorf("got  %s\nwant %s…", lines[i], c.want[i])
				}
			}
		})
	}
}

func TestPasswordsFromElsewhere(t *testing.T) {
	src := seed.Sources{
		ReadFile: func(name string) ([]byte, error) {
			if name != "ada.txt" {
				return nil, os.ErrNotExist
			}
			return []byte("correct horse\n"), nil
		},
		LookupEnv: func(name string) (string, bool) { return "battery staple", name == "GRACE_PASSWORD" },
	}
	parse := func(more string) (seed.Seed, error) {
		return seed.Parse("c.yaml", []byte(minimal("users:\n"+more)), src)
	}
	s, err := parse("  - {name: ada, password_file: ada.txt}\n  - {name: grace, password_env: GRACE_PASSWORD}\n")
	if err != nil {
		t.Fatal(err)
	}
	h := directory.NewHasher(1)
	for i, password := range []wire.Secret{"correct horse", "battery staple"} {
		ok, weak, err := h.Verify(context.Background(), password, s.Organisation.Users[i].PasswordHash)
		if err != nil || !ok || weak {
			t.Errorf("the directory cannot verify %s: %v %v %v", s.Organisation.Users[i].Name, ok, weak, err)
		}
	}
	again, err := parse("  - {name: ada, password_file: ada.txt}\n")
	if err != nil || again.Organisation.Users[0].PasswordHash != s.Organisation.Users[0].PasswordHash {
		t.Errorf("the same password has another hash at the next start, which would end its sessions (%v)", err)
	}
	for _, c := range []struct{ yaml, want string }{
		{"  - {name: a, password_file: none}\n", "c.yaml:5:6: password_file: file does not exist"},
		{"  - {name: a, password_env: NONE}\n", "c.yaml:5:6: password_env: the environment has no variable NONE"},
	} {
		if _, err := parse(c.yaml); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	short := seed.Sources{LookupEnv: func(string) (string, bool) { return "geheim", true }}
	if _, err := seed.Parse("c.yaml", []byte(minimal("users:\n  - {name: a, password_env: X}\n")), short); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("short password: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(minimal("users:\n  - name: &a b\n  - *a\n")))
	f.Add([]byte("instance: {name: x, region: [us-east-1]}\n? complex\n: key\n"))
	f.Add([]byte(people("roles:\n  - {account: \"111111111111\", name: A, trust: [{arns: [\"arn:aws:iam::111111111111:root\"]}, {web_identity: {issuer: \"http://[::1]\", subjects: [x]}}]}\n")))
	f.Add([]byte("a: |\n  b\n<<: {c: d}\n!!map e: ~\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := seed.Parse("c.yaml", data, seed.Sources{})
		var ps seed.Problems
		if err != nil && (!errors.As(err, &ps) || len(ps) == 0) {
			t.Errorf("%T %v", err, err)
		}
		for _, p := range ps {
			if strings.ContainsFunc(p.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("control characters in %q", p.Error())
			}
		}
	})
}
