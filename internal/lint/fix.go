package lint

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"keyfob/internal/awsconfig"
)

// Fixed is a config file in which profiles of the legacy format have become ones of an sso-session.
type Fixed struct {
	Data      []byte // the whole file
	Rewritten []Rewritten
	Left      []Left
}

// Rewritten is a profile that is one of an sso-session now.
type Rewritten struct{ Profile, Session string }

// Left is a profile of the legacy format that is not touched, and why.
type Left struct{ Profile, Why string }

// errChanged cannot happen, or so the rules of this file are meant: nothing is written then.
var errChanged = errors.New("rewriting the profiles would change what the file says; nothing was written")

// Fix rewrites the legacy profiles of the config file into ones of an sso-session: one that is configured
// for the start URL and region already, else a new one named after the start URL's host. It leaves alone
// what it cannot rewrite so that AWS tools read the same values as before. data is the content of the
// config file, whose path is env's; with a profile, only that one is rewritten. A second Fix changes nothing.
//
// The error is awsconfig.Load's, or that nothing can be done safely.
func Fix(env awsconfig.Env, path string, data []byte, profile string) (Fixed, error) {
	read := env.ReadFile
	load := func(data []byte) (*awsconfig.Config, error) {
		env.ReadFile = func(p string) ([]byte, error) {
			if p == path {
				return data, nil
			}
			return read(p)
		}
		return awsconfig.Load(env)
	}
	before, err := load(data)
	if err != nil {
		return Fixed{}, err
	}
	f := Fixed{Data: data}
	now := before
	for _, name := range before.Profiles() {
		p, _ := before.Profile(name)
		if profile != "" && name != profile || !isLegacy(p) {
			continue
		}
		if why := unsafe(before, name, p); why != "" {
			f.Left = append(f.Left, Left{name, why})
			continue
		}
		done := false
		for _, session := range sessionsFor(now, p) {
			edited, err := rewrite(f.Data, name, session, p)
			if err != nil {
				continue
			}
			after, err := load(edited)
			if err != nil || !sameProfile(now, after, name, session) {
				continue
			}
			f.Data, now, done = edited, after, true
			f.Rewritten = append(f.Rewritten, Rewritten{name, session})
			break
		}
		if !done {
			f.Left = append(f.Left, Left{name, "it would not be read as it is now"})
		}
	}
	if !sameOthers(before, now, f.Rewritten) {
		return Fixed{}, errChanged
	}
	return f, nil
}

// unsafe returns why a legacy profile must be left as it is, or "".
func unsafe(c *awsconfig.Config, name string, p awsconfig.Profile) string {
	for _, w := range c.Warnings {
		if w.Code != awsconfig.WarnIgnoredSection {
			return "what is wrong in line " + strconv.Itoa(w.Line) + " of " + w.File + " has to be corrected first"
		}
	}
	h := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: name}
	for _, key := range [...]string{keyStartURL, keyRegion} {
		value, ok := p.Get(key)
		if !ok || value == "" {
			return "it has no " + key
		}
		if awsconfig.InlineComment(value) >= 0 {
			return "a comment is a part of its " + key
		}
		if path, in, _ := c.Place(h, key); path != c.ConfigFile() || in.Kind != awsconfig.ProfileSection {
			return "its " + key + " is in the credentials file"
		}
	}
	if _, err := awsconfig.ParseStartURL(get(p, keyStartURL)); err != nil {
		return "its start URL cannot be signed in to"
	}
	return ""
}

// sessionsFor returns the sessions for a legacy profile, the better ones first: those for the same place
// with the scope that credentials need, then a name that is free.
func sessionsFor(c *awsconfig.Config, p awsconfig.Profile) (names []string) {
	for _, name := range c.Sessions() {
		s, _ := c.Session(name)
		scopes := awsconfig.ParseScopes(get(s, keyScopes))
		if get(s, keyStartURL) == get(p, keyStartURL) && get(s, keyRegion) == get(p, keyRegion) &&
			(len(scopes) == 0 || slices.Contains(scopes, accountAccess)) {
			names = append(names, name)
		}
	}
	base := sessionName(get(p, keyStartURL))
	name := base
	for i := 2; taken(c, name); i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	return append(names, name)
}

// accountAccess is the scope of whoever wants credentials.
const accountAccess = "sso:account:access"

