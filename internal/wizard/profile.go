package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keyfob/internal/access"
	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// Profile asks for what a profile consists of: `configure sso`. It signs in on the way, to show which
// accounts and roles there are.
type Profile struct {
	Session // how to sign in

	// Name is the profile to be written, which is asked for when it is "".
	Name string

	// Token returns a token that is good to use now; session.SignInRequiredError when there is none.
	Token func(ctx context.Context, sso awsconfig.SSO) (wire.Secret, error)
	// SignIn has the person sign in and caches the token.
	SignIn func(ctx context.Context, sso awsconfig.SSO, issuerURL string) error
	// Accounts and Roles list what the person may use.
	Accounts func(ctx context.Context, sso awsconfig.SSO, token wire.Secret) ([]wire.AccountInfo, error)
	Roles    func(ctx context.Context, sso awsconfig.SSO, token wire.Secret, accountID string) ([]wire.RoleInfo, error)

	known    bool // the session is in the config file and is taken as it is
	signedIn *signedIn
	account  string // "" when accounts could not be listed
	role     string
	region   string
	output   string
}

// signedIn is a sign-in during this run.
type signedIn struct {
	to       string // identifies what was signed in to
	token    wire.Secret
	fresh    bool // the person has just been to the browser
	accounts []wire.AccountInfo
	roles    map[string][]wire.RoleInfo
}

// Configured is what was configured.
type Configured struct {
	Profile   string
	Region    string // that commands with the profile work in; "" for none
	SSORegion string // of Identity Center
	HasRole   bool   // whether the profile has an account and a role
	Changes   []Change
}

// UnfinishedError is a failure after the person has signed in. Flags are the answers until then, with
// which the same command goes on from there.
type UnfinishedError struct {
	Flags []string
	Err   error
}

func (e *UnfinishedError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e *UnfinishedError) Unwrap() error { return e.Err }

// Run asks, signs in, and returns what to write.
func (p *Profile) Run(ctx context.Context) (Configured, error) {
	p.sso.Profile = p.Base
	base, _ := p.Config.Profile(p.Base)
	p.region, p.output = value(base, "region"), value(base, "output")
	err := run(ctx, []step{
		p.askSession, p.unlessKnown(p.askStartURL), p.unlessKnown(p.askRegion), p.unlessKnown(p.askScopes),
		p.signIn, p.askAccount, p.askRole, p.askClientRegion, p.askOutput, p.askProfile,
	})
	if err != nil {
		if p.signedIn != nil && ctx.Err() == nil && !errors.Is(err, prompt.ErrInterrupted) {
			err = &UnfinishedError{Flags: p.flags(), Err: err}
		}
		return Configured{}, err
	}
	return Configured{Profile: p.Name, Region: p.region, SSORegion: p.sso.Region, HasRole: p.role != "", Changes: p.changes()}, nil
}

func (p *Profile) unlessKnown(s step) step {
	return func(ctx context.Context) (bool, error) {
		if p.known {
			return false, nil
		}
		return s(ctx)
	}
}

// askSession asks for a session: a known one, a new one, or none.
func (p *Profile) askSession(ctx context.Context) (asked bool, err error) {
	base, _ := p.Config.Profile(p.Base)
	f := p.nameField()
	f.Default = value(base, "sso_session")
	f.Prompt = "SSO session name (Recommended): "
	if f.Default != "" {
		f.Prompt = withCurrent("SSO session name", f.Default)
	}
	f.Check = func(answer string) error {
		if answer == "" {
			if p.Defaults && !p.given(FlagSession) {
				return errRequired // the legacy format is not what anybody gets without asking for it
			}
			return nil
		}
		return p.checkName(answer)
	}
	name, asked, err := p.field(ctx, f)
	if err != nil {
		return asked, err
	}
	if _, known := p.Config.Session(name); name != "" && known {
		sso, err := p.Config.LoginTarget("", name)
		if err != nil {
			return asked, err
		}
		sso.Profile = p.Base
		p.sso, p.known, p.resolved = sso, true, nil
		return asked, nil
	}
	p.noteName(name)
	p.sso.Session = name
	if p.known || p.sso.StartURL == "" {
		p.sso.StartURL, p.sso.Region, p.resolved = value(base, "sso_start_url"), value(base, "sso_region"), nil
	}
	p.known = false
	if name == "" {
		p.Say("WARNING: Configuring using legacy format (e.g. without an SSO session).\n" +
			"Consider re-running \"configure sso\" command and providing a session name.")
	}
	return asked, nil
}

