package awsconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	for _, tc := range []struct {
		name, before, after, want string
	}{
		{"nothing", "[default]\n", "[default]\n", ""},
		{"a new file", "", "[default]\nregion = x\n", "@@ line 1 @@|+[default]|+region = x"},
		{"all of it", "[default]\n", "", "@@ line 1 @@|-[default]"},
		{
			"a value, far below its header", "[default]\n[profile p]\na = b\nc = d\ne = f\ng = h\ni = j\nk = l\nm = n\no = p\n", "[default]\n[profile p]\na = b\nc = d\ne = f\ng = h\ni = x\nk = l\nm = n\no = p\n",
			"@@ line 4, in [profile p] @@| c = d| e = f| g = h|-i = j|+i = x| k = l| m = n| o = p",
		},
		{"near its header", "[default]\n[profile p]\na = b\nc = d\n", "[default]\n[profile p]\na = b\nc = x\n", "@@ line 1 @@| [default]| [profile p]| a = b|-c = d|+c = x"},
		{
			"the last section ends above", "[profile p]\na = b\nc = d\ne = f\n\n[profile q]\ng = h\n", "[profile p]\na = b\nc = d\ne = f\n\n[profile q]\ng = x\n",
			"@@ line 4 @@| e = f| | [profile q]|-g = h|+g = x",
		},
		{"two places", "[a]\nb = c\n1 = 1\n2 = 2\n3 = 3\n4 = 4\n5 = 5\n6 = 6\n7 = 7\nd = e\n", "[a]\nb = x\n1 = 1\n2 = 2\n3 = 3\n4 = 4\n5 = 5\n6 = 6\n7 = 7\nd = y\n", "@@ line 1 @@| [a]|-b = c|+b = x| 1 = 1| 2 = 2| 3 = 3|@@ line 7, in [a] @@| 5 = 5| 6 = 6| 7 = 7|-d = e|+d = y"},
		{"ends of lines do not matter", "\ufeff[default]\r\na = b", "\ufeff[default]\r\na = b\r\nc = d\r\n", "@@ line 1 @@| [default]| a = b|+c = d"},
		{
			"secrets", "[p]\naws_access_key_id = AKIA\nAWS_SECRET_ACCESS_KEY=one\n  two\naws_session_token = \n#aws_security_token: three\n", "[p]\naws_access_key_id = AKIB\nAWS_SECRET_ACCESS_KEY=four\n  two\naws_session_token = five\n#aws_security_token: three\n",
			"@@ line 1 @@| [p]|-aws_access_key_id = AKIA|-AWS_SECRET_ACCESS_KEY=********|+aws_access_key_id = AKIB|+AWS_SECRET_ACCESS_KEY=********|   ********|-aws_session_token =|+aws_session_token = ********| #aws_security_token: ********",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, strings.Join(Diff([]byte(tc.before), []byte(tc.after)), "|")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDiff: something is shown whenever a line changed, and never a secret.
func FuzzDiff(f *testing.F) {
	for i, text := range oddFiles(f) {
		f.Add(text, []string{"[a]\n", text + "x", "aws_session_token: y\n z\n" + text}[i%3])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "vGs8/kEy+of=mine"
		if strings.Contains(before+after, secret) || strings.Contains(before+after, "\x00") { // as the marks have it
			return
		}
		if d := Diff([]byte(before), []byte(after)); (len(d) == 0) != (textOf(before) == textOf(after)) {
			t.Fatalf("%q to %q: %q", before, after, d)
		}
		hidden := before + "\n[x]\naws_secret_access_key = " + secret + "\n"
		for _, l := range append(Diff([]byte(after), []byte(hidden)), Diff([]byte(hidden), []byte(hidden+after))...) {
			if strings.Contains(l, secret) {
				t.Fatalf("%q", l)
			}
		}
	})
}

// textOf is what a person sees of a file.
func textOf(src string) string {
	var b strings.Builder
	for _, l := range parse(src).lines {
		b.WriteString(strings.TrimRightFunc(strings.TrimPrefix(src[l.start:l.to], byteOrderMark), isBlank) + "\n")
	}
	return b.String()
}
