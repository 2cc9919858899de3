package clientconfig_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/center/clientconfig"
)

func settings() clientconfig.Settings {
	return clientconfig.Settings{
		URL: "https://center.example.com", StartURL: "https://center.example.com/start", Region: "eu-central-1",
		Profile: "dev", Session: "lab", Account: "111111111111", Role: "Admin", CAFile: "/etc/lab ca.pem",
	}
}

const wantConfig = `[profile dev]
sso_session = lab
sso_account_id = 111111111111
sso_role_name = Admin
region = eu-central-1
services = lab
ca_bundle = /etc/lab ca.pem

[sso-session lab]
sso_start_url = https://center.example.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access

[services lab]
sso_oidc =
  endpoint_url = https://center.example.com
sso =
  endpoint_url = https://center.example.com
sts =
  endpoint_url = https://center.example.com
signin =
  endpoint_url = https://center.example.com
`

func TestSections(t *testing.T) {
	got, diff := clientconfig.Merge(nil, settings().Sections())
	if string(got) != wantConfig || len(diff) != strings.Count(wantConfig, "\n")-2 {
		t.Errorf("%s\n%q", got, diff)
	}
	s := settings()
	s.Profile = "default"
	if h := s.Sections()[0].Header(); h != "[default]" {
		t.Error(h)
	}
}

func TestMergeLeavesTheRestAlone(t *testing.T) {
	const before = "# mine\n[default]\nregion = us-east-1\n\n[profile  'dev' ]  # old\nsso_session=other\ns3 =\n  max = 1\n\n# about prod\n[profile prod]\nrole_arn = x\n"
	got, diff := clientconfig.Merge([]byte(before), settings().Sections())
	wantStart := "# mine\n[default]\nregion = us-east-1\n\n[profile dev]\nsso_session = lab\n"
	wantRest := "ca_bundle = /etc/lab ca.pem\n\n# about prod\n[profile prod]\nrole_arn = x\n\n[sso-session lab]\n"
	if !strings.HasPrefix(string(got), wantStart) || !strings.Contains(string(got), wantRest) {
		t.Errorf("%s", got)
	}
	if !slices.Contains(diff, "-sso_session=other") || !slices.Contains(diff, "+sso_session = lab") || slices.Contains(diff, "-# about prod") {
		t.Errorf("%q", diff)
	}
	again, diff := clientconfig.Merge(got, settings().Sections())
	if !bytes.Equal(again, got) || diff != nil {
		t.Errorf("a second time: %q", diff)
	}
	dos, _ := clientconfig.Merge([]byte("[default]\r\nregion = x\r\n"), settings().Sections())
	if bytes.Count(dos, []byte("\r\n")) != bytes.Count(dos, []byte("\n")) {
		t.Errorf("line ends: %q", dos)
	}
}

func TestValue(t *testing.T) {
	s := clientconfig.Parse([]byte("junk\n[services lab]\nsso =\n  endpoint_url = a\n  # endpoint_url = c\nsts =\n\tendpoint_url = b\nendpoint_url = top\n"))
	if len(s) != 1 || s[0].Value("sso", "endpoint_url") != "a" || s[0].Value("sts", "endpoint_url") != "b" || s[0].Value("", "endpoint_url") != "top" || s[0].Value("s3", "endpoint_url") != "" {
		t.Errorf("%+v", s)
	}
}

func TestCheck(t *testing.T) {
	if err := settings().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*clientconfig.Settings){
		"line break":      func(s *clientconfig.Settings) { s.Role = "Admin\ncredential_process = evil" },
		"carriage return": func(s *clientconfig.Settings) { s.Region = "x\rcredential_process = evil" },
		"bracket":         func(s *clientconfig.Settings) { s.Profile = "a]" },
		"comment":         func(s *clientconfig.Settings) { s.CAFile = "/a #b" },
		"blank name":      func(s *clientconfig.Settings) { s.Session = "a b" },
		"no role":         func(s *clientconfig.Settings) { s.Role = "" },
		"account":         func(s *clientconfig.Settings) { s.Account = "11111111111x" },
	} {
		s := settings()
		change(&s)
		if s.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestExport asks the shell itself.
func TestExport(t *testing.T) {
	for _, value := range []string{"plain", "with blank", `it's`, `$(touch /tmp/x)`, "`id`", `a\b"c`, "ü"} {
		line := clientconfig.Export("sh", clientconfig.Variable{Name: "V", Value: value})
		out, err := exec.Command("sh", "-c", line+`; printf %s "$V"`).Output()
		if err != nil || string(out) != value {
			t.Errorf("%s: %q, %v", line, out, err)
		}
	}
	for shell, want := range map[string]string{
		"fish": `set -gx V 'it\'s \\'`, "powershell": `$Env:V = 'it''s \'`, "cmd": `set "V=it's \"`, "tcsh": "",
	} {
		if got := clientconfig.Export(shell, clientconfig.Variable{Name: "V", Value: `it's \`}); got != want {
			t.Errorf("%s: %s, want %s", shell, got, want)
		}
	}
	var names []string
	for _, v := range settings().Env() {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "AWS_PROFILE AWS_REGION AWS_ENDPOINT_URL_SSO_OIDC AWS_ENDPOINT_URL_SSO AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_SIGNIN AWS_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS" {
		t.Error(got)
	}
}

func FuzzMerge(f *testing.F) {
	for _, s := range []string{"", wantConfig, "[profile dev]", "[", "[]\n[ ]\n]", "\r\n[profile 'dev']\r\n x = y\r\n", "[profile dev]\n#\n\n[profile dev]\na=b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		once, _ := clientconfig.Merge(file, settings().Sections())
		twice, diff := clientconfig.Merge(once, settings().Sections())
		if len(diff) > 0 || !bytes.Equal(once, twice) {
			t.Errorf("not settled: %q → %q → %q", file, once, twice)
		}
		for _, want := range settings().Sections() {
			if !slices.ContainsFunc(clientconfig.Parse(once), func(s clientconfig.Section) bool {
				return s.Header() == want.Header() && slices.Equal(s.Lines, want.Lines)
			}) {
				t.Errorf("%s is not in %q", want.Header(), once)
			}
		}
	})
}
