package awsconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestLoadFindsTheFiles(t *testing.T) {
	for _, tc := range []struct {
		name string
		vars map[string]string
		want string // path of the config file
	}{
		{"home", nil, "/home/u/.aws/config"},
		{"absolute", map[string]string{"AWS_CONFIG_FILE": "/x/y"}, "/x/y"},
		{"relative", map[string]string{"AWS_CONFIG_FILE": "x/y"}, "x/y"},
		{"tilde", map[string]string{"AWS_CONFIG_FILE": "~/x"}, "/home/u/x"},
		{"only tilde", map[string]string{"AWS_CONFIG_FILE": "~"}, "/home/u"},
		{"other user", map[string]string{"AWS_CONFIG_FILE": "~root/x"}, "~root/x"},
		{"tilde inside", map[string]string{"AWS_CONFIG_FILE": "/a/~/x"}, "/a/~/x"},
		{"variable", map[string]string{"AWS_CONFIG_FILE": "$D/x$E", "D": "/d", "E": ""}, "/d/x"},
		{"braces", map[string]string{"AWS_CONFIG_FILE": "${D}x/${ä b}", "D": "/d", "ä b": "odd"}, "/dx/odd"},
		{"unknown", map[string]string{"AWS_CONFIG_FILE": "/$Dx/${D}/$-/$", "E": "/d"}, "/$Dx/${D}/$-/$"},
		{"open brace", map[string]string{"AWS_CONFIG_FILE": "${D/x", "D": "/d"}, "${D/x"},
		{"not twice", map[string]string{"AWS_CONFIG_FILE": "$A", "A": "$B", "B": "x"}, "$B"},
		{"tilde from variable", map[string]string{"AWS_CONFIG_FILE": "$A/x", "A": "~"}, "/home/u/x"},
		{"empty", map[string]string{"AWS_CONFIG_FILE": ""}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := outside{vars: tc.vars, files: map[string]string{}}
			if tc.want != "" {
				o.files[tc.want] = "[profile found]\n"
			}
			c, err := Load(o.env())
			if err != nil {
				t.Fatal(err)
			}
			if c.ConfigFile() != tc.want {
				t.Errorf("config file %q, want %q", c.ConfigFile(), tc.want)
			}
			if _, ok := c.Profile("found"); ok != (tc.want != "") {
				t.Errorf("the file was read: %v", ok)
			}
		})
	}
	c, err := Load(outside{vars: map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "~/c"}, files: map[string]string{"/home/u/c": "[x]\n"}}.env())
	if err != nil || c.CredentialsFile() != "/home/u/c" || !slices.Equal(c.Profiles(), []string{"x"}) {
		t.Errorf("credentials file %q, profiles %q, error %v", c.CredentialsFile(), c.Profiles(), err)
	}
}

func TestLoadWithoutFilesIsEmpty(t *testing.T) {
	c, err := Load(outside{}.env())
	if err != nil || len(c.Profiles()) != 0 || c.ConfigFile() != configPath || c.CredentialsFile() != credentialsPath {
		t.Errorf("%v, error %v", c, err)
	}
	noHome := outside{}.env()
	noHome.Home = ""
	noHome.ReadFile = func(path string) ([]byte, error) { return nil, fmt.Errorf("%s was read", path) }
	if c, err = Load(noHome); err != nil || c.ConfigFile() != "" {
		t.Errorf("without a home: %v, error %v", c, err)
	}
}

