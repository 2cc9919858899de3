package awsconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnset(t *testing.T) {
	for _, tc := range []struct {
		name    string
		before  string
		section Header
		key     string
		after   string
	}{
		{"the line goes", "[default]\n# a\na = b\n\nregion = x\n# c\nc = d\n", profileHeader("default"), "region", "[default]\n# a\na = b\n\n# c\nc = d\n"},
		{"whatever its case and spacing", "[default]\r\n  REGION:x  ; note\r\n  a=b\r\n", profileHeader("default"), "Region", "[default]\r\n  a=b\r\n"},
		{"the last line, without newline", "[default]\na = b\nregion = x", profileHeader("default"), "region", "[default]\na = b\n"},
		{"the only key", "[default]\nregion = x\n[profile a]\nb = c\n", profileHeader("default"), "region", "[default]\n[profile a]\nb = c\n"},
		{"a value of several lines", "[default]\nregion = x\n  y\n # note\n\n  z\na = b\n", profileHeader("default"), "region", "[default]\n # note\n\na = b\n"},
		{"a block", "[default]\ns3 =\n  a = b\n  region = c\nregion = x\n", profileHeader("default"), "s3", "[default]\nregion = x\n"},
		{"not the nested key", "[default]\ns3 =\n  region = c\nregion = x\n", profileHeader("default"), "region", "[default]\ns3 =\n  region = c\n"},
		{"given twice", "[default]\nregion = a\nb = c\nregion = d\n[default]\nregion = e\n", profileHeader("default"), "region", "[default]\nb = c\n[default]\n"},
		{"hidden under another spelling", "[default]\nregion = a\n[profile default]\nregion = b\n", profileHeader("default"), "region", "[default]\n[profile default]\n"},
		{"quoted", "[profile \"my  prof\"] ; x\nregion = a\n[profile 'my  prof']\nregion = b\n", profileHeader("my  prof"), "region", "[profile \"my  prof\"] ; x\n[profile 'my  prof']\n"},
		{"credentials file", "[profile p]\na = b\n[p]\na = c\n", Header{BareSection, "p"}, "a", "[profile p]\na = b\n[p]\n"},
		{"byte order mark", "\ufeff[default]\nregion = a\n", profileHeader("default"), "region", "\ufeff[default]\n"},
		{"no such key", "[default]\na = b", profileHeader("default"), "region", "[default]\na = b"},
		{"no such section", "[profile a]\nregion = b\n", profileHeader("default"), "region", "[profile a]\nregion = b\n"},
		{"a comment", "[default]\n#region = b\n", profileHeader("default"), "region", "[default]\n#region = b\n"},
		{"a fallback", "[DEFAULT]\nregion = b\n[default]\nregion = c\n", profileHeader("default"), "region", "[DEFAULT]\nregion = b\n[default]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := Edit([]byte(tc.before))
			found := e.Unset(tc.section, tc.key)
			if diff := cmp.Diff(tc.after, string(e.Bytes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if found != (tc.after != tc.before) {
				t.Errorf("found: %v", found)
			}
			if e.Unset(tc.section, tc.key) {
				t.Error("it is still there")
			}
		})
	}
}
