package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
)

// listOptions is `configure list`.
type listOptions struct {
	Config    *awsconfig.Config
	LookupEnv func(string) (string, bool)
	// Cached looks for credentials of a role that are good to use now; nothing is fetched.
	Cached func(*awsconfig.Source) (credentials.Credentials, bool)
	Print  func(string) error
	Warn   func(format string, args ...any)

	Profile, Region string // the flags
}

func (a *app) newConfigureList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "show which profile, keys and region are used, and why",
		Long: `Shows the profile, the credentials and the region that a command would use, and where each comes from: a flag, an
environment variable or a file. It calls nobody and runs nothing: credentials of a role are shown when they are
cached, and are <not fetched> otherwise, signed in or not.`,
		Example: `    keyfob configure list
    keyfob configure list --profile dev`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			o, err := a.buildConfigureList()
			if err != nil {
				return err
			}
			return o.Run()
		},
	}
}

// origin is a value and where it comes from, as the AWS CLI words it.
type origin struct{ value, kind, location string }

func unset() origin { return origin{"<not set>", "None", "None"} }

const (
	kindFlag     = "manual"
	kindEnv      = "env"
	kindConfig   = "config-file"
	kindKeysFile = "shared-credentials-file"
	kindSSO      = "sso"
	kindRole     = "assume-role"
	kindWeb      = "assume-role-with-web-identity"
	kindProcess  = "custom-process"
)

// Run prints the table.
func (o *listOptions) Run() error {
	name, explicit := o.Config.ActiveProfile(o.Profile)
	if explicit {
		if err := o.Config.RequireProfile(name); err != nil {
			return err
		}
	}
	key, secret := o.keys(name)
	var b strings.Builder
	row := func(name string, at origin) {
		fmt.Fprintf(&b, "%-10s : %-24s : %-16s : %s\n", name, printable(at.value), at.kind, printable(at.location))
	}
	row("NAME", origin{"VALUE", "TYPE", "LOCATION"})
	row("profile", o.profile())
	row("access_key", key)
	row("secret_key", secret)
	row("region", o.region(name))
	return o.Print(b.String())
}

func (o *listOptions) profile() origin {
	if o.Profile != "" {
		return origin{o.Profile, kindFlag, "--profile"}
	}
	at, ok := o.env("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	if !ok {
		return unset()
	}
	return at
}

// env is the first of the variables that is set.
func (o *listOptions) env(names ...string) (origin, bool) {
	for _, name := range names {
		if value, ok := o.LookupEnv(name); ok {
			return origin{value, kindEnv, name}, true
		}
	}
	return origin{}, false
}

func (o *listOptions) region(profile string) origin {
	if o.Region != "" {
		return origin{o.Region, kindFlag, "--region"}
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if at, ok := o.env(name); ok && at.value != "" {
			return at
		}
	}
	return o.key(profile, "region")
}

// key is a profile's key, from the file that it takes effect in.
func (o *listOptions) key(profile, key string) origin {
	s, _ := o.Config.Profile(profile)
	value, ok := s.Get(key)
	if !ok || value == "" {
		return unset()
	}
	path, _, _ := o.Config.Place(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}, key)
	kind := kindConfig
	if path == o.Config.CredentialsFile() {
		kind = kindKeysFile
	}
	return origin{value, kind, path}
}

// keys are the credentials, in the order in which a command looks for them.
func (o *listOptions) keys(profile string) (id, secret origin) {
	if o.Profile == "" {
		if id, ok := o.env("AWS_ACCESS_KEY_ID"); ok && id.value != "" {
			secret, ok := o.env("AWS_SECRET_ACCESS_KEY")
			if !ok {
				secret = unset()
			}
			return id.hidden(), secret.hidden()
		}
	}
	s, err := o.Config.Source(profile, o.Profile == "")
	if err != nil {
		if !errors.As(err, new(*awsconfig.ProfileNotFoundError)) {
			o.Warn("%s", err)
		}
		return unset(), unset()
	}
	id.value = "<not fetched>"
	switch s.Kind {
	case awsconfig.SourceSSO:
		from := "sso-session " + s.SSO.Session
		if s.SSO.Session == "" {
			from = s.SSO.StartURL
		}
		id.kind, id.location = kindSSO, fmt.Sprintf("%s, role %s in account %s", from, s.SSO.RoleName, s.SSO.AccountID)
	case awsconfig.SourceRole:
		by := "profile " + s.From.Profile
		if source, ok := o.Config.Profile(profile); ok && s.From.Profile == profile {
			if by, ok = source.Get("credential_source"); !ok {
				by = "its own keys"
			}
		}
		id.kind, id.location = kindRole, s.Role.ARN+", with "+by
	case awsconfig.SourceWebIdentity:
		id.kind, id.location = kindWeb, s.Role.ARN+", with "+s.TokenFile
	case awsconfig.SourceProcess:
		program, _, _ := strings.Cut(s.Command, " ") // the rest may be secret
		id.kind, id.location = kindProcess, program
	default:
		return o.key(profile, "aws_access_key_id").hidden(), o.key(profile, "aws_secret_access_key").hidden()
	}
	secret = id
	if c, ok := o.Cached(&s); ok {
		id.value, secret.value = c.AccessKeyID, string(c.SecretAccessKey)
		return id.hidden(), secret.hidden()
	}
	return id, secret
}

// hidden leaves the last characters of a value, if it is as long as keys are.
func (at origin) hidden() origin {
	if at.kind == "None" {
		return at
	}
	const shown, enough = 4, 16
	last := ""
	if len(at.value) >= enough {
		last = at.value[len(at.value)-shown:]
	}
	at.value = strings.Repeat("*", 16) + last
	return at
}
