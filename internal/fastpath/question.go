package fastpath

import (
	"slices"
	"strings"
)

// Question is a call for a profile's credentials, and everything outside the files that its answer may
// depend on.
type Question struct {
	home                string
	facts               []string // the command line's part, then the environment's
	config, credentials string   // paths
}

// Ask reads a command line (without the program's name) and an environment ("KEY=value"). ok is false for
// anything but a plain call for credentials in the form that a credential_process prints, and for an
// environment in which the answer may come from elsewhere than the shared files and those below the home
// folder.
func Ask(version, home string, args, environ []string) (q Question, ok bool) {
	profile, ok := plain(args)
	if !ok || home == "" {
		return Question{}, false
	}
	q.home = home
	q.facts = append(make([]string, 0, 16), version, home, profile)
	config, credentials := "", ""
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case !strings.HasPrefix(name, "AWS_"):
			if name == "_AWS_CLI_PROFILE_CHAIN" { // called by a credential process: there may be a cycle to report
				return Question{}, false
			}
			continue
		case name == "AWS_ACCESS_KEY_ID", name == "AWS_SECRET_ACCESS_KEY", name == "AWS_SESSION_TOKEN":
			return Question{}, false // they come first, and are nothing to make a file's name of
		case name == "AWS_CONFIG_FILE":
			if config = value; config == "" { // which is not the same as unset
				return Question{}, false
			}
		case name == "AWS_SHARED_CREDENTIALS_FILE":
			if credentials = value; credentials == "" {
				return Question{}, false
			}
		}
		q.facts = append(q.facts, e)
	}
	slices.Sort(q.facts[3:]) // who sets the same variables in another order asks the same
	if q.config, ok = file(config, home, "config"); !ok {
		return Question{}, false
	}
	q.credentials, ok = file(credentials, home, "credentials")
	return q, ok
}

// plain reads the command lines that are answered here.
func plain(args []string) (profile string, ok bool) {
	switch {
	case len(args) > 0 && args[0] == "process":
		args = args[1:]
	case len(args) > 1 && args[0] == "configure" && args[1] == "export-credentials":
		args = args[2:]
		if n := len(args); n > 1 && args[n-2] == "--format" && args[n-1] == "process" {
			args = args[:n-2]
		}
	default:
		return "", false
	}
	switch {
	case len(args) == 0:
		return "", true
	case len(args) == 1:
		profile, ok = strings.CutPrefix(args[0], "--profile=")
	case len(args) == 2 && args[0] == "--profile":
		profile, ok = args[1], true
	}
	return profile, ok && profile != "" && profile[0] != '-'
}

// file is the path of one of the shared files. What has to be expanded is left to the long way.
func file(configured, home, name string) (path string, ok bool) {
	if configured == "" {
		return home + "/.aws/" + name, true
	}
	return configured, configured[0] != '~' && strings.IndexByte(configured, '$') < 0
}
