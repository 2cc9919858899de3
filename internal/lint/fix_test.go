package lint

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/awsconfig"
)

func fix(t testing.TB, w world, profile string) Fixed {
	t.Helper()
	f, err := Fix(w.env(), configPath, []byte(w.config), profile)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// legacy is a profile of the legacy format.
func legacy(name string, more ...string) string {
	return "[profile " + name + "]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 012345678901\nsso_role_name = Admin\n" + strings.Join(more, "")
}

const session = "sso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n"

func TestFix(t *testing.T) {
	const rest = "sso_account_id = 012345678901\nsso_role_name = Admin\n"
	const added = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
	for _, c := range []struct {
		name, config, credentials string
		profile                   string
		want                      string // the file; "" when nothing changes
		left                      []Left
	}{
		{
			name:   "two profiles share a new session",
			config: "# mine\n" + legacy("a", "region = us-east-1\n") + "\n" + legacy("b"),
			want:   "# mine\n[profile a]\n" + rest + "region = us-east-1\nsso_session = acme\n\n[profile b]\n" + rest + "sso_session = acme\n" + added,
		},
		{
			name:    "only the named one",
			profile: "b",
			config:  legacy("a") + legacy("b"),
			want:    legacy("a") + "[profile b]\n" + rest + "sso_session = acme\n" + added,
		},
		{
			name:   "a session that is there",
			config: legacy("a") + "[sso-session corp]\n" + session,
			want:   "[profile a]\n" + rest + "sso_session = corp\n[sso-session corp]\n" + session,
		},
		{
			name:   "sessions that do not do",
			config: legacy("a") + "[sso-session acme]\n" + session + "sso_registration_scopes = other\n[sso-session ACME-2]\nsso_region = eu-west-1\n[profile z]\nsso_session = acme-3\n",
			want: "[profile a]\n" + rest + "sso_session = acme-4\n[sso-session acme]\n" + session + "sso_registration_scopes = other\n[sso-session ACME-2]\nsso_region = eu-west-1\n[profile z]\nsso_session = acme-3\n" +
				strings.Replace(added, "acme]", "acme-4]", 1),
		},
		{
			name:   "a session of another service",
			config: legacy("a") + "[sso-session corp]\n" + session + "endpoint_url = http://127.0.0.1:1\n",
			want:   "[profile a]\n" + rest + "sso_session = acme\n[sso-session corp]\n" + session + "endpoint_url = http://127.0.0.1:1\n" + added,
		},
		{
			name:   "a session that its profiles agree is of another service",
			config: legacy("a") + "[profile x]\nsso_session = corp\nendpoint_url = http://127.0.0.1:1\n[sso-session corp]\n" + session,
			want:   "[profile a]\n" + rest + "sso_session = acme\n[profile x]\nsso_session = corp\nendpoint_url = http://127.0.0.1:1\n[sso-session corp]\n" + session + added,
		},
		{
			name:   "default, with comments and CR LF",
			config: "[default] ; me\r\n  # where\r\n  sso_start_url: https://127.0.0.1/start\r\n  sso_region=eu-west-1\r\n",
			want:   "[default] ; me\r\n  # where\r\n  sso_session = sso\r\n[sso-session sso]\r\nsso_start_url = https://127.0.0.1/start\r\nsso_region = eu-west-1\r\nsso_registration_scopes = sso:account:access\r\n",
		},
		{
			name:   "nothing to do",
			config: "[profile a]\nregion = x\n",
		},
		{
			name:        "keys in the credentials file",
			config:      legacy("a"),
			credentials: "[a]\nsso_region = eu-west-2\n",
			left:        []Left{{"a", "its sso_region is in the credentials file"}},
		},
		{
			name:   "a file that is refused",
			config: legacy("a") + "what\n",
			left:   []Left{{"a", "what is wrong in line 6 of config has to be corrected first"}},
		},
		{
			name:   "a start URL that is none",
			config: strings.Replace(legacy("a"), "https", "http", 1),
			left:   []Left{{"a", "its start URL cannot be signed in to"}},
		},
		{
			name:   "no region",
			config: strings.Replace(legacy("a"), "sso_region = eu-west-1\n", "", 1),
			left:   []Left{{"a", "it has no sso_region"}},
		},
		{
			name:   "keys of [DEFAULT], which cannot be taken away",
			config: "[DEFAULT]\nsso_region = us-east-1\n" + legacy("a"),
			left:   []Left{{"a", "it would not be read as it is now"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world{config: c.config, credentials: c.credentials}
			f := fix(t, w, c.profile)
			want := c.want
			if want == "" {
				want = c.config
			}
			if diff := cmp.Diff(want, string(f.Data)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.left, f.Left); diff != "" {
				t.Error(diff)
			}
			keeps(t, w, f)
		})
	}
}

// keeps checks what holds for every Fix: what is read is the same, nothing new is wrong, and a second
// one changes nothing.
func keeps(t testing.TB, w world, f Fixed) {
	t.Helper()
	if len(f.Rewritten) == 0 && string(f.Data) != w.config {
		t.Errorf("nobody is rewritten, and %q became %q", w.config, f.Data)
	}
	fixed := w
	fixed.config = string(f.Data)
	before, after := w.load(t), fixed.load(t)
	if diff := cmp.Diff(before.Profiles(), after.Profiles()); diff != "" {
		t.Error(diff)
	}
	for _, name := range before.Profiles() {
		was, errWas := before.CredentialSource(name)
		is, errIs := after.CredentialSource(name)
		if errWas == nil && (errIs != nil || was.StartURL != is.StartURL || was.Region != is.Region || was.AccountID != is.AccountID || was.RoleName != is.RoleName) {
			t.Errorf("%q was %+v and is %+v, %v", name, was, is, errIs)
		}
		p, _ := before.Profile(name)
		q, _ := after.Profile(name)
		if get(p, "region") != get(q, "region") || get(p, "output") != get(q, "output") {
			t.Errorf("other values of %q", name)
		}
	}
	for _, r := range f.Rewritten {
		p, _ := after.Profile(r.Profile)
		if isLegacy(p) || get(p, keySession) != r.Session {
			t.Errorf("%q is not rewritten", r.Profile)
		}
	}
	errs := func(c *awsconfig.Config) (codes []string) {
		for _, f := range Check(Input{Config: c, Lookup: w.env().Lookup}) {
			if f.Severity == Error {
				codes = append(codes, f.Code+" "+f.Profile)
			}
		}
		return codes
	}
	old := errs(before)
	for _, code := range errs(after) {
		if !slices.Contains(old, code) && !strings.HasPrefix(code, "unknown-region") {
			t.Errorf("%s is new", code)
		}
	}
	again, err := Fix(fixed.env(), configPath, f.Data, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range again.Rewritten {
		if slices.ContainsFunc(f.Rewritten, func(o Rewritten) bool { return o.Profile == r.Profile }) {
			t.Errorf("%q is rewritten again", r.Profile)
		}
	}
}

// FuzzFix: whatever is in the files, Fix keeps what they say, and refuses nothing it could leave alone.
func FuzzFix(f *testing.F) {
	paths, err := filepath.Glob("testdata/legacy*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("%d files, error %v", len(paths), err)
	}
	f.Add(legacy("a")+legacy("b"), "")
	f.Add(legacy("a")+"[sso-session acme]\n"+session, "[a]\nregion = x\n")
	f.Add("[DEFAULT]\nsso_region = eu-west-1\n"+legacy("a"), "")
	f.Add(legacy("'a b'", "s3 =\n  sso_region = x\n"), "[a b]\nsso_role_name = y\n")
	f.Add("[profile x]\nsso_session = acme\n[default]\n  sso_start_url = https://acme.awsapps.com/start\n  sso_region : eu-west-1", "")
	f.Fuzz(func(t *testing.T, config, credentials string) {
		w := world{config: config, credentials: credentials}
		keeps(t, w, fix(t, w, ""))
	})
}
