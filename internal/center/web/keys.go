package web

import (
	"net/http"
	"net/url"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// keysBody is the page of access keys: how to sign in with them, and, once asked for, short-term ones.
type keysBody struct {
	CSRF, ConsoleCSRF string
	AccountID         string
	Account, Role     string // as shown
	RoleName          string // as sent
	StartURL          string
	IssuerURL         string
	Region            string
	Config            snippet
	Keys              *shownKeys
}

// shownKeys are role credentials on the page that was asked for them.
type shownKeys struct {
	Tabs    []tabbed
	Config  snippet
	ID      string
	Secret  wire.Secret
	Token   wire.Secret
	Until   instant
	Lasting string
}

// Values are the three of them, under the names they have everywhere.
func (k shownKeys) Values() []snippet {
	return []snippet{{"AWS access key ID", k.ID}, {"AWS secret access key", k.Secret.Reveal()}, {"AWS session token", k.Token.Reveal()}}
}

// tabbed is what one kind of shell is told.
type tabbed struct {
	Name, Key   string
	Environment snippet
	File        string // where the credentials file is
	Block       snippet
}

// snippet is a text to copy.
type snippet struct{ Label, Text string }

func (d *Door) keys(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return d.dispatch(w, r, flow.Want{Kind: flow.WantKeys, Account: cut(q.Get("account")), Role: cut(q.Get("role"))})
}

func cut(s string) string { return s[:min(len(s), maxShown)] }

// keysLink is the address of the page of a role's access keys.
func keysLink(accountID, role string) string {
	return "/keys?" + url.Values{"account": {accountID}, "role": {role}}.Encode()
}

// keysPage shows no credentials unless k has some: looking at it makes none.
func (d *Door) keysPage(w http.ResponseWriter, r *http.Request, v visitor, k *shownKeys) error {
	ctx, p, want := r.Context(), v.Person, v.Want
	set, err := d.Assignments.Assigned(ctx, p.User.ID, want.Account, want.Role)
	if err != nil {
		return err
	}
	account, err := d.Instances.Account(ctx, want.Account)
	if err != nil {
		return err
	}
	inst, err := d.Instances.Instance(ctx)
	if err != nil {
		return err
	}
	start := d.BaseURL.Scheme + "://" + d.BaseURL.Host + "/start"
	b := keysBody{
		CSRF: d.csrf(holderOf(p, ""), "/keys"), ConsoleCSRF: d.csrf(holderOf(p, ""), "/console"), AccountID: account.ID, Account: visible(account.Name),
		Role: visible(set.Name), RoleName: set.Name, StartURL: start, IssuerURL: start, Region: inst.Region, Keys: k,
		Config: snippet{"~/.aws/config", sharedConfig(inst, start, account.ID, set.Name)},
	}
	l := d.speak(r)
	if k != nil {
		k.Config, k.Lasting = b.Config, waiting(l, k.Until.Sub(d.Clock.Now()))
	}
	d.draw(w, r, view{Page: "keys", Title: l.say("Access keys"), Person: p, Body: b})
	return nil
}

// role reads a form about a role. When it returns neither a person nor an error, the browser has been
// sent to sign in.
func (d *Door) role(w http.ResponseWriter, r *http.Request) (*directory.Person, flow.Want, store.PermissionSet, error) {
	want := flow.Want{Kind: flow.WantKeys, Account: cut(r.PostForm.Get("account")), Role: cut(r.PostForm.Get("role"))}
	p, err := d.person(r)
	if err != nil {
		return nil, want, store.PermissionSet{}, err
	}
	if p == nil {
		return nil, want, store.PermissionSet{}, d.leadTo(w, want)
	}
	if err := d.checkHolder(r, holderOf(p, ""), want); err != nil {
		return nil, want, store.PermissionSet{}, err
	}
	set, err := d.Assignments.Assigned(r.Context(), p.User.ID, want.Account, want.Role)
	if err != nil {
		_ = d.recordKeys(r, p, want, "refused")
	}
	return p, want, set, err
}

func (d *Door) recordKeys(r *http.Request, p *directory.Person, want flow.Want, outcome string) error {
	return d.Audit.Record(r.Context(), store.AuditEvent{
		Name: "GetRoleCredentials", Outcome: outcome, UserID: p.User.ID, SessionID: p.Session.ID,
		Detail: map[string]string{"account_id": want.Account, "role_name": want.Role, "by": "portal"},
	})
}

// mint makes credentials of the role for the person, and writes it down.
func (d *Door) mint(r *http.Request, p *directory.Person, want flow.Want, set store.PermissionSet) (wire.RoleCredentials, error) {
	c, err := d.Credentials.Mint(r.Context(), store.Grant{User: p.User, Session: p.Session}, want.Account, set)
	if err != nil {
		return c, err
	}
	return c, d.recordKeys(r, p, want, audit.Success)
}

func (d *Door) mintKeys(w http.ResponseWriter, r *http.Request) error {
	p, want, set, err := d.role(w, r)
	if err != nil || p == nil {
		return err
	}
	c, err := d.mint(r, p, want, set)
	if err != nil {
		return err
	}
	k := &shownKeys{
		Tabs: credentialTabs(want.Account, set.Name, c), ID: c.AccessKeyID, Secret: c.SecretAccessKey, Token: c.SessionToken,
		Until: instant{time.UnixMilli(c.Expiration)},
	}
	return d.keysPage(w, r, visitor{flow.Visitor{Person: p}, want}, k)
}

// console leads to the page that stands where the management console would be.
func (d *Door) console(w http.ResponseWriter, r *http.Request) error {
	p, want, set, err := d.role(w, r)
	if err != nil || p == nil {
		return err
	}
	c, err := d.mint(r, p, want, set)
	if err != nil {
		return err
	}
	token, err := d.Federation.SigninToken(r.Context(), federationSession(c), 0)
	if err != nil {
		return err
	}
	seeOther(w, "/federation?"+url.Values{"Action": {"login"}, "SigninToken": {token.Reveal()}}.Encode())
	return nil
}
