package shellquote_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyfob/internal/shellquote"
)

// hostile values are of no service that we know; they must arrive as they are or not at all.
func hostile() []string {
	return []string{
		"plain", "with blank", "  two  ", "'", `"`, `\`, "`", "$HOME", "${HOME}", "$(echo pwned)", "`echo pwned`", "a;echo pwned", "a&echo pwned", "a|cat",
		"a>b", "a<b", "~", "~root", "a:~", "=ls", "a:=ls", "ends==", "#comment", "a #b", "!", "!!", "a!b", "*", "?", "[a]", "{a,b}", "(ls)", "a)", "%PATH%",
		"^", "é🔑", "“smart”", "„low‟", "‘single’‚low‛", `\'`, `'\''`, `$'\n'`, `"; echo pwned; "`, `'; echo pwned; '`, `\"`, `\$HOME`, "`$HOME", " lead", "trail ", "-n", "a\\",
		"", "-", "--", `\\`, `\n`, "$", "$$", "$1", "$@", "${", "$(", "((1+1))", "<(ls)", "(echo pwned)", "a=b", "@{1}", "\u2028", "\u202e", "\ufeff", "🏳️‍🌈",
	}
}

// random values are made of what some shell gives a meaning to.
func random(t *testing.T, n int) (values []string) {
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
	alphabet := []rune(" '\"\\`$(){}[]<>|&;*?!#~=%^@+,:./-_aZ09é“”„‘🔑\u00a0")
	for range n {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		values = append(values, b.String())
	}
	return values
}

type shell struct {
	name   string
	args   []string
	syntax shellquote.Syntax
	show   string // prints the variable V between brackets
	gone   string // prints "gone" if there is no variable V
}

func shells() []shell {
	const show, gone = `printf '[%s]' "$V"`, `test -z "${V+x}" && printf gone`
	return []shell{
		{"sh", []string{"-c"}, shellquote.POSIX, show, gone},
		{"dash", []string{"-c"}, shellquote.POSIX, show, gone},
		{"bash", []string{"--norc", "-c"}, shellquote.POSIX, show, gone},
		{"zsh", []string{"-f", "-c"}, shellquote.POSIX, show, gone},
		{"fish", []string{"--no-config", "-c"}, shellquote.Fish, `printf '[%s]' "$V"`, `set -q V; or printf gone`},
		{"pwsh", []string{"-NoProfile", "-NonInteractive", "-Command"}, shellquote.PowerShell, `[Console]::Out.Write("[" + $Env:V + "]")`, `if (!(Test-Path Env:V)) { [Console]::Out.Write("gone") }`},
	}
}

// TestShells lets each shell evaluate what it is meant to, and asks it and a program that it runs what came.
func TestShells(t *testing.T) {
	values := append(hostile(), random(t, 400)...)
	for _, sh := range shells() {
		t.Run(sh.name, func(t *testing.T) {
			if _, err := exec.LookPath(sh.name); err != nil {
				if sh.name == "pwsh" { // no package of Debian's has it
					t.Skip("no pwsh in PATH")
				}
				t.Skip("SKIP-TOOL: " + sh.name)
			}
			var script, want strings.Builder
			for i, v := range values {
				line, err := sh.syntax.Export("V", v)
				if err != nil {
					t.Fatalf("%q: %v", v, err)
				}
				script.WriteString(line + "\n" + sh.show + "\n")
				want.WriteString("[" + v + "]")
				if i%50 == 0 && sh.name != "pwsh" { // what is not exported is not handed on
					script.WriteString(`sh -c 'printf "(%s)" "$V"'` + "\n")
					want.WriteString("(" + v + ")")
				}
			}
			for _, l := range sh.syntax.Unset("V", "NEVER_SET") {
				script.WriteString(l + "\n")
			}
			script.WriteString(sh.gone)
			want.WriteString("gone")
			cmd := exec.Command(sh.name, append(sh.args, script.String())...)
			cmd.Env = []string{"HOME=/home/of-nobody", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			if err != nil || string(out) != want.String() {
				at := 0
				for at < len(out) && at < want.Len() && out[at] == want.String()[at] {
					at++
				}
				t.Errorf("%v\n got …%.200q\nwant …%.200q", err, out[max(0, at-20):], want.String()[max(0, at-20):])
			}
		})
	}
}

// One word of a command line arrives as one argument.
func TestWord(t *testing.T) {
	values := append(hostile(), random(t, 200)...)
	for _, sh := range []string{"sh", "bash", "zsh"} {
		if _, err := exec.LookPath(sh); err != nil {
			t.Log("SKIP-TOOL: " + sh)
			continue
		}
		var script strings.Builder
		script.WriteString(`printf '%s\0'`)
		for _, v := range values {
			script.WriteString(" " + shellquote.Word(v))
		}
		out, err := exec.Command(sh, "-c", script.String()).Output()
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); err != nil || strings.Join(got, "\x00") != strings.Join(values, "\x00") {
			t.Errorf("%s: %v\n got %q\nwant %q", sh, err, got, values)
		}
	}
}

