package credentials

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"keyfob/internal/shellquote"
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
	var b bytes.Buffer
	for _, v := range variables(c) {
		if err := shellquote.Check(v.name, v.value); err != nil {
			return nil, err
		}
		line, ok, err := f.line(v)
		switch {
		case !ok && f != FormatProcess:
			return nil, fmt.Errorf("unknown format %q", string(f))
		case err != nil:
			return nil, err
		case v.value != "":
			b.WriteString(line + "\n")
		}
	}
	if f == FormatProcess {
		return printProcess(c)
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

func (f Format) line(v variable) (line string, ok bool, err error) {
	syntax := shellquote.POSIX
	switch f {
	case FormatEnv:
	case FormatEnvNoExport:
		line, err = shellquote.Assign(v.name, v.value)
		return line, true, err
	case FormatPowerShell:
		syntax = shellquote.PowerShell
	case FormatWindowsCmd:
		syntax = shellquote.Cmd
	case FormatFish:
		syntax = shellquote.Fish
	default:
		return "", false, nil
	}
	line, err = syntax.Export(v.name, v.value)
	return line, true, err
}
