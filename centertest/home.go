package centertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Profile is a [profile …] section of ~/.aws/config. Empty fields get the value in brackets.
type Profile struct {
	Name      string // [dev]
	AccountID string // [111111111111]
	RoleName  string // [AdministratorAccess]
	Region    string // [the center's]
	Session   string // name of its [sso-session …] section [centertest]
}

// Home makes a home folder whose ~/.aws/config has the given profiles, or one of defaults, and points
// them at the center. It returns a whole environment for a program: this process's, without its AWS_
// variables, and with the home.
func (c *Center) Home(t testing.TB, profiles ...Profile) (env []string) {
	t.Helper()
	if len(profiles) == 0 {
		profiles = []Profile{{}}
	}
	var b strings.Builder
	sessions := map[string]bool{}
	for _, p := range profiles {
		p = p.orDefaults(c.Region)
		fmt.Fprintf(&b, "[profile %s]\nsso_session = %s\nsso_account_id = %s\nsso_role_name = %s\nregion = %s\nservices = centertest\n\n",
			p.Name, p.Session, p.AccountID, p.RoleName, p.Region)
		if !sessions[p.Session] {
			fmt.Fprintf(&b, "[sso-session %s]\nsso_start_url = %s\nsso_region = %s\nsso_registration_scopes = sso:account:access\n\n",
				p.Session, c.StartURL, c.Region)
		}
		sessions[p.Session] = true
	}
	// The one setting that every SDK honours; a global AWS_ENDPOINT_URL would not do for all.
	b.WriteString("[services centertest]\n")
	for _, service := range []string{"sso_oidc", "sso", "sts"} {
		fmt.Fprintf(&b, "%s =\n  endpoint_url = %s\n", service, c.URL)
	}

	home := t.TempDir()
	dir := filepath.Join(home, ".aws")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "config"), []byte(b.String()), 0o600))
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "AWS_") && name != "HOME" && name != "USERPROFILE" {
			env = append(env, v)
		}
	}
	return append(env, "HOME="+home, "USERPROFILE="+home, "AWS_EC2_METADATA_DISABLED=true")
}

func (p Profile) orDefaults(region string) Profile {
	for _, f := range []struct {
		to    *string
		value string
	}{{&p.Name, "dev"}, {&p.AccountID, "111111111111"}, {&p.RoleName, "AdministratorAccess"}, {&p.Region, region}, {&p.Session, "centertest"}} {
		if *f.to == "" {
			*f.to = f.value
		}
	}
	return p
}
