// Package shellquote writes variables the way shells read them: a value arrives as it is, or not at all.
//
// Whatever prints something for a shell to evaluate, or a command for a person to copy, calls it. It is a
// grammar per shell and knows nothing of what is written.
package shellquote

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Syntax is a grammar that variables are written in.
type Syntax string

// The grammars. POSIX is that of sh, bash and zsh; Dotenv that of .env files, as Docker, compose and the
// libraries of many languages read them, each a little differently.
const (
	POSIX      Syntax = "posix"
	Fish       Syntax = "fish"
	PowerShell Syntax = "powershell"
	Cmd        Syntax = "cmd"
	Dotenv     Syntax = "dotenv"
)

// ValueError is a value that a grammar has no way to write. It does not say the value.
type ValueError struct{ Name, Problem string }

// Error implements error.
func (e *ValueError) Error() string { return "the value of " + e.Name + " " + e.Problem }

// Check returns a *ValueError for a value that no syntax here is asked to write: control characters, which
// a shell, or the terminal that it may be printed on, could take for commands, and what is no text.
func Check(name, value string) error {
	switch {
	case !utf8.ValidString(value):
		return &ValueError{name, "is not UTF-8"}
	case strings.ContainsFunc(value, unicode.IsControl):
		return &ValueError{name, "holds a control character"}
	}
	return nil
}

// Export is the line that sets a variable in the shell and for the programs that it runs, without a line
// end. The error is a *ValueError.
func (s Syntax) Export(name, value string) (string, error) {
	if err := Check(name, value); err != nil {
		return "", err
	}
	switch s {
	case POSIX:
		return "export " + name + "=" + Word(value), nil
	case Fish:
		return "set -gx " + name + ` "` + escape(value, '\\', `\"$`) + `"`, nil
	case PowerShell:
		return "$Env:" + name + `="` + escape(value, '`', "`\"$“”„") + `"`, nil
	case Cmd:
		return cmdLine(name, value)
	case Dotenv:
		return dotenvLine(name, value)
	}
	return "", fmt.Errorf("unknown syntax %q", string(s))
}

// Assign is the line that sets a variable in the shell alone, which only POSIX has.
func Assign(name, value string) (string, error) {
	if err := Check(name, value); err != nil {
		return "", err
	}
	return name + "=" + Word(value), nil
}

// Unset are the lines that take variables away, whether they are there or not, without a line end. Dotenv
// has no way to say that, and none are returned.
func (s Syntax) Unset(names ...string) []string {
	switch s {
	case POSIX:
		return []string{"unset " + strings.Join(names, " ")}
	case Fish:
		return []string{"for name in " + strings.Join(names, " ") + "; set -e $name; end"}
	case PowerShell:
		return []string{"Remove-Item Env:" + strings.Join(names, ",Env:") + " -ErrorAction SilentlyContinue"}
	case Cmd:
		var lines []string
		for _, n := range names {
			lines = append(lines, "set "+n+"=")
		}
		return lines
	}
	return nil
}

// Word quotes v for sh, bash and zsh if it holds anything that they could take for syntax. Control
// characters are not its business.
func Word(v string) string {
	// zsh takes "=name" for the path of a command, at the start and after each colon.
	command := strings.HasPrefix(v, "=") || strings.Contains(v, ":=")
	if v != "" && !command && !strings.ContainsFunc(v, unusual) {
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
}

// unusual tells what may be syntax somewhere from what is nowhere.
func unusual(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_@%+=:,./-", r))
}

// cmdLine quotes the whole assignment, which is cmd's way to keep & | < > ^ and trailing blanks out of its
// grammar. Nothing keeps a quotation mark from ending that, and a % or (delayed expansion) a ! from
// expanding in it; and what is not ASCII depends on the console's code page.
func cmdLine(name, value string) (string, error) {
	if strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII || strings.ContainsRune(`"%!`, r) }) {
		return "", &ValueError{name, "holds a character that cmd has no way to quote"}
	}
	if strings.ContainsAny(value, "&|<>^() ") {
		return `set "` + name + "=" + value + `"`, nil
	}
	return "set " + name + "=" + value, nil
}

// dotenvLine quotes nothing: what one reader takes for a quotation mark is a part of the value to the next.
func dotenvLine(name, value string) (string, error) {
	if strings.ContainsFunc(value, unusual) {
		return "", &ValueError{name, "holds a character that not all readers of .env files take for the same"}
	}
	return name + "=" + value, nil
}

// escape puts esc before every character of special.
func escape(v string, esc rune, special string) string {
	var b strings.Builder
	for _, r := range v {
		if strings.ContainsRune(special, r) {
			b.WriteRune(esc)
		}
		b.WriteRune(r)
	}
	return b.String()
}
