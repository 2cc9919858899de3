package credentials_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

func temporary() credentials.Credentials {
	return credentials.Credentials{
		AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "wJalr/K7MDENG+bPx", SessionToken: "IQoJb3JpZ2luX2Vj//8=",
		ExpiresAt: time.Date(2026, 11, 23, 5, 7, 46, 0, time.FixedZone("", 3600)), AccountID: "111122223333",
	}
}

// What the AWS CLI prints, to the byte.
func TestFormats(t *testing.T) {
	long := credentials.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "wJalr/K7MDENG+bPx"}
	want := map[credentials.Format][2]string{
		credentials.FormatProcess: {`{
  "Version": 1,
  "AccessKeyId": "ASIAEXAMPLE",
  "SecretAccessKey": "wJalr/K7MDENG+bPx",
  "SessionToken": "IQoJb3JpZ2luX2Vj//8=",
  "Expiration": "2026-11-23T04:07:46+00:00"
}
`, `{
  "Version": 1,
  "AccessKeyId": "AKIAEXAMPLE",
  "SecretAccessKey": "wJalr/K7MDENG+bPx"
}
`},
		credentials.FormatEnv: {`export AWS_ACCESS_KEY_ID=ASIAEXAMPLE
export AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
export AWS_SESSION_TOKEN=IQoJb3JpZ2luX2Vj//8=
export AWS_CREDENTIAL_EXPIRATION=2026-11-23T04:07:46+00:00
`, `export AWS_ACCESS_KEY_ID=AKIAEXAMPLE
export AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
`},
		credentials.FormatEnvNoExport: {`AWS_ACCESS_KEY_ID=ASIAEXAMPLE
AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
AWS_SESSION_TOKEN=IQoJb3JpZ2luX2Vj//8=
AWS_CREDENTIAL_EXPIRATION=2026-11-23T04:07:46+00:00
`, `AWS_ACCESS_KEY_ID=AKIAEXAMPLE
AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
`},
		credentials.FormatPowerShell: {`$Env:AWS_ACCESS_KEY_ID="ASIAEXAMPLE"
$Env:AWS_SECRET_ACCESS_KEY="wJalr/K7MDENG+bPx"
$Env:AWS_SESSION_TOKEN="IQoJb3JpZ2luX2Vj//8="
$Env:AWS_CREDENTIAL_EXPIRATION="2026-11-23T04:07:46+00:00"
`, `$Env:AWS_ACCESS_KEY_ID="AKIAEXAMPLE"
$Env:AWS_SECRET_ACCESS_KEY="wJalr/K7MDENG+bPx"
`},
		credentials.FormatWindowsCmd: {`set AWS_ACCESS_KEY_ID=ASIAEXAMPLE
set AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
set AWS_SESSION_TOKEN=IQoJb3JpZ2luX2Vj//8=
set AWS_CREDENTIAL_EXPIRATION=2026-11-23T04:07:46+00:00
`, `set AWS_ACCESS_KEY_ID=AKIAEXAMPLE
set AWS_SECRET_ACCESS_KEY=wJalr/K7MDENG+bPx
`},
		credentials.FormatFish: {`set -gx AWS_ACCESS_KEY_ID "ASIAEXAMPLE"
set -gx AWS_SECRET_ACCESS_KEY "wJalr/K7MDENG+bPx"
set -gx AWS_SESSION_TOKEN "IQoJb3JpZ2luX2Vj//8="
set -gx AWS_CREDENTIAL_EXPIRATION "2026-11-23T04:07:46+00:00"
`, `set -gx AWS_ACCESS_KEY_ID "AKIAEXAMPLE"
set -gx AWS_SECRET_ACCESS_KEY "wJalr/K7MDENG+bPx"
`},
	}
	if len(credentials.Formats()) != len(want) {
		t.Errorf("%d formats, want %d", len(credentials.Formats()), len(want))
	}
	for _, f := range credentials.Formats() {
		for i, c := range []credentials.Credentials{temporary(), long} {
			if got, err := f.Print(c); err != nil || string(got) != want[f][i] {
				t.Errorf("%s: %v\n%s\nwant\n%s", f, err, got, want[f][i])
			}
		}
	}
	if got, err := credentials.Format("yaml").Print(long); err == nil || len(got) != 0 {
		t.Errorf("unknown format: %q, %v", got, err)
	}
}