func (p *Profile) given(flag string) bool { _, ok := p.Given(flag); return ok }

// askScopes asks for scopes; the legacy format has none.
func (p *Profile) askScopes(ctx context.Context) (asked bool, err error) {
	if p.sso.Session == "" {
		p.sso.Scopes = nil
		return false, nil
	}
	return p.Session.askScopes(ctx)
}

// signIn makes sure that there is a token. Somebody who comes back to an earlier question, and changes
// nothing about the sign-in, does not sign in twice.
func (p *Profile) signIn(ctx context.Context) (asked bool, err error) {
	if p.resolved == nil {
		resolved, err := p.Resolve(ctx, p.sso)
		if err != nil {
			return false, err
		}
		p.resolved = &resolved
	}
	p.sso.Region = p.resolved.Region
	to := strings.Join(append([]string{p.sso.Session, p.sso.StartURL, p.sso.Region}, p.sso.Scopes...), "\n")
	if p.signedIn != nil && p.signedIn.to == to {
		return false, nil
	}
	p.signedIn = nil
	// A new session is signed in to anew, as the AWS CLI does it: a token of that name is of an earlier
	// one, with other scopes perhaps. Not so when it is given in flags, as it is to go on after a failure.
	if p.known || p.sso.Session == "" || p.given(FlagSession) && p.given(FlagStartURL) {
		token, err := p.Token(ctx, p.sso)
		if err == nil {
			p.signedIn = &signedIn{to: to, token: token}
			return false, nil
		}
		if !errors.As(err, new(*session.SignInRequiredError)) {
			return false, err
		}
	}
	return false, p.signInFresh(ctx, to)
}

func (p *Profile) signInFresh(ctx context.Context, to string) error {
	if err := p.SignIn(ctx, p.sso, p.resolved.IssuerURL); err != nil {
		return err
	}
	token, err := p.Token(ctx, p.sso)
	if err == nil {
		p.signedIn = &signedIn{to: to, token: token, fresh: true}
		p.Say("")
	}
	return err
}

// list calls the portal. A cached token that it refuses has been revoked: then the person signs in, once.
// A token that it refuses although it is fresh, or has other scopes, is not for accounts and roles; ok is
// false.
func (p *Profile) list(ctx context.Context, call func(token wire.Secret) error) (ok bool, err error) {
	for {
		err := call(p.signedIn.token)
		if err == nil {
			return true, nil
		}
		var refused *wire.ServiceError
		if !errors.As(err, &refused) {
			return false, err
		}
		unauthorized := refused.Code == wire.CodeUnauthorized
		switch {
		case unauthorized && !p.signedIn.fresh:
			p.Say("The cached sign-in is no longer accepted: signing in again.")
			if err := p.signInFresh(ctx, p.signedIn.to); err != nil {
				return false, err
			}
		case (unauthorized || p.notForAccounts(refused)) && !p.given(FlagAccount) && !p.given(FlagRole):
			p.Say("Unable to list AWS accounts and/or roles. Skipping configuring AWS credential provider for profile.")
			return false, nil
		default:
			return false, err
		}
	}
}

// notForAccounts reports whether the portal refuses a token for what it was never meant for.
func (p *Profile) notForAccounts(e *wire.ServiceError) bool {
	return e.Code == wire.CodeForbidden && p.sso.Scopes != nil && !slices.Contains(p.sso.Scopes, defaultScope)
}

