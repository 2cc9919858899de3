package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"keyfob/internal/awsconfig"
	"keyfob/internal/lint"
)

// checking is a checkOptions on a config file in memory.
func checking(text string) (o *checkOptions, file, said *bytes.Buffer) {
	file, said = bytes.NewBufferString(text), new(bytes.Buffer)
	lookup := func(string) (string, bool) { return "", false }
	return &checkOptions{
		Env: awsconfig.Env{Lookup: lookup, Home: "/h", ReadFile: func(path string) ([]byte, error) {
			if path != "/h/.aws/config" {
				return nil, fs.ErrNotExist
			}
			return bytes.Clone(file.Bytes()), nil
		}},
		Look: func(c *awsconfig.Config) lint.Input { return lint.Input{Config: c, Lookup: lookup} },
		Update: func(_ context.Context, _ string, edit func([]byte) ([]byte, error)) (string, error) {
			b, err := edit(file.Bytes())
			if err == nil {
				file.Reset()
				file.Write(b)
			}
			return "/h/.aws/config.bak", err
		},
		Print: func(s string) error { said.WriteString("result: " + s); return nil },
		Say:   said, Warn: func(string, ...any) {}, Fix: true,
	}, file, said
}

func TestFixAsks(t *testing.T) {
	answer := func(yes bool, err error) func(context.Context, string) (bool, error) {
		return func(_ context.Context, question string) (bool, error) {
			if question != "Write this to /h/.aws/config? [y/N] " {
				t.Errorf("asked %q", question)
			}
			return yes, err
		}
	}
	gone := errors.New("gone")
	for _, c := range []struct {
		name    string
		confirm func(context.Context, string) (bool, error)
		yes     bool
		err     error
		writes  bool
		says    string
	}{
		{name: "yes", confirm: answer(true, nil), writes: true, says: "Written. The file as it was is in /h/.aws/config.bak.\nTo sign in to what is new:\n    keyfob sso login --sso-session acme\n"},
		{name: "no", confirm: answer(false, nil), says: "Nothing was written.\n"},
		{name: "no answer", confirm: answer(false, gone), err: gone},
		{name: "nobody there", err: &unconfirmedError{}},
		{name: "--yes", yes: true, writes: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, file, said := checking(legacyConfig)
			o.Confirm, o.Yes = c.confirm, c.yes
			err := o.Run(t.Context())
			if (err != nil) != (c.err != nil) || err != nil && err.Error() != c.err.Error() {
				t.Errorf("error %v", err)
			}
			if got := file.String() != legacyConfig; got != c.writes {
				t.Errorf("wrote: %t", got)
			}
			if !strings.Contains(said.String(), "+ sso_session = acme") && !strings.Contains(said.String(), "+sso_session = acme") || !strings.Contains(said.String(), c.says) {
				t.Errorf("said %q", said)
			}
		})
	}
}

// A file that has changed since it was shown is not written over.
func TestFixSeesOtherWriters(t *testing.T) {
	o, file, _ := checking(legacyConfig)
	o.Confirm = func(context.Context, string) (bool, error) {
		file.WriteString("# mine\n")
		return true, nil
	}
	if err := o.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "has changed in the meantime") {
		t.Error(err)
	}
	if file.String() != legacyConfig+"# mine\n" {
		t.Errorf("the file is %q", file)
	}
}