// hostile values are of no service that we know; they must arrive as they are or not at all.
func hostile() []string {
	return []string{
		"plain", "with blank", "'", `"`, `\`, "`", "$HOME", "${HOME}", "$(echo pwned)", "`echo pwned`", "a;echo pwned", "a&echo pwned", "a|cat",
		"a>b", "a<b", "~", "~root", "a:~", "=ls", "a:=ls", "ends==", "#comment", "a #b", "!", "!!", "a!b", "*", "?", "[a]", "{a,b}", "(ls)", "a)", "%PATH%",
		"^", "é🔑", "“smart”", "„low‟", "‘single’‚low‛", `\'`, `'\''`, `$'\n'`, `"; echo pwned; "`, `'; echo pwned; '`, `\"`, `\$HOME`, "`$HOME", " lead", "trail ", "-n", "a\\",
	}
}

type shell struct {
	name   string
	args   []string
	format credentials.Format
	show   string // prints the variable between brackets, without a newline of its own
}

func shells() []shell {
	const posix = `printf '[%s]' "$AWS_SECRET_ACCESS_KEY"`
	return []shell{
		{"sh", []string{"-c"}, credentials.FormatEnv, posix},
		{"dash", []string{"-c"}, credentials.FormatEnv, posix},
		{"bash", []string{"--norc", "-c"}, credentials.FormatEnv, posix},
		{"bash", []string{"--norc", "-c"}, credentials.FormatEnvNoExport, posix},
		{"zsh", []string{"-f", "-c"}, credentials.FormatEnv, posix},
		{"zsh", []string{"-f", "-c"}, credentials.FormatEnvNoExport, posix},
		{"fish", []string{"--no-config", "-c"}, credentials.FormatFish, `printf '[%s]' "$AWS_SECRET_ACCESS_KEY"`},
	}
}

// TestShells lets each shell evaluate what it is meant to evaluate.
func TestShells(t *testing.T) {
	for _, sh := range shells() {
		t.Run(sh.name+" "+string(sh.format), func(t *testing.T) {
			if _, err := exec.LookPath(sh.name); err != nil {
				t.Skip("SKIP-TOOL: " + sh.name)
			}
			var script, want strings.Builder
			for _, v := range hostile() {
				doc, err := sh.format.Print(credentials.Credentials{AccessKeyID: "A", SecretAccessKey: wire.Secret(v)})
				if err != nil {
					t.Fatal(err)
				}
				script.Write(doc)
				script.WriteString(sh.show + "\n")
				want.WriteString("[" + v + "]")
			}
			cmd := exec.Command(sh.name, append(sh.args, script.String())...)
			cmd.Env = []string{"HOME=/home/of-nobody", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err != nil || string(out) != want.String() {
				t.Errorf("%v\n got %s\nwant %s", err, out, want.String())
			}
		})
	}
}

func TestControlCharacters(t *testing.T) {
	for _, f := range credentials.Formats() {
		for _, v := range []string{"a\nexport B=c", "a\r", "\x00", "\x1b[2J", "\x7f", "\u009b2J"} {
			got, err := f.Print(credentials.Credentials{AccessKeyID: "A", SecretAccessKey: wire.Secret(v)})
			if err == nil || len(got) != 0 || strings.Contains(err.Error(), v) {
				t.Errorf("%s: %q, %v", f, got, err)
			}
		}
	}
}

// There is no cmd here to ask; these are its documented rules.
func TestWindowsCmd(t *testing.T) {
	for v, want := range map[string]string{
		"a&calc": `set "AWS_ACCESS_KEY_ID=a&calc"`, "a b ": `set "AWS_ACCESS_KEY_ID=a b "`, "a|b": `set "AWS_ACCESS_KEY_ID=a|b"`,
		"a^b": `set "AWS_ACCESS_KEY_ID=a^b"`, "a>b": `set "AWS_ACCESS_KEY_ID=a>b"`, "a)": `set "AWS_ACCESS_KEY_ID=a)"`, "a/+=": `set AWS_ACCESS_KEY_ID=a/+=`,
	} {
		got, err := credentials.FormatWindowsCmd.Print(credentials.Credentials{AccessKeyID: v})
		if err != nil || string(got) != want+"\n" {
			t.Errorf("%q: %q, %v", v, got, err)
		}
	}
	for _, v := range []string{`a"&calc&"`, "%PATH%", `"`} { // a quote would end the quoting; a percent sign expands within it
		if got, err := credentials.FormatWindowsCmd.Print(credentials.Credentials{AccessKeyID: v}); err == nil {
			t.Errorf("%q: %q", v, got)
		}
	}
}

// The rules of an expandable string; Debian has no pwsh to ask. It ends at curly quotes too.
func TestPowerShell(t *testing.T) {
	got, err := credentials.FormatPowerShell.Print(credentials.Credentials{AccessKeyID: "a$b`c\"d“e”f„g'h\\i"})
	if want := "$Env:AWS_ACCESS_KEY_ID=\"a`$b``c`\"d`“e`”f`„g'h\\i\"\n"; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