// sessionName makes a session's name of a start URL: the first label of its host.
func sessionName(start string) string {
	u, err := url.Parse(start)
	if err != nil {
		return "sso"
	}
	label, rest, _ := strings.Cut(strings.ToLower(u.Hostname()), ".")
	bad := strings.ContainsFunc(label, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
	if label == "" || bad || rest != "" && strings.Trim(label, "0123456789") == "" { // an address
		return "sso"
	}
	return label
}

// taken reports whether a session's name is in use: by a session that there is, or by one that a profile
// is waiting for. Case does not tell names apart for a person.
func taken(c *awsconfig.Config, name string) bool {
	same := func(s string) bool { return strings.EqualFold(s, name) }
	return slices.ContainsFunc(c.Sessions(), same) || slices.ContainsFunc(c.Profiles(), func(profile string) bool {
		p, _ := c.Profile(profile)
		return has(p, keySession) && same(get(p, keySession))
	})
}

// rewrite makes one profile one of a session, which it adds when there is none of that name.
func rewrite(data []byte, profile, session string, p awsconfig.Profile) ([]byte, error) {
	e := awsconfig.Edit(data)
	h := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}
	in := awsconfig.Header{Kind: awsconfig.SessionSection, Name: session}
	var err error
	set := func(in awsconfig.Header, key, value string) { err = errors.Join(err, e.Set(in, key, value)) }
	known := e.Has(in)
	set(h, keySession, session)
	e.Unset(h, keyStartURL)
	e.Unset(h, keyRegion)
	if !known {
		set(in, keyStartURL, get(p, keyStartURL))
		set(in, keyRegion, get(p, keyRegion))
		set(in, keyScopes, accountAccess)
	}
	return e.Bytes(), err
}

// sameProfile reports whether a profile signs in at the same place, gives the same credentials, and has
// all other keys as before, and whether whoever used the session before still signs in where they did.
func sameProfile(before, after *awsconfig.Config, profile, session string) bool {
	was, errWas := before.LoginTarget(profile, "")
	is, errIs := after.LoginTarget(profile, "")
	was.Session, was.Scopes, is.Scopes = session, nil, nil
	if errWas != nil || errIs != nil || !reflect.DeepEqual(was, is) {
		return false
	}
	_, errWas = before.CredentialSource(profile)
	_, errIs = after.CredentialSource(profile)
	if errWas == nil && errIs != nil {
		return false
	}
	for _, service := range [...]awsconfig.Service{awsconfig.ServiceSSOOIDC, awsconfig.ServiceSSO, awsconfig.ServiceSTS} {
		if !sameEndpoint(before, after, service, profile, session) {
			return false
		}
	}
	return same(before, after, awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}, keySession, keyStartURL, keyRegion)
}

func sameEndpoint(before, after *awsconfig.Config, service awsconfig.Service, profile, session string) bool {
	was, _, errWas := before.Endpoint(service, profile)
	is, _, errIs := after.SessionEndpoint(service, session, profile)
	if was != is || (errWas == nil) != (errIs == nil) {
		return false
	}
	if _, known := before.Session(session); !known {
		return true
	}
	was, _, _ = before.SessionEndpoint(service, session, "")
	is, _, _ = after.SessionEndpoint(service, session, "")
	return was == is
}

// sameOthers reports whether everything but the rewritten profiles is what it was.
func sameOthers(before, after *awsconfig.Config, rewritten []Rewritten) bool {
	if !slices.Equal(before.Profiles(), after.Profiles()) || len(before.Warnings) != len(after.Warnings) {
		return false
	}
	mine := map[string]bool{}
	for _, r := range rewritten {
		mine[r.Profile] = true
	}
	for _, profile := range before.Profiles() {
		if !mine[profile] && !same(before, after, awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}) {
			return false
		}
	}
	return !slices.ContainsFunc(before.Sessions(), func(session string) bool {
		return !same(before, after, awsconfig.Header{Kind: awsconfig.SessionSection, Name: session})
	})
}

// same reports whether a section says the same, but for some keys.
func same(before, after *awsconfig.Config, h awsconfig.Header, except ...string) bool {
	values := func(c *awsconfig.Config) (all [][3]string) {
		for _, v := range c.Values(h) {
			if !slices.Contains(except, v.Key) {
				all = append(all, [3]string{v.Key, v.Inner, v.Text})
			}
		}
		return all
	}
	return slices.Equal(values(before), values(after))
}
