package wizard

import (
	"context"
	"fmt"
	"strings"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
)

func (p *Profile) askClientRegion(ctx context.Context) (asked bool, err error) {
	f := p.regionField(withCurrent("Default client Region", p.region), p.region)
	f.Flag, f.Help = FlagDefault, "The region that commands with this profile work in; Enter leaves it as it is"
	region, asked, err := p.field(ctx, f)
	if err == nil {
		p.region = region
	}
	return asked, err
}

// outputs are the AWS CLI's output formats.
func outputs() []string { return []string{"json", "text", "table", "yaml", "yaml-stream", "off"} }

func (p *Profile) askOutput(ctx context.Context) (asked bool, err error) {
	current := p.output
	f := prompt.Field{
		Prompt: withCurrent("CLI default output format (json if not specified)", current), Default: current, Flag: FlagOutput,
		Help: "One of " + strings.Join(outputs(), ", "),
		Check: func(answer string) error {
			for _, o := range append(outputs(), "", current) {
				if answer == o {
					return nil
				}
			}
			return fmt.Errorf("%q is no output format; one of %s is", answer, strings.Join(outputs(), ", "))
		},
	}
	for _, o := range outputs() {
		f.Suggest = append(f.Suggest, prompt.Suggestion{Text: o})
	}
	output, asked, err := p.field(ctx, f)
	if err == nil {
		p.output = output
	}
	return asked, err
}

func (p *Profile) askProfile(ctx context.Context) (asked bool, err error) {
	if p.Name != "" {
		return false, nil
	}
	f := prompt.Field{
		Flag: FlagProfile,
		Help: "What to call all of this, for --profile: dev; \"default\" is used where no profile is named",
		Check: func(answer string) error {
			if answer == "" {
				return errRequired
			}
			return p.checkProfile(answer)
		},
	}
	if p.role != "" {
		f.Default = p.role + "-" + p.account
	}
	f.Prompt = withCurrent("Profile name", f.Default)
	for _, name := range p.Config.Profiles() {
		if p.checkProfile(name) == nil {
			f.Suggest = append(f.Suggest, prompt.Suggestion{Text: name})
		}
	}
	name, asked, err := p.field(ctx, f)
	if err == nil {
		p.noteName(name)
		p.Name = name
	}
	return asked, err
}

// checkProfile refuses a name that cannot be written, and a profile whose credentials come from
// elsewhere, which they would go on doing for some tools.
func (p *Profile) checkProfile(name string) error {
	profile, exists := p.Config.Profile(name)
	if !exists {
		return writable(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: name}, "region", "")
	}
	for _, key := range []string{"role_arn", "credential_process", "web_identity_token_file", "aws_access_key_id"} {
		if value(profile, key) != "" {
			return fmt.Errorf("profile %q is there already, and has its credentials from %s; choose another name, or run this with --profile", name, key)
		}
	}
	return nil
}

// changes are what the answers add up to, in the AWS CLI's order: the profile, then the session.
func (p *Profile) changes() []Change {
	h := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: p.Name}
	var changes []Change
	set := func(key, v string) {
		if v != "" {
			changes = append(changes, Change{Section: h, Key: key, Value: v})
		}
	}
	var own []Change // of the session
	if p.sso.Session == "" {
		changes = append(changes, Change{Section: h, Key: "sso_session", Unset: true})
		set("sso_start_url", p.sso.StartURL)
		set("sso_region", p.sso.Region)
	} else {
		set("sso_session", p.sso.Session)
		own = p.Session.changes()
		if p.known {
			own = own[1:2] // the region, which the start URL may have turned out to be in
		}
		// What the profile says otherwise than its session, every tool takes for an error.
		profile, _ := p.Config.Profile(p.Name)
		for _, c := range p.sessionValues() {
			if v, ok := profile.Get(c.Key); ok && v != c.Value {
				changes = append(changes, Change{Section: h, Key: c.Key, Unset: true})
			}
		}
	}
	set("sso_account_id", p.account)
	set("sso_role_name", p.role)
	set("region", p.region)
	set("output", p.output)
	set("services", p.services())
	return append(changes, own...)
}

// services is the services section that all other profiles of the session name, which says where a center
// of one's own is: without it the new profile would look for the session elsewhere. It is "" where they
// name none or several, and for a profile that has its own.
func (p *Profile) services() string {
	common := ""
	for _, name := range p.Config.Profiles() {
		profile, _ := p.Config.Profile(name)
		if p.sso.Session == "" || value(profile, "sso_session") != p.sso.Session {
			continue
		}
		services := value(profile, "services")
		if name == p.Name || services == "" || common != "" && services != common {
			return ""
		}
		common = services
	}
	if p.current("services") != "" {
		return ""
	}
	return common
}

// sessionValues is the session as it will be.
func (p *Profile) sessionValues() []Change {
	values := p.Session.changes()
	if p.known {
		values = values[1:2]
		known, _ := p.Config.Session(p.sso.Session)
		for _, key := range known.Keys() {
			if v, ok := known.Get(key); ok && key != "sso_region" {
				values = append(values, Change{Key: key, Value: v})
			}
		}
	}
	return values
}

// flags are the answers so far.
func (p *Profile) flags() []string {
	flags := []string{FlagSession, p.sso.Session}
	add := func(flag, v string) {
		if v != "" {
			flags = append(flags, flag, v)
		}
	}
	if !p.known {
		add(FlagStartURL, p.sso.StartURL)
		add(FlagRegion, p.sso.Region)
		if p.sso.Session != "" {
			add(FlagScopes, p.scopes)
		}
	}
	add(FlagAccount, p.account)
	add(FlagRole, p.role)
	return flags
}