func TestLoadNamesAnUnreadableFile(t *testing.T) {
	for _, tc := range []struct {
		path string
		err  error
		want string
	}{
		{configPath, &fs.PathError{Op: "open", Path: configPath, Err: syscall.EACCES}, "Unable to read config file: /home/u/.aws/config: permission denied"},
		{credentialsPath, &fs.PathError{Op: "read", Path: credentialsPath, Err: syscall.EISDIR}, "Unable to read config file: /home/u/.aws/credentials: is a directory"},
	} {
		env := outside{}.env()
		env.ReadFile = func(path string) ([]byte, error) {
			if path == tc.path {
				return nil, tc.err
			}
			return nil, fs.ErrNotExist
		}
		_, err := Load(env)
		if fileError, ok := errors.AsType[*FileError](err); !ok || fileError.Path != tc.path || text(err) != tc.want {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
	env := outside{vars: map[string]string{"AWS_CONFIG_FILE": "~/x"}}.env()
	env.Home = ""
	if _, err := Load(env); text(err) != "Unable to read config file: ~/x: there is no home folder to take ~ for" {
		t.Errorf("error %v", err)
	}
}

func TestCredentialsFileIsMergedOverKeyByKey(t *testing.T) {
	c := loadBoth(t,
		lines("[profile a]", "region = config", "output = json", "s3 =", "  x = 1", "  y = 2", "[default]", "region = d", "[profile z]"),
		lines("[only]", "k = v", "[a]", "region = credentials", "s3 =", "  x = 3", "[profile a]", "odd = 1", "[sso-session s]", "x = y"))
	if got := c.Profiles(); !slices.Equal(got, []string{"a", "default", "z", "only", "profile a", "sso-session s"}) {
		t.Errorf("profiles %q", got)
	}
	a, ok := c.Profile("a")
	if !ok || a.Name != "a" {
		t.Fatalf("profile %q, %v", a.Name, ok)
	}
	for key, want := range map[string]string{"region": "credentials", "output": "json", "Output": "json", "s3": "", "none": ""} {
		if got, ok := a.Get(key); got != want || ok != (want != "") {
			t.Errorf("%s = %q, %v, want %q", key, got, ok, want)
		}
	}
	if x, ok := a.GetNested("s3", "x"); x != "3" || !ok {
		t.Errorf("s3.x = %q, %v", x, ok)
	}
	// A nested block is one value: it is replaced, not merged.
	if y, ok := a.GetNested("s3", "y"); ok {
		t.Errorf("s3.y = %q", y)
	}
	if _, ok := c.Session("s"); ok || len(c.Sessions()) != 0 {
		t.Error("a session out of the credentials file")
	}
}

func TestASectionWithManyKeys(t *testing.T) {
	var file strings.Builder
	file.WriteString("[default]\n")
	for i := range 100 {
		fmt.Fprintf(&file, "key%d = %d\n", i, i)
	}
	file.WriteString("key7 = again\n")
	c := load(t, file.String())
	p, _ := c.Profile("default")
	if keys := p.Keys(); len(keys) != 100 || keys[7] != "key7" || keys[99] != "key99" {
		t.Errorf("keys %q", keys)
	}
	for key, want := range map[string]string{"key0": "0", "key7": "again", "key99": "99"} {
		if got, _ := p.Get(key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if _, ok := p.Get("key100"); ok {
		t.Error("key100 found")
	}
}

func TestActiveProfile(t *testing.T) {
	for _, tc := range []struct {
		flag     string
		vars     []string
		want     string
		explicit bool
	}{
		{"", nil, "default", false},
		{"f", []string{"AWS_PROFILE", "p", "AWS_DEFAULT_PROFILE", "d"}, "f", true},
		{"", []string{"AWS_PROFILE", "p", "AWS_DEFAULT_PROFILE", "d"}, "p", true},
		{"", []string{"AWS_DEFAULT_PROFILE", "d"}, "d", true},
		{"", []string{"AWS_PROFILE", "", "AWS_DEFAULT_PROFILE", "d"}, "", true},
		{"default", nil, "default", true},
	} {
		name, explicit := load(t, "", tc.vars...).ActiveProfile(tc.flag)
		if name != tc.want || explicit != tc.explicit {
			t.Errorf("%+v: %q, %v", tc, name, explicit)
		}
	}
	c := load(t, "[profile a]\n")
	if err := c.RequireProfile("a"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"":        "The config profile () could not be found",
		"default": "The config profile (default) could not be found",
		"my prof": "The config profile (my prof) could not be found",
	} {
		err := c.RequireProfile(name)
		if _, ok := errors.AsType[*ProfileNotFoundError](err); !ok || text(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestRegionAndSettings(t *testing.T) {
	const file = "[default]\nregion = profile\nca_bundle = /k\n"
	for _, tc := range []struct {
		flag, want string
		vars       []string
	}{
		{"flag", "flag", []string{"AWS_REGION", "r"}},
		{"", "r", []string{"AWS_REGION", "r", "AWS_DEFAULT_REGION", "d"}},
		{"", "d", []string{"AWS_REGION", "", "AWS_DEFAULT_REGION", "d"}},
		{"", "profile", nil},
	} {
		if got := load(t, file, tc.vars...).Region(tc.flag, "default"); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	if got := load(t, file).Region("", "other"); got != "" {
		t.Errorf("region %q of a profile that is not there", got)
	}
	for _, tc := range []struct {
		profile, want string
		ok            bool
		vars          []string
	}{
		{"default", "/k", true, nil},
		{"default", "/e", true, []string{"AWS_CA_BUNDLE", "/e"}},
		{"default", "", true, []string{"AWS_CA_BUNDLE", ""}},
		{"other", "", false, nil},
	} {
		if got, ok := load(t, file, tc.vars...).Setting(tc.profile, "ca_bundle", "AWS_CA_BUNDLE"); got != tc.want || ok != tc.ok {
			t.Errorf("%+v: %q, %v", tc, got, ok)
		}
	}
}

func TestPlaceOfAKey(t *testing.T) {
	c := loadBoth(t, lines("[profile a]", "sso_region = x", "[sso-session a]"), lines("[a]", "sso_region = y"))
	for _, tc := range []struct {
		section Header
		key     string
		path    string
		in      Header
	}{
		{Header{ProfileSection, "a"}, "sso_region", credentialsPath, Header{BareSection, "a"}},
		{Header{ProfileSection, "a"}, "region", configPath, Header{ProfileSection, "a"}},
		{Header{SessionSection, "a"}, "sso_region", configPath, Header{SessionSection, "a"}},
		{Header{ProfileSection, "default"}, "sso_region", configPath, Header{ProfileSection, "default"}},
	} {
		if path, in, ok := c.Place(tc.section, tc.key); path != tc.path || in != tc.in || !ok {
			t.Errorf("%+v: %s %+v %v", tc, path, in, ok)
		}
	}
	if path, _, ok := load(t, "", "AWS_CONFIG_FILE", "").Place(Header{ProfileSection, "a"}, "region"); ok {
		t.Errorf("a place %q without a file", path)
	}
}

// BenchmarkLoad is what a credential process pays at each start on a miss: a file of twenty profiles.
func BenchmarkLoad(b *testing.B) {
	var file strings.Builder
	file.WriteString("[default]\nregion = eu-west-1\n\n[sso-session corp]\nsso_start_url = https://d-1234567890.awsapps.com/start\n" +
		"sso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n")
	for i := range 20 {
		fmt.Fprintf(&file, "\n# team %d\n[profile team-%d]\nsso_session = corp\nsso_account_id = 11112222%04d\nsso_role_name = Developer\nregion = eu-west-1\noutput = json\ns3 =\n    max_concurrent_requests = 20\n", i, i, i)
	}
	env := outside{files: map[string]string{configPath: file.String(), credentialsPath: "[static]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"}}.env()
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(env)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.CredentialSource("team-7"); err != nil {
			b.Fatal(err)
		}
	}
}
