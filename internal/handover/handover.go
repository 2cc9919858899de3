// Package handover says what a program finds in its environment when it is handed a profile's
// credentials: the variables that hold them or tell where they are, and those that must be gone because
// an SDK would follow them to somebody else's.
//
// The commands that hand credentials to a program, a shell or a container call it. It is names and
// values alone: it gets no credentials, runs nothing and knows no shell's grammar.
package handover

import (
	"slices"
	"strings"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// Variable is one variable of an environment.
type Variable struct{ Name, Value string }

// Names of the variables that are handed over.
const (
	AccessKeyID     = "AWS_ACCESS_KEY_ID"
	SecretAccessKey = "AWS_SECRET_ACCESS_KEY" //nolint:gosec // a name
	SessionToken    = "AWS_SESSION_TOKEN"     //nolint:gosec // a name
	Expiration      = "AWS_CREDENTIAL_EXPIRATION"
	Region          = "AWS_REGION"
	DefaultRegion   = "AWS_DEFAULT_REGION"
	FullURI         = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	Token           = "AWS_CONTAINER_AUTHORIZATION_TOKEN"      //nolint:gosec // a name
	TokenFile       = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" //nolint:gosec // a name

	// Profile and Expires are keyfob's own, in the shells that it starts.
	Profile = "KEYFOB_PROFILE"
	Expires = "KEYFOB_EXPIRES"

	// reaching names the variables of [Reach], so that they can be told from somebody's own.
	reaching = "KEYFOB_ENDPOINTS"
)

// Reach are variables that say how a profile reaches AWS, with one that names them.
func Reach(set []Variable) []Variable {
	if len(set) == 0 {
		return nil
	}
	names := make([]string, len(set))
	for i, v := range set {
		names[i] = v.Name
	}
	return append(set, Variable{reaching, strings.Join(names, " ")})
}

// Reached lists the variables of an environment that [Reach] has set, the naming one among them. They are
// another profile's, perhaps, and nobody's own.
func Reached(lookup func(string) (string, bool)) []string {
	named, ok := lookup(reaching)
	if !ok {
		return nil
	}
	names := []string{reaching}
	for _, n := range strings.Fields(named) {
		if n == caBundle || strings.HasPrefix(n, "AWS_ENDPOINT_URL") {
			names = append(names, n)
		}
	}
	return names
}

const caBundle = "AWS_CA_BUNDLE"

// CABundle is the variable that names a file of certificates.
func CABundle(path string) Variable { return Variable{caBundle, path} }

// Keys are the variables that hold credentials. What there is not, like the expiry of keys that do not
// expire, has none.
func Keys(c credentials.Credentials, region string) []Variable {
	return append(present(
		Variable{AccessKeyID, c.AccessKeyID},
		Variable{SecretAccessKey, c.SecretAccessKey.Reveal()},
		Variable{SessionToken, c.SessionToken.Reveal()},
		Variable{Expiration, Instant(c.ExpiresAt)},
	), regions(region)...)
}

// Server are the variables that tell where credentials are served, and with which token.
func Server(url string, token wire.Secret, region string) []Variable {
	return append([]Variable{{FullURI, url}, {Token, token.Reveal()}}, regions(region)...)
}

// ServerWithFile is [Server] with the token in a file.
func ServerWithFile(url, path, region string) []Variable {
	return append([]Variable{{FullURI, url}, {TokenFile, path}}, regions(region)...)
}

func regions(region string) []Variable {
	return present(Variable{Region, region}, Variable{DefaultRegion, region})
}

func present(all ...Variable) []Variable {
	return slices.DeleteFunc(all, func(v Variable) bool { return v.Value == "" })
}

// Instant writes an instant as the AWS CLI prints expiries; the zero one is "".
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05+00:00")
}

// Given lists the variables that [Keys] may set.
func Given() []string {
	return []string{AccessKeyID, SecretAccessKey, SessionToken, Expiration, Region, DefaultRegion}
}

// Strays lists the variables that say whose credentials an SDK or the AWS CLI uses, of now or of times
// gone by, and those that keyfob says of a shell. Whatever is handed over replaces all of them. How AWS is
// reached is no business of theirs: endpoints, proxies, the CA bundle, the paths of the config files, the
// region if the profile says none.
func Strays() []string {
	return []string{
		AccessKeyID, SecretAccessKey, SessionToken, Expiration,
		"AWS_SECURITY_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", // older SDKs'
		"AWS_ACCOUNT_ID", // of the keys that are gone
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", FullURI, Token, TokenFile,
		"AWS_CREDENTIAL_FILE", "AWS_BEARER_TOKEN_BEDROCK",
		Profile, Expires,
	}
}

// Environ is base ("NAME=value") without the strays, and with what is set. fold is for systems on
// which names of variables that differ in case alone are the same.
func Environ(base []string, set []Variable, fold bool) []string {
	gone := Strays()
	for _, v := range set {
		gone = append(gone, v.Name)
	}
	out := make([]string, 0, len(base)+len(set))
	for _, e := range base {
		// Windows has variables like "=C:", whose name begins with the sign.
		name, _, _ := strings.Cut(e, "=")
		if !slices.ContainsFunc(gone, func(g string) bool { return g == name || fold && strings.EqualFold(g, name) }) {
			out = append(out, e)
		}
	}
	for _, v := range set {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}
