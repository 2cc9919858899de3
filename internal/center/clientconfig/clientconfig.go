// Package clientconfig says what AWS clients need to be told so that they use this center: sections of
// ~/.aws/config and environment variables.
//
// The command keyfob-center prints and writes them. It is pure: text in, text out. The endpoints are in a
// services section, which is the one setting that the AWS CLI, boto3 and the SDKs for Go, JavaScript and
// Java all read; it must not know files, the network or a shell's history.
package clientconfig

import (
	"fmt"
	"strings"
)

// Settings is a center as clients see it, and what to call it in their config.
type Settings struct {
	URL      string // of the center, without a slash at the end
	StartURL string
	Region   string
	Profile  string
	Session  string // name of the sso-session and the services section
	Account  string
	Role     string
	CAFile   string // "" where clients trust the center's certificate already
}

// Endpoints are the services of a center that every client needs, as config files and environment variables
// spell them.
func Endpoints() []string { return []string{"sso_oidc", "sso", "sts"} }

// told are all services that the center stands in for: signin is asked by keyfob console.
func told() []string { return append(Endpoints(), "signin") }

// Sections are the sections of ~/.aws/config, in the order they are read best.
func (s Settings) Sections() []Section {
	profile := Section{Kind: "profile", Name: s.Profile, Lines: []string{
		"sso_session = " + s.Session, "sso_account_id = " + s.Account, "sso_role_name = " + s.Role, "region = " + s.Region, "services = " + s.Session,
	}}
	if s.Profile == "default" {
		profile.Kind, profile.Name = "default", ""
	}
	if s.CAFile != "" {
		profile.Lines = append(profile.Lines, "ca_bundle = "+s.CAFile)
	}
	services := Section{Kind: "services", Name: s.Session}
	for _, e := range told() {
		services.Lines = append(services.Lines, e+" =", "  endpoint_url = "+s.URL)
	}
	return []Section{
		profile,
		{Kind: "sso-session", Name: s.Session, Lines: []string{
			"sso_start_url = " + s.StartURL, "sso_region = " + s.Region, "sso_registration_scopes = sso:account:access",
		}},
		services,
	}
}

// Notes tells, a line each, which clients need more than the sections.
func (s Settings) Notes() []string {
	var notes []string
	if strings.HasPrefix(s.StartURL, "http://") {
		notes = append(notes, "AWS CLI 2.35.13 and later want https: serve with --tls lab, or declare an AWS-shaped start URL (start_urls) in center.yaml.")
	}
	if s.CAFile != "" {
		notes = append(notes,
			"ca_bundle does for the AWS CLI, boto3 and the Go SDK. It takes the place of the CAs trusted otherwise, for this profile.",
			"JavaScript needs NODE_EXTRA_CA_CERTS="+s.CAFile+" instead, Java a trust store: keyfob-center ca trust tells how.")
	}
	return append(notes,
		"AWS CLI 2.13 and later, boto3, the SDKs for Go v2 and JavaScript v3 read the services section.",
		"Java, and whatever else does not: keyfob-center client env.",
		"With --sso-session alone the AWS CLI has no profile to find services by: sign in with aws sso login --profile "+quote(s.Profile)+".")
}

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// Env are the environment variables that do the same as the sections, for clients that do not read them.
func (s Settings) Env() []Variable {
	vars := []Variable{{"AWS_PROFILE", s.Profile}, {"AWS_REGION", s.Region}}
	for _, e := range told() {
		vars = append(vars, Variable{"AWS_ENDPOINT_URL_" + strings.ToUpper(e), s.URL})
	}
	if s.CAFile != "" {
		vars = append(vars, Variable{"AWS_CA_BUNDLE", s.CAFile}, Variable{"REQUESTS_CA_BUNDLE", s.CAFile}, Variable{"NODE_EXTRA_CA_CERTS", s.CAFile})
	}
	return vars
}

// Shells are the names that [Export] knows.
func Shells() []string { return []string{"sh", "fish", "powershell", "cmd"} }

// Export is the line by which a shell sets v, "" for a shell that is not known.
func Export(shell string, v Variable) string {
	switch shell {
	case "sh":
		return "export " + v.Name + "=" + quote(v.Value)
	case "fish":
		return "set -gx " + v.Name + " '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v.Value) + "'"
	case "powershell":
		return "$Env:" + v.Name + " = '" + strings.ReplaceAll(v.Value, "'", "''") + "'"
	case "cmd":
		return `set "` + v.Name + "=" + v.Value + `"`
	}
	return ""
}

// quote is for POSIX shells; what needs no quotes gets none.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Check refuses what would be read as something else than it is: in a config file a line break starts a
// new setting.
func (s Settings) Check() error {
	for _, f := range []struct{ what, value string }{
		{"--profile", s.Profile},
		{"--session", s.Session},
		{"--account", s.Account},
		{"--role", s.Role},
		{"--region", s.Region},
		{"--start-url", s.StartURL},
		{"--url", s.URL},
		{"--ca", s.CAFile},
	} {
		bad := func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }
		switch {
		case f.value == "" && f.what != "--ca":
			return fmt.Errorf("%s is missing", f.what)
		case strings.ContainsFunc(f.value, bad) || strings.TrimSpace(f.value) != f.value:
			return fmt.Errorf("%s has a character that config files cannot hold", f.what)
		case (f.what == "--profile" || f.what == "--session") && strings.ContainsAny(f.value, "[]'\"#;\\ \t"):
			return fmt.Errorf("%s: take letters, digits, - and _ for a name", f.what)
		case strings.Contains(f.value, " #") || strings.Contains(f.value, " ;"):
			return fmt.Errorf("%s would be read as ending in a comment", f.what)
		}
	}
	if len(s.Account) != 12 || strings.Trim(s.Account, "0123456789") != "" {
		return fmt.Errorf("--account is an account's 12 digits")
	}
	return nil
}
