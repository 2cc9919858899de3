package wizard

import (
	"context"
	"errors"
	"slices"
	"strings"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
	"keyfob/internal/signin"
)

const defaultScope = "sso:account:access"

// Session asks for what an sso-session consists of. Its fields are set by the caller; the answers are in
// the result of [Session.Run].
type Session struct {
	Answers
	Config *awsconfig.Config
	// Base is the profile that is in use: its endpoints count, and its values are defaults.
	Base string
	// Resolve finds out where a start URL that is not AWS's own leads.
	Resolve func(ctx context.Context, sso awsconfig.SSO) (signin.Resolved, error)
	// OwnEndpoint reports whether the OIDC endpoint is configured, so that the region is only a name.
	OwnEndpoint func(awsconfig.SSO) bool

	sso      awsconfig.SSO
	scopes   string
	resolved *signin.Resolved // of sso.StartURL, when that had to be asked for
}

// Run asks, and returns the session's name and what to write: `configure sso-session`.
func (s *Session) Run(ctx context.Context) (name string, changes []Change, err error) {
	s.sso.Profile = s.Base
	err = run(ctx, []step{s.askName, s.askStartURL, s.askRegion, s.askScopes})
	return s.sso.Session, s.changes(), err
}

func (s *Session) changes() []Change {
	h := awsconfig.Header{Kind: awsconfig.SessionSection, Name: s.sso.Session}
	return []Change{
		{Section: h, Key: "sso_start_url", Value: s.sso.StartURL},
		{Section: h, Key: "sso_region", Value: s.sso.Region},
		{Section: h, Key: "sso_registration_scopes", Value: s.scopes},
	}
}

// askName asks for a session, new or not, and takes what is known about it as defaults.
func (s *Session) askName(ctx context.Context) (asked bool, err error) {
	f := s.nameField()
	f.Prompt = "SSO session name: "
	f.Check = func(answer string) error {
		if answer == "" {
			return errRequired
		}
		return s.checkName(answer)
	}
	name, asked, err := s.field(ctx, f)
	if err != nil || name == s.sso.Session {
		return asked, err
	}
	s.noteName(name)
	known, _ := s.Config.Session(name)
	s.sso = awsconfig.SSO{Profile: s.sso.Profile, Session: name, StartURL: value(known, "sso_start_url"), Region: value(known, "sso_region")}
	s.scopes, s.resolved = value(known, "sso_registration_scopes"), nil
	return asked, nil
}

func (s *Session) nameField() prompt.Field {
	f := prompt.Field{
		Flag: FlagSession,
		Help: "A name for the sign-in, shared by all profiles that use it: corp",
		Detail: func(name string) []string {
			known, ok := s.Config.Session(strings.TrimSpace(name))
			if !ok {
				return nil
			}
			lines := []string{"Configuration for SSO session: " + known.Name}
			for _, k := range known.Keys() {
				if v, ok := known.Get(k); ok {
					lines = append(lines, "  "+k+" = "+v)
				}
			}
			return lines
		},
	}
	names := s.Config.Sessions()
	slices.Sort(names)
	for _, n := range names {
		known, _ := s.Config.Session(n)
		f.Suggest = append(f.Suggest, prompt.Suggestion{Text: n, Note: value(known, "sso_start_url")})
	}
	return f
}

// noteName says of a new name what it costs, as far as keyfob knows it from trying.
func (s *Session) noteName(name string) {
	const everywhere = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@+.%:/-"
	if strings.Trim(name, everywhere) != "" {
		s.Say("Note: the AWS CLI and boto3 know such a name, the SDKs for Go and JavaScript do not; letters, digits and - work everywhere.")
	}
}

// checkName refuses what could not be the name of a new section.
func (s *Session) checkName(name string) error {
	if _, known := s.Config.Session(name); known {
		return nil
	}
	return writable(awsconfig.Header{Kind: awsconfig.SessionSection, Name: name}, "sso_region", "")
}

