// Package lint finds what is wrong, or not as it was meant, in the files that every AWS tool shares: in
// what they say, in what the environment does to it, and in who may read them. It also rewrites profiles
// of the legacy format.
//
// `configure check` and `sso login` call it. It is pure: the files as awsconfig has read them, the
// environment and the files' modes come in through fields. It must not know how a finding is printed or
// how a file is written, and no finding ever quotes a value that may be a secret.
//
// A finding says what is so for the AWS CLI, and for other tools where they differ from it. A Finding's
// texts are harmless to a terminal whatever the files contain.
package lint

import (
	"cmp"
	"io/fs"
	"slices"

	"keyfob/internal/awsconfig"
)

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // something will not work
	Warning Severity = "warning" // it is probably not what was meant
	Note    Severity = "note"    // it works and could be better
)

// Finding is one thing to look at. Its field names in JSON are stable, and so are the codes.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`               // "dangling-session"
	File     string   `json:"file"`               // a file or folder; "" for a variable
	Line     int      `json:"line"`               // 1-based; 0 for a file as a whole and for a variable
	Variable string   `json:"variable,omitempty"` // of the environment
	Profile  string   `json:"profile,omitempty"`  // whom it is about, when it is one
	Session  string   `json:"session,omitempty"`
	Text     string   `json:"text"` // what it means
	Fix      string   `json:"fix"`  // what to do: a command where there is one, else a sentence
}

// File is what a file's mode says about who may read it. Nobody has to have read the file itself.
type File struct {
	Path   string
	Mode   fs.FileMode
	Folder fs.FileMode // of the folder it is in
}

// Input is what is checked.
type Input struct {
	Config *awsconfig.Config
	Lookup func(key string) (string, bool) // environment variables, as os.LookupEnv

	Files []File   // the config and the credentials file; none where modes mean nothing
	Cache [][]File // for each folder of a cache, its files
}

// Check returns the findings: the config file's by line, the credentials file's, those about modes, and
// last those about the environment.
func Check(in Input) []Finding {
	c := &check{Input: in}
	c.files()
	for _, name := range c.Config.Profiles() {
		c.profile(name)
	}
	c.sessions()
	c.modes()
	c.environment()
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return cmp.Or(c.rank(a)-c.rank(b), a.Line-b.Line)
	})
	return c.found
}

// check is one run.
type check struct {
	Input
	found []Finding
}

func (c *check) rank(f Finding) int {
	switch {
	case f.Variable != "":
		return 3
	case f.File == c.Config.ConfigFile():
		return 0
	case f.File == c.Config.CredentialsFile():
		return 1
	}
	return 2
}

// add notes a finding. A fix that quotes what a terminal could not show names something else there, so
// it is not given.
func (c *check) add(f Finding) {
	if hostile(f.Fix) {
		f.Fix = "correct it by hand: a name or value has characters that a command cannot show"
	}
	c.found = append(c.found, f)
}

// at notes a finding about a key of a profile or session, at the key's line.
func (c *check) at(h awsconfig.Header, key string, s Severity, code, text, fix string) {
	f := Finding{Severity: s, Code: code, Text: text, Fix: fix}
	f.File, f.Line = c.Config.Position(h, key)
	f.of(h.Kind, h.Name)
	c.add(f)
}

// of says whom a finding is about.
func (f *Finding) of(kind awsconfig.Kind, name string) {
	switch kind {
	case awsconfig.ProfileSection:
		f.Profile = name
	case awsconfig.SessionSection:
		f.Session = name
	}
}

// About reports whether a finding concerns a profile and its session, either of which may be "", rather
// than somebody else in the files.
func (f Finding) About(profile, session string) bool {
	return f.Profile == "" && f.Session == "" ||
		f.Profile != "" && f.Profile == profile || f.Session != "" && f.Session == session
}