// A .env file that a shell reads, and one that is taken byte by byte (docker --env-file), say the same.
func TestDotenv(t *testing.T) {
	written := 0
	for _, v := range append(hostile(), append(random(t, 400), "wJalr/K7MDENG+bPx", "IQoJb3JpZ2luX2Vj//8=", "2026-11-23T04:07:46+00:00", "us-east-1")...) {
		line, err := shellquote.Dotenv.Export("V", v)
		if err != nil {
			continue
		}
		written++
		if line != "V="+v || strings.ContainsAny(v, " \\'\"$#`") {
			t.Errorf("%q: %s", v, line)
		}
	}
	if written < 4 {
		t.Errorf("only %d values can be written", written)
	}
	out, err := exec.Command("sh", "-c", "V=wJalr/K7MDENG+bPx==:@%,._-\nprintf %s \"$V\"").Output()
	if err != nil || string(out) != "wJalr/K7MDENG+bPx==:@%,._-" {
		t.Errorf("%v %q", err, out)
	}
}

func TestWhatNoSyntaxWrites(t *testing.T) {
	for _, v := range []string{"a\nexport B=c", "a\r", "\x00", "\x1b[2J", "\x7f", "\u009b2J", "\xff", "é\xc3"} {
		for _, s := range []shellquote.Syntax{shellquote.POSIX, shellquote.Fish, shellquote.PowerShell, shellquote.Cmd, shellquote.Dotenv} {
			line, err := s.Export("V", v)
			if bad := new(shellquote.ValueError); !errors.As(err, &bad) || bad.Name != "V" || line != "" || strings.Contains(err.Error(), v) {
				t.Errorf("%s: %q, %v", s, line, err)
			}
		}
		if line, err := shellquote.Assign("V", v); err == nil {
			t.Errorf("assign: %q", line)
		}
	}
	if line, err := shellquote.Syntax("tcsh").Export("V", "v"); err == nil {
		t.Errorf("an unknown syntax: %q", line)
	}
}

// There is no cmd here to ask; these are its documented rules.
func TestCmd(t *testing.T) {
	for v, want := range map[string]string{
		"a/+=": `set V=a/+=`, "a&calc": `set "V=a&calc"`, "a b ": `set "V=a b "`, "a|b": `set "V=a|b"`, "a^b": `set "V=a^b"`, "a>b": `set "V=a>b"`, "a)": `set "V=a)"`,
		`a"&calc&"`: "", "%PATH%": "", `"`: "", "a!b": "", "é": "",
	} {
		if got, err := shellquote.Cmd.Export("V", v); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", v, got, err, want)
		}
	}
}

// The rules of an expandable string, for when there is no pwsh to ask: it ends at curly quotes too.
func TestPowerShell(t *testing.T) {
	got, err := shellquote.PowerShell.Export("V", "a$b`c\"d“e”f„g'h\\i")
	if want := "$Env:V=\"a`$b``c`\"d`“e`”f`„g'h\\i\""; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func FuzzPOSIX(f *testing.F) {
	for _, v := range hostile() {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		line, err := shellquote.POSIX.Export("V", v)
		if err != nil {
			return
		}
		out, err := exec.Command("sh", "-c", line+"\nprintf %s \"$V\"").Output()
		if err != nil || !bytes.Equal(out, []byte(v)) {
			t.Errorf("%q arrives as %q, %v", v, out, err)
		}
	})
}
