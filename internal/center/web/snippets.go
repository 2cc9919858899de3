package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// environment is a set of variables, in the order in which people read them.
type environment [][2]string

func variables(c wire.RoleCredentials) environment {
	return environment{
		{"AWS_ACCESS_KEY_ID", c.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey.Reveal()},
		{"AWS_SESSION_TOKEN", c.SessionToken.Reveal()},
	}
}

func (e environment) lines(format string, quote func(string) string) string {
	var b strings.Builder
	for _, v := range e {
		fmt.Fprintf(&b, format+"\n", v[0], quote(v[1]))
	}
	return b.String()
}

// posix is for sh, bash, zsh: nothing within single quotes means anything, but another one.
func (e environment) posix() string {
	return e.lines("export %s=%s", func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" })
}

// cmd is for cmd.exe. The quotes around the assignment keep &, |, <, > and ^ from meaning anything and
// are no part of the value. Typed at its prompt a % stays, unless it names a variable; nothing can be
// done about a line break, which no credential has.
func (e environment) cmd() string {
	return e.lines(`set "%s=%s"`, func(s string) string { return s })
}

// powershell is for PowerShell: nothing within single quotes means anything, but another one. It takes
// the typographic ones for the same.
func (e environment) powershell() string {
	return e.lines("$Env:%s=%s", func(s string) string {
		var b strings.Builder
		b.WriteByte('\'')
		for _, r := range s {
			if strings.ContainsRune("'‘’‚‛", r) {
				b.WriteRune(r)
			}
			b.WriteRune(r)
		}
		b.WriteByte('\'')
		return b.String()
	})
}

// block is a section of the shared credentials file.
func block(profile string, c wire.RoleCredentials) string {
	return fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		profile, c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal())
}

func credentialTabs(accountID, role string, c wire.RoleCredentials) []tabbed {
	e, profile := variables(c), accountID+"_"+sectionName(role)
	tab := func(name, key, environment, file string) tabbed {
		return tabbed{name, key, snippet{name, environment}, file, snippet{file, block(profile, c)}}
	}
	return []tabbed{
		tab("macOS and Linux", "posix", e.posix(), "~/.aws/credentials"),
		tab("Windows", "cmd", e.cmd(), `%USERPROFILE%\.aws\credentials`),
		tab("PowerShell", "powershell", e.powershell(), `$HOME\.aws\credentials`),
	}
}

// sharedConfig is a ready ~/.aws/config. The services section is the one setting that makes every SDK
// look for the service here.
func sharedConfig(inst store.Instance, startURL, accountID, role string) string {
	base, name := strings.TrimSuffix(startURL, "/start"), sectionName(inst.Name)
	return fmt.Sprintf(`[profile %[1]s-%[2]s]
sso_session = %[3]s
sso_account_id = %[2]s
sso_role_name = %[4]s
region = %[5]s
services = %[3]s

[sso-session %[3]s]
sso_start_url = %[6]s
sso_region = %[5]s
sso_registration_scopes = %[7]s

[services %[3]s]
sso_oidc =
  endpoint_url = %[8]s
sso =
  endpoint_url = %[8]s
sts =
  endpoint_url = %[8]s
signin =
  endpoint_url = %[8]s
`, sectionName(role), accountID, name, role, inst.Region, startURL, wire.ScopeAccountAccess, base)
}

// sectionName is a name as sections of the shared files can have it without quotes.
func sectionName(name string) string {
	t := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)), strings.ContainsRune("-_.+=@", r):
			return r
		case unicode.IsSpace(r):
			return '-'
		}
		return -1
	}, name), "-")
	if t == "" {
		return "center"
	}
	return t
}

// federationSession is credentials as the federation endpoint takes them.
func federationSession(c wire.RoleCredentials) wire.Secret {
	b, _ := json.Marshal(map[string]string{ // of strings, so it cannot fail
		"sessionId": c.AccessKeyID, "sessionKey": c.SecretAccessKey.Reveal(), "sessionToken": c.SessionToken.Reveal(),
	})
	return wire.Secret(b)
}
