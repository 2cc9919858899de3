package awsconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnsetNested(t *testing.T) {
	local := Header{ServicesSection, "local"}
	for _, tc := range []struct {
		name, before, outer, key, after string
	}{
		{"one of two", "[services local]\nsso =\n  endpoint_url = a\n  b = c\n", "sso", "endpoint_url", "[services local]\nsso =\n  b = c\n"},
		{"the last one, without newline", "[services local]\nsso =\n  b = c\n\n  endpoint_url=a", "SSO", "endpoint_url", "[services local]\nsso =\n  b = c\n\n"},
		{"the only one", "[services local]\na = b\nsso =\n  endpoint_url = a\nc = d\n", "sso", "endpoint_url", "[services local]\na = b\nc = d\n"},
		{"below a line that cannot be read", "[services local]\nsso =\n  junk\n  endpoint_url = a\n", "sso", "endpoint_url", "[services local]\nsso =\n  junk\n"},
		{"comments stay", "[services local]\nsso =\n  # endpoint_url = a\n  endpoint_url = b\n  # c\n  d = e\n", "sso", "endpoint_url", "[services local]\nsso =\n  # endpoint_url = a\n  # c\n  d = e\n"},
		{"given twice", "[services local]\nsso =\n  a = b\n  c = d\n  a = e\n", "sso", "a", "[services local]\nsso =\n  c = d\n"},
		{"not that of another block, nor the section's", "[services local]\na = b\ns3 =\n  a = c\nsso =\n  a = d\n  e = f\n", "sso", "a", "[services local]\na = b\ns3 =\n  a = c\nsso =\n  e = f\n"},
		{"case matters", "[services local]\nsso =\n  A = b\n", "sso", "a", "[services local]\nsso =\n  A = b\n"},
		{"a value of several lines is no block", "[services local]\nsso = x\n  a = b\n", "sso", "a", "[services local]\nsso = x\n  a = b\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Edit([]byte(tc.before))
			found := e.UnsetNested(local, tc.outer, tc.key)
			if diff := cmp.Diff(tc.after, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if found != (tc.after != tc.before) {
				t.Errorf("found: %v", found)
			}
		})
	}
}

func TestRemoveSection(t *testing.T) {
	for _, tc := range []struct {
		name, before, after string
	}{
		{"the only one", "[profile p]\na = b\n", ""},
		{"none", "[profile q]\na = b\n", "[profile q]\na = b\n"},
		{"between two", "[default]\na = b\n\n[profile p]\na = b\n\n[profile q]\n", "[default]\na = b\n\n[profile q]\n"},
		{"no blank lines", "[default]\na = b\n[profile p]\na = b\n[profile q]\n", "[default]\na = b\n[profile q]\n"},
		{"blank lines below only", "[default]\na = b\n[profile p]\na = b\n\n[profile q]\n", "[default]\na = b\n\n[profile q]\n"},
		{"the last", "[default]\na = b\n\n[profile p]\na = b", "[default]\na = b\n\n"},
		{"the first", "[profile p]\na = b\n\n\n[default]\n", "[default]\n"},
		{"byte order mark", "\ufeff[profile p]\r\na = b\r\n\r\n[default]\r\n", "\ufeff[default]\r\n"},
		{"its comments", "[default]\na = b\n\n# old\n# p\n[profile p]\n\n# in it\na = b\n# c = d\n\n[profile q]\n", "[default]\na = b\n\n[profile q]\n"},
		{"its comments at the end", "[profile p]\na = b\n# c = d\n", ""},
		{"the next one's comments", "[profile p]\na = b\n# q\n[profile q]\n", "# q\n[profile q]\n"},
		{"nobody's comments", "# mine\n\n[profile p]\na = b\n\n# --- production ---\n\n[profile q]\n", "# mine\n\n# --- production ---\n\n[profile q]\n"},
		{"nested blocks and lines that cannot be read", "[profile p]\ns3 =\n  a = b\n\n  c = d\njunk\n  more\n[profile q]\n", "[profile q]\n"},
		{"several blocks and spellings", "[profile p]\na = b\n\n[profile 'p'] ; x\nc = d\n\n[profile q]\ne = f\n\n[profile  p ]\n", "[profile q]\ne = f\n\n"},
		{"not the session of that name", "[sso-session p]\na = b\n[p]\nc = d\n", "[sso-session p]\na = b\n[p]\nc = d\n"},
		{"an indented header would be a value", "[default]\na = b\n[profile p]\n  c = d\n  [profile q]\n  e = f\n", "[default]\na = b\n[profile q]\n  e = f\n"},
		{"an indented header would be stray", "junk\n[profile p]\n\tc = d\n\t[profile q]\n\te = f\n", "junk\n[profile q]\n\te = f\n"},
		{"an indented header stays so", " [default]\n  a = b\n[profile p]\n  [profile q]\n", " [default]\n  a = b\n  [profile q]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Edit([]byte(tc.before))
			found := e.RemoveSection(profileHeader("p"))
			if diff := cmp.Diff(tc.after, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if found != (tc.after != tc.before) || e.Has(profileHeader("p")) {
				t.Errorf("found: %v, still there: %v", found, e.Has(profileHeader("p")))
			}
		})
	}
}