func (p *Profile) askAccount(ctx context.Context) (asked bool, err error) {
	p.account, p.role = "", ""
	if p.signedIn.accounts == nil {
		ok, err := p.list(ctx, func(token wire.Secret) (err error) {
			p.signedIn.accounts, err = p.Accounts(ctx, p.sso, token)
			return err
		})
		if err != nil || !ok {
			return false, err
		}
		access.SortAccounts(p.signedIn.accounts)
	}
	accounts := p.signedIn.accounts
	index := 0
	switch id, given := p.Given(FlagAccount); {
	case given:
		if index = slices.IndexFunc(accounts, func(a wire.AccountInfo) bool { return a.AccountID == strings.TrimSpace(id) }); index < 0 {
			return false, &FlagError{FlagAccount, fmt.Errorf("%q is none of the %d accounts available to you", id, len(accounts))}
		}
	case len(accounts) == 0:
		return false, &NothingError{Text: "No AWS accounts are available to you."}
	case len(accounts) == 1:
		p.Say("The only AWS account available to you is: " + accounts[0].AccountID)
	case p.Defaults:
		return false, &prompt.MissingError{Flag: FlagAccount}
	default:
		asked = true
		index, err = p.Choose(ctx, prompt.Menu{
			Title: fmt.Sprintf("There are %d AWS accounts available to you.", len(accounts)),
			Noun:  "account", Flag: FlagAccount, By: "name, e-mail or id", Rows: access.AccountRows(accounts),
			Selected: max(0, slices.IndexFunc(accounts, func(a wire.AccountInfo) bool { return a.AccountID == p.current("sso_account_id") })),
		})
		if err != nil {
			return asked, err
		}
	}
	id := accounts[index].AccountID
	if err := checkValue("sso_account_id", id); err != nil {
		return asked, err
	}
	p.account = id
	p.Say("Using the account ID " + id)
	return asked, nil
}

func (p *Profile) askRole(ctx context.Context) (asked bool, err error) {
	if p.account == "" {
		return false, nil
	}
	roles := p.signedIn.roles[p.account]
	if roles == nil {
		ok, err := p.list(ctx, func(token wire.Secret) (err error) {
			roles, err = p.Roles(ctx, p.sso, token, p.account)
			return err
		})
		if err != nil || !ok {
			p.account = ""
			return false, err
		}
		access.SortRoles(roles)
		if p.signedIn.roles == nil {
			p.signedIn.roles = map[string][]wire.RoleInfo{}
		}
		p.signedIn.roles[p.account] = roles
	}
	index := 0
	switch name, given := p.Given(FlagRole); {
	case given:
		if index = slices.IndexFunc(roles, func(r wire.RoleInfo) bool { return r.RoleName == strings.TrimSpace(name) }); index < 0 {
			return false, &FlagError{FlagRole, fmt.Errorf("%q is none of the %d roles available to you in the account %s", name, len(roles), p.account)}
		}
	case len(roles) == 0:
		return false, &NothingError{Text: "No roles are available for the account " + p.account}
	case len(roles) == 1:
		p.Say("The only role available to you is: " + roles[0].RoleName)
	case p.Defaults:
		return false, &prompt.MissingError{Flag: FlagRole}
	default:
		asked = true
		index, err = p.Choose(ctx, prompt.Menu{
			Title: fmt.Sprintf("There are %d roles available to you.", len(roles)),
			Noun:  "role", Flag: FlagRole, Rows: access.RoleRows(roles),
			Selected: max(0, slices.IndexFunc(roles, func(r wire.RoleInfo) bool { return r.RoleName == p.current("sso_role_name") })),
		})
		if err != nil {
			return asked, err
		}
	}
	name := roles[index].RoleName
	if err := checkValue("sso_role_name", name); err != nil {
		return asked, err
	}
	p.role = name
	p.Say(`Using the role name "` + name + `"`)
	return asked, nil
}

// current is what the profile that is being configured has.
func (p *Profile) current(key string) string {
	profile, _ := p.Config.Profile(p.Name)
	return value(profile, key)
}

// NothingError is somebody who is assigned nothing.
type NothingError struct{ Text string }

func (e *NothingError) Error() string { return e.Text }

func checkValue(key, v string) error {
	return writable(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "default"}, key, v)
}
