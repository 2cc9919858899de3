package awsconfig

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func profileHeader(name string) Header { return Header{ProfileSection, name} }

func TestSetKey(t *testing.T) {
	for _, tc := range []struct {
		name       string
		before     string
		section    Header
		key, value string
		after      string
	}{
		{"empty file", "", profileHeader("default"), "region", "x", "[default]\nregion = x\n"},
		{"new profile", "[default]\na = b\n", profileHeader("p"), "region", "x", "[default]\na = b\n[profile p]\nregion = x\n"},
		{"new session", "", Header{SessionSection, "s"}, "sso_region", "x", "[sso-session s]\nsso_region = x\n"},
		{"new section, name with blanks", "", profileHeader("my prof"), "region", "x", "[profile 'my prof']\nregion = x\n"},
		{"new section, name with a tab", "", Header{SessionSection, "a\tb"}, "region", "x", "[sso-session 'a\tb']\nregion = x\n"},
		{"new section, name with a quote", "", profileHeader("it's"), "region", "x", "[profile 'it'\"'\"'s']\nregion = x\n"},
		{"new section, credentials file", "[a]\n", Header{BareSection, "my prof"}, "region", "x", "[a]\n[my prof]\nregion = x\n"},
		{"new section, last newline missing", "[a]\nb = c", profileHeader("p"), "region", "x", "[a]\nb = c\n[profile p]\nregion = x\n"},
		{"new section, CRLF", "[a]\r\nb = c", profileHeader("p"), "region", "x", "[a]\r\nb = c\r\n[profile p]\r\nregion = x\r\n"},
		{"new section right below a comment", "[a]\n# end", profileHeader("p"), "region", "x", "[a]\n# end\n\n[profile p]\nregion = x\n"},
		{"new section below comments", "[a]\n# end\n\n", profileHeader("p"), "region", "x", "[a]\n# end\n\n[profile p]\nregion = x\n"},

		{"replace", "[default]\nregion = a\noutput = b\n", profileHeader("default"), "region", "x", "[default]\nregion = x\noutput = b\n"},
		{"replace in place, blanks and case kept", "[default]\n  REGION\t=   a  \noutput=b\n", profileHeader("default"), "region", "x", "[default]\n  REGION\t=   x  \noutput=b\n"},
		{"no blanks", "[default]\nregion=a", profileHeader("default"), "region", "x", "[default]\nregion=x"},
		{"colon", "[default]\nregion: a:b=c\n", profileHeader("default"), "region", "x:=y", "[default]\nregion: x:=y\n"},
		{"brackets in the value", "[default]\nregion = [a]\n[profile b]\n", profileHeader("default"), "region", "[x", "[default]\nregion = [x\n[profile b]\n"},
		{"empty value", "[default]\nregion =\noutput=\n", profileHeader("default"), "region", "x", "[default]\nregion = x\noutput=\n"},
		{"empty value without blanks", "[default]\nregion=\n", profileHeader("default"), "region", "x", "[default]\nregion=x\n"},
		{"empty value with blanks behind", "[default]\nregion =   \n", profileHeader("default"), "region", "x", "[default]\nregion = x   \n"},
		{"to empty", "[default]\nregion = a\n", profileHeader("default"), "region", "", "[default]\nregion = \n"},
		{"the same value", "[default]\nregion  =  a  ; b\n", profileHeader("default"), "region", "a  ; b", "[default]\nregion  =  a  ; b\n"},
		{"blanks around the new value", "[default]\nregion = a\n", profileHeader("default"), "region", " x ", "[default]\nregion = x\n"},
		{"last newline missing", "[default]\nregion = a", profileHeader("default"), "region", "x", "[default]\nregion = x"},
		{"CRLF", "[default]\r\nregion = a\r\n", profileHeader("default"), "region", "x", "[default]\r\nregion = x\r\n"},
		{"byte order mark", "\ufeff[default]\nregion = a\n", profileHeader("default"), "region", "x", "\ufeff[default]\nregion = x\n"},
		{"comment behind the value", "[default]\n  region = up ; my # note\n", profileHeader("default"), "region", "x", "[default]\n  ; my # note\n  region = x\n"},
		{"value over value with comment", "[default]\nregion = up # note\n", profileHeader("default"), "region", "up", "[default]\n# note\nregion = up\n"},
		{"no comment", "[default]\nurl = https://x/#a;b\n", profileHeader("default"), "url", "https://y", "[default]\nurl = https://y\n"},
		{"no blank before the sign", "[default]\nname = à# b\n", profileHeader("default"), "name", "x", "[default]\nname = x\n"},
		{"commented-out key", "[default]\n#region = a\n;region = b\noutput = c\n", profileHeader("default"), "region", "x", "[default]\n#region = a\n;region = b\noutput = c\nregion = x\n"},
		{"commented-out section", "#[default]\n[profile a]\nregion = b\n", profileHeader("default"), "region", "x", "#[default]\n[profile a]\nregion = b\n[default]\nregion = x\n"},
		{"value of several lines", "[default]\nregion = a\n  b\n # c\n\n  d\noutput = e\n", profileHeader("default"), "region", "x", "[default]\nregion = x\n # c\n\noutput = e\n"},
		{"value of several lines, no last newline", "[default]\nregion = a\n  b", profileHeader("default"), "region", "x", "[default]\nregion = x\n"},
		{"block", "[default]\ns3 =\n  a = b\noutput = c\n", profileHeader("default"), "s3", "x", "[default]\ns3 = x\noutput = c\n"},

		{"not the nested key", "[default]\ns3 =\n  region = nested\n", profileHeader("default"), "region", "x", "[default]\ns3 =\n  region = nested\nregion = x\n"},
		{"below the last key, above blanks and comments", "[default]\na = b\n\n# next\n[profile c]\n", profileHeader("default"), "region", "x", "[default]\na = b\nregion = x\n\n# next\n[profile c]\n"},
		{"below a block of several lines", "[default]\ns3 =\n  a = b\n\n  c = d\n\n[profile c]\n", profileHeader("default"), "region", "x", "[default]\ns3 =\n  a = b\n\n  c = d\nregion = x\n\n[profile c]\n"},
		{"new key, last newline missing", "[default]\na = b", profileHeader("default"), "region", "x", "[default]\na = b\nregion = x\n"},
		{"new key, CRLF without the last", "[default]\r\na = b", profileHeader("default"), "region", "x", "[default]\r\na = b\r\nregion = x\r\n"},
		{"new key, lone CR", "[default]\ra = b\r", profileHeader("default"), "region", "x", "[default]\ra = b\rregion = x\r"},
		{"new key indented as the others", "  [default]\n\u00a0 a = b\n", profileHeader("default"), "region", "x", "  [default]\n\u00a0 a = b\n\u00a0 region = x\n"},
		{"empty section", "[default]\n# note\n\n[profile c]\n", profileHeader("default"), "region", "x", "[default]\nregion = x\n# note\n\n[profile c]\n"},
		{"empty section before an indented header", "[default]\n  [profile c]\n  a = b\n", profileHeader("default"), "region", "x", "[default]\n  region = x\n  [profile c]\n  a = b\n"},
		{"empty section at the end, no newline", "[default]", profileHeader("default"), "region", "x", "[default]\nregion = x\n"},

		{"double quotes", "[profile \"my prof\"]\nregion = a\n", profileHeader("my prof"), "region", "x", "[profile \"my prof\"]\nregion = x\n"},
		{"single quotes", "[profile 'my prof']\nregion = a\n", profileHeader("my prof"), "region", "x", "[profile 'my prof']\nregion = x\n"},
		{"extra blanks and text behind", "[profile \t p  ] ; note\nregion = a\n", profileHeader("p"), "region", "x", "[profile \t p  ] ; note\nregion = x\n"},
		{"session with blanks, unquoted, is no session", "[sso-session my s]\nsso_region = a\n", Header{SessionSection, "my s"}, "sso_region", "x", "[sso-session my s]\nsso_region = a\n[sso-session 'my s']\nsso_region = x\n"},
		{"credentials file: headers are names", "[profile p]\na = b\n[p]\na = c\n", Header{BareSection, "p"}, "a", "x", "[profile p]\na = b\n[p]\na = x\n"},
		{"default in the other form", "[profile default]\nregion = a\n", profileHeader("default"), "region", "x", "[profile default]\nregion = x\n"},
		{"default in both forms: the later counts", "[default]\nregion = a\n[profile default]\nregion = b\n", profileHeader("default"), "region", "x", "[default]\nregion = a\n[profile default]\nregion = x\n"},
		{"first use of a header counts", "[default]\nregion = a\n[profile default]\nregion = b\n[default]\nregion = c\n", profileHeader("default"), "region", "x", "[default]\nregion = a\n[profile default]\nregion = x\n[default]\nregion = c\n"},
		{"section given twice", "[default]\nregion = a\n[profile p]\n[default]\nb = c\n", profileHeader("default"), "region", "x", "[default]\nregion = x\n[profile p]\n[default]\nb = c\n"},
		{"section given twice, new key", "[default]\na = b\n[profile p]\n[default]\nb = c\n", profileHeader("default"), "region", "x", "[default]\na = b\n[profile p]\n[default]\nb = c\nregion = x\n"},
		{"key given twice", "[default]\nregion = a\nregion = b\n[default]\nregion = c\n", profileHeader("default"), "region", "x", "[default]\nregion = a\nregion = b\n[default]\nregion = x\n"},
		{"stray lines stay where they are", "junk\n[default]\na = b\nstray\n  deeper = c\n", profileHeader("default"), "region", "x", "junk\n[default]\na = b\nregion = x\nstray\n  deeper = c\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			after, err := SetKey([]byte(tc.before), tc.section, tc.key, tc.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, string(after)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetNested(t *testing.T) {
	local := Header{ServicesSection, "local"}
	for _, tc := range []struct {
		name, before, outer, key, value, after string
	}{
		{"new section", "", "sso_oidc", "endpoint_url", "http://x", "[services local]\nsso_oidc =\n    endpoint_url = http://x\n"},
		{"new block", "[services local]\ns3 =\n  a = b\n", "sso", "endpoint_url", "x", "[services local]\ns3 =\n  a = b\nsso =\n    endpoint_url = x\n"},
		{"new block, indented and CRLF", "[services local]\r\n  s3 =\r\n    a = b\r\n", "sso", "endpoint_url", "x", "[services local]\r\n  s3 =\r\n    a = b\r\n  sso =\r\n      endpoint_url = x\r\n"},
		{"new key", "[services local]\nsso =\n  a = b\n\n  c = d\n\ns3 = 1\n", "sso", "endpoint_url", "x", "[services local]\nsso =\n  a = b\n\n  c = d\n  endpoint_url = x\n\ns3 = 1\n"},
		{"new key, last newline missing", "[services local]\nsso =\n\ta = b", "sso", "endpoint_url", "x", "[services local]\nsso =\n\ta = b\n\tendpoint_url = x\n"},
		{"replace", "[services local]\nsso =\n  endpoint_url  =  a  \n  b = c\n", "sso", "endpoint_url", "x", "[services local]\nsso =\n  endpoint_url  =  x  \n  b = c\n"},
		{"replace, empty", "[services local]\nsso =\n  endpoint_url =\n", "sso", "endpoint_url", "x", "[services local]\nsso =\n  endpoint_url = x\n"},
		{"replace, value with =", "[services local]\nsso =\n  endpoint_url=a=b\n", "sso", "endpoint_url", "x=y", "[services local]\nsso =\n  endpoint_url=x=y\n"},
		{"the last of several", "[services local]\nsso =\n  a = 1\n  a = 2\n", "sso", "a", "x", "[services local]\nsso =\n  a = 1\n  a = x\n"},
		{"the same", "[services local]\nsso =\n  a  =  1\n", "sso", "a", "1", "[services local]\nsso =\n  a  =  1\n"},
		{"case matters", "[services local]\nSSO =\n  A = 1\n", "sso", "a", "x", "[services local]\nSSO =\n  A = 1\n  a = x\n"},
		{"outer is empty", "[services local]\nsso =\n\n[default]\n", "sso", "a", "x", "[services local]\nsso =\n    a = x\n\n[default]\n"},
		{"outer has a value", "[services local]\nsso = old\n  older\nb = c\n", "sso", "a", "x", "[services local]\nsso = \n    a = x\nb = c\n"},
		{"outer has a value, last newline missing", "[services local]\nsso = old", "sso", "a", "x", "[services local]\nsso = \n    a = x\n"},
		{"not a comment", "[services local]\nsso =\n  # a = 1\n  b = c\n", "sso", "a", "x", "[services local]\nsso =\n  # a = 1\n  b = c\n  a = x\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Edit([]byte(tc.before))
			if err := e.SetNested(local, tc.outer, tc.key, tc.value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.after, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got, _ := load(t, string(e.Bytes())).services.named["local"].GetNested(tc.outer, tc.key); got != tc.value {
				t.Errorf("read back %q, want %q", got, tc.value)
			}
		})
	}
}

func TestSeveralEdits(t *testing.T) {
	e := Edit([]byte("# mine\n"))
	for _, step := range []func() error{
		func() error { return e.Set(profileHeader("Admin-1"), "sso_session", "corp") },
		func() error { return e.Set(profileHeader("Admin-1"), "services", "corp") },
		func() error { return e.Set(Header{SessionSection, "corp"}, "sso_start_url", "https://x/start") },
		func() error { return e.Set(Header{SessionSection, "corp"}, "sso_region", "us-east-1") },
		func() error {
			return e.SetNested(Header{ServicesSection, "corp"}, "sso_oidc", "endpoint_url", "http://a")
		},
		func() error { return e.SetNested(Header{ServicesSection, "corp"}, "sso", "endpoint_url", "http://b") },
		func() error { return e.Set(profileHeader("Admin-1"), "region", "eu-west-1") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := lines("# mine", "", "[profile Admin-1]", "sso_session = corp", "services = corp", "region = eu-west-1",
		"[sso-session corp]", "sso_start_url = https://x/start", "sso_region = us-east-1",
		"[services corp]", "sso_oidc =", "    endpoint_url = http://a", "sso =", "    endpoint_url = http://b")
	if diff := cmp.Diff(want, string(e.Bytes())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for _, tc := range []struct {
		name       string
		section    Header
		key, value string
		want       string
	}{
		{"newline in a value", profileHeader("p"), "k", "a\n[profile evil]", "Invalid value for key k: newline characters and carriage returns are not allowed."},
		{"return in a value", profileHeader("p"), "k", "secret\rx", "Invalid value for key k: newline characters and carriage returns are not allowed."},
		{"escape in a value", profileHeader("p"), "k", "a\x1b[2J", "Invalid value for key k: control characters are not allowed."},
		{"line separator in a value", profileHeader("p"), "k", "a\u2028b", "Invalid value for key k: control characters are not allowed."},
		{"invalid UTF-8 in a value", profileHeader("p"), "k", "a\xff", "Invalid value for key k: the text is not valid UTF-8."},
		{"newline in a name", profileHeader("a\nb"), "k", "v", `Invalid section name: newline characters and carriage returns are not allowed: 'a\nb'`},
		{"return in a name", Header{SessionSection, "a\r\"b"}, "k", "v", `Invalid section name: newline characters and carriage returns are not allowed: 'a\r"b'`},
		{"NUL in a name", profileHeader("a\x00"), "k", "v", `Invalid section name: control characters are not allowed: 'a\x00'`},
		{"bracket in a name", profileHeader("a]b"), "k", "v", `Invalid section name: brackets are not allowed: 'a]b'`},
		{"no name", Header{BareSection, ""}, "k", "v", `Invalid section name: it is not the name of a section: ''`},
		{"fallbacks", Header{BareSection, "DEFAULT"}, "k", "v", `Invalid section name: it is not the name of a section: 'DEFAULT'`},
		{"newline in a key", profileHeader("p"), "a\nb", "v", `Invalid key: newline characters and carriage returns are not allowed: 'a\nb'`},
		{"empty key", profileHeader("p"), "", "v", `Invalid key: a key must not be empty or have blanks around it: ''`},
		{"blank in front of a key", profileHeader("p"), " k", "v", `Invalid key: a key must not be empty or have blanks around it: ' k'`},
		{"delimiter in a key", profileHeader("p"), "a=b", "v", `Invalid key: a key must not contain = or : and not begin with # ; or [: 'a=b'`},
		{"other delimiter in a key", profileHeader("p"), "a:b", "v", `Invalid key: a key must not contain = or : and not begin with # ; or [: 'a:b'`},
		{"comment", profileHeader("p"), "#a", "v", `Invalid key: a key must not contain = or : and not begin with # ; or [: '#a'`},
		{"header", profileHeader("p"), "[a", "v", `Invalid key: a key must not contain = or : and not begin with # ; or [: '[a'`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const before = "[default]\na = b"
			_, err := SetKey([]byte(before), tc.section, tc.key, tc.value)
			if _, ok := errors.AsType[*UnwritableError](err); !ok || text(err) != tc.want {
				t.Errorf("Set: error %v, want %s", err, tc.want)
			}
			e := Edit([]byte(before))
			if err := e.SetNested(tc.section, "outer", tc.key, tc.value); text(err) != tc.want {
				t.Errorf("SetNested: error %v, want %s", err, tc.want)
			}
			if string(e.Bytes()) != before {
				t.Errorf("changed to %q", e.Bytes())
			}
		})
	}
	if err := Edit(nil).SetNested(profileHeader("p"), "o=", "k", "v"); err == nil {
		t.Error("outer key with a delimiter was taken")
	}
	// Somebody else wrote it, and it can be read.
	if after, err := SetKey([]byte("[profile a]b]\n"), profileHeader("a]b"), "k", "v"); err != nil || string(after) != "[profile a]b]\nk = v\n" {
		t.Errorf("%q, error %v", after, err)
	}
}