func (s *Session) askStartURL(ctx context.Context) (asked bool, err error) {
	f := prompt.Field{
		Prompt: withCurrent("SSO start URL", s.sso.StartURL), Default: s.sso.StartURL, Flag: FlagStartURL,
		Help:  "The AWS access portal's address, or the issuer URL: https://d-1234567890.awsapps.com/start",
		Check: checkStartURL,
	}
	for _, u := range s.used("sso_start_url") {
		f.Suggest = append(f.Suggest, prompt.Suggestion{Text: u})
	}
	startURL, asked, err := s.field(ctx, f)
	if err == nil && startURL != s.sso.StartURL {
		s.sso.StartURL, s.resolved = startURL, nil
	}
	return asked, err
}

func checkStartURL(answer string) error {
	if answer == "" {
		return errRequired
	}
	const like = "; it is like https://d-1234567890.awsapps.com/start"
	_, err := awsconfig.ParseStartURL(answer)
	switch {
	case err == nil:
		return writable(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "default"}, "sso_start_url", answer)
	case errors.As(err, new(*awsconfig.InsecureStartURLError)) && strings.HasPrefix(strings.ToLower(answer), "http:"):
		return refusal("Not a valid Start URL: it must begin with https://, http:// would show your sign-in to everybody on the way")
	}
	return refusal("Not a valid Start URL" + like)
}

func (s *Session) askScopes(ctx context.Context) (asked bool, err error) {
	current := s.scopes
	if current == "" {
		current = defaultScope
	}
	f := prompt.Field{
		Prompt: withCurrent("SSO registration scopes", current), Default: current, Flag: FlagScopes, Separator: ",",
		Help:    "What the sign-in is for, separated by commas; sso:account:access is for accounts and roles",
		Suggest: s.usedScopes(),
		Check: func(answer string) error {
			for _, scope := range awsconfig.ParseScopes(answer) {
				if strings.ContainsAny(scope, " \t") {
					return refusal("Scope values must be separated by commas")
				}
			}
			return writable(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "default"}, "sso_registration_scopes", answer)
		},
	}
	scopes, asked, err := s.field(ctx, f)
	if err == nil {
		s.scopes, s.sso.Scopes = scopes, awsconfig.ParseScopes(scopes)
	}
	return asked, err
}

// usedScopes is the usual scope, then those of the config's sessions, with who uses them.
func (s *Session) usedScopes() []prompt.Suggestion {
	all := []prompt.Suggestion{{Text: defaultScope, Note: "Grants access to AWS IAM Identity Center accounts and permission sets"}}
	users := map[string][]string{}
	var order []string
	for _, name := range s.Config.Sessions() {
		section, _ := s.Config.Session(name)
		for _, scope := range awsconfig.ParseScopes(value(section, "sso_registration_scopes")) {
			if users[scope] == nil {
				order = append(order, scope)
			}
			users[scope] = append(users[scope], name)
		}
	}
	for _, scope := range order {
		if scope != defaultScope {
			all = append(all, prompt.Suggestion{Text: scope, Note: "Used in SSO sessions: " + strings.Join(users[scope], ", ")})
		}
	}
	return all
}

// used returns the values that a key has in the config's sessions and profiles, each once, sorted.
func (s *Session) used(key string) []string {
	var all []string
	for _, name := range s.Config.Sessions() {
		section, _ := s.Config.Session(name)
		all = append(all, value(section, key))
	}
	for _, name := range s.Config.Profiles() {
		profile, _ := s.Config.Profile(name)
		all = append(all, value(profile, key))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(v string) bool { return v == "" })
}

// refusal is why an answer is none, in the AWS CLI's words where it has some.
type refusal string

func (r refusal) Error() string { return string(r) }

const errRequired = refusal("A value is required")

func value(s awsconfig.Section, key string) string {
	v, _ := s.Get(key)
	return v
}
