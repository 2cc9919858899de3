package credentials

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Format is a way to print credentials, named as `aws configure export-credentials --format` names it.
type Format string

// Formats in the order in which help lists them.
const (
	FormatProcess     Format = "process" // the answer of a credential_process
	FormatEnv         Format = "env"
	FormatEnvNoExport Format = "env-no-export"
	FormatPowerShell  Format = "powershell"
	FormatWindowsCmd  Format = "windows-cmd"
	FormatFish        Format = "fish"
)

// Formats lists every format.
func Formats() []Format {
	return []Format{FormatProcess, FormatEnv, FormatEnvNoExport, FormatPowerShell, FormatWindowsCmd, FormatFish}
}

// Print returns the document that f means for c, ending in a newline. Values are quoted for the
// shell in question when they need it. It fails for an unknown format, and for a value that the
// shell cannot hold.
func (f Format) Print(c Credentials) ([]byte, error) {
	for _, v := range variables(c) {
		// Real ones never do; a shell, or the terminal that this may be printed on, could take them for commands.
		if strings.ContainsFunc(v.value, unicode.IsControl) {
			return nil, fmt.Errorf("the value of %s holds a control character", v.name)
		}
	}
	if f == FormatProcess {
		return printProcess(c)
	}
	line, ok := f.line()
	if !ok {
		return nil, fmt.Errorf("unknown format %q", string(f))
	}
	var b bytes.Buffer
	for _, v := range variables(c) {
		if v.value == "" {
			continue
		}
		if f == FormatWindowsCmd && strings.ContainsAny(v.value, `"%`) {
			return nil, fmt.Errorf("the value of %s holds a character that cmd has no way to quote", v.name)
		}
		b.WriteString(line(v.name, v.value))
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

type variable struct{ name, value string }

func variables(c Credentials) []variable {
	return []variable{
		{"AWS_ACCESS_KEY_ID", c.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey.Reveal()},
		{"AWS_SESSION_TOKEN", c.SessionToken.Reveal()},
		{"AWS_CREDENTIAL_EXPIRATION", isoOffset(c.ExpiresAt)},
	}
}

// isoOffset writes an instant as the AWS CLI prints expiries: with an offset, not with a Z.
func isoOffset(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05+00:00")
}

func printProcess(c Credentials) ([]byte, error) {
	doc := struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string `json:",omitempty"`
		Expiration      string `json:",omitempty"`
	}{1, c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal(), isoOffset(c.ExpiresAt)}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(doc)
	return b.Bytes(), err
}

func (f Format) line() (func(name, value string) string, bool) {
	switch f {
	case FormatEnv:
		return func(n, v string) string { return "export " + n + "=" + QuotePOSIX(v) }, true
	case FormatEnvNoExport:
		return func(n, v string) string { return n + "=" + QuotePOSIX(v) }, true
	case FormatPowerShell:
		return func(n, v string) string { return "$Env:" + n + `="` + escape(v, '`', "`\"$“”„") + `"` }, true
	case FormatWindowsCmd:
		return lineWindowsCmd, true
	case FormatFish:
		return func(n, v string) string { return "set -gx " + n + ` "` + escape(v, '\\', `\"$`) + `"` }, true
	}
	return nil, false
}

// QuotePOSIX quotes v for sh, bash and zsh if it holds anything that they could take for syntax.
// Control characters are not its business.
func QuotePOSIX(v string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_@%+=:,./-", r)
	}
	// zsh takes "=name" for the path of a command, at the start and after each colon.
	command := strings.HasPrefix(v, "=") || strings.Contains(v, ":=")
	if v != "" && !command && strings.IndexFunc(v, func(r rune) bool { return !safe(r) }) < 0 {
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", `'\''`) + "'"
}

// lineWindowsCmd quotes the whole assignment, which is cmd's way to keep & | < > ^ and trailing
// blanks out of its grammar.
func lineWindowsCmd(n, v string) string {
	if strings.ContainsAny(v, "&|<>^()!\" \t") {
		return `set "` + n + "=" + v + `"`
	}
	return "set " + n + "=" + v
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