func TestRenameSection(t *testing.T) {
	session := func(name string) Header { return Header{SessionSection, name} }
	for _, tc := range []struct {
		name    string
		before  string
		from    Header
		to      string
		after   string
		failure string
	}{
		{"a profile", "# p\n[profile p] ; p\nname = p\n[sso-session p]\n", profileHeader("p"), "q", "# p\n[profile q] ; p\nname = p\n[sso-session p]\n", ""},
		{"a session", "[profile p]\n[sso-session p]\n", session("p"), "q", "[profile p]\n[sso-session q]\n", ""},
		{"to a name with blanks", "[profile p]\n", profileHeader("p"), "my prof", "[profile 'my prof']\n", ""},
		{"from a name with blanks", "  [profile \"my prof\" ]\r\n", profileHeader("my prof"), "p", "  [profile p]\r\n", ""},
		{"default to another", "[default]\na = b\n", profileHeader("default"), "p", "[profile p]\na = b\n", ""},
		{"another to default", "[profile p]\na = b\n", profileHeader("p"), "default", "[default]\na = b\n", ""},
		{"credentials file", "[p]\na = b\n[profile p]\n", Header{BareSection, "p"}, "my prof", "[my prof]\na = b\n[profile p]\n", ""},
		{"given twice", "[profile p]\na = b\n[profile p]\nc = d\n", profileHeader("p"), "q", "[profile q]\na = b\n[profile q]\nc = d\n", ""},
		{"none", "[profile p]\n", profileHeader("x"), "q", "[profile p]\n", ""},
		{"to itself", "[profile  p]\n", profileHeader("p"), "p", "[profile  p]\n", ""},
		{"the target exists", "[profile p]\n[profile 'q']\n", profileHeader("p"), "q", "", "the section [profile q] exists already"},
		{"hidden", "[default]\n[profile default]\n", profileHeader("default"), "q", "", "the sections [default] and [profile default] are for the same name, and the second hides the first: remove one of them"},
		{"newline", "[profile p]\n", profileHeader("p"), "q\n[x]", "", `Invalid section name: newline characters and carriage returns are not allowed: 'q\n[x]'`},
		{"bracket", "[profile p]\n", profileHeader("p"), "q]", "", `Invalid section name: brackets are not allowed: 'q]'`},
		{"fallbacks are no section", "[DEFAULT]\na = b\n", Header{BareSection, "DEFAULT"}, "p", "[DEFAULT]\na = b\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Edit([]byte(tc.before))
			err := e.RenameSection(tc.from, tc.to)
			if tc.failure != "" {
				tc.after = tc.before
			}
			if text(err) != tc.failure {
				t.Errorf("error %v, want %q", err, tc.failure)
			}
			if diff := cmp.Diff(tc.after, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
