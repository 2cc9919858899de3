// Package cache is the AWS CLI's cache files: tokens and client registrations in ~/.aws/sso/cache,
// role credentials in ~/.aws/cli/cache. It owns their names, fields, modes, locks and replacement,
// so that every AWS tool sees a sign-in made here and the other way round.
//
// [Files] is the store that the rules in session, signin and credentials ask for. It knows no
// network and decides nothing: a damaged file is simply a miss.
package cache

import (
	"context"
	"crypto/sha1" //nolint:gosec // the AWS CLI names its files so; nothing rests on it
	"encoding/hex"
	"os"
	"path/filepath"

	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

// Files is the cache folders of one home. It is safe for concurrent use, between processes too.
type Files struct {
	sso, cli dir
}

var (
	_ session.Store        = (*Files)(nil)
	_ credentials.Store    = (*Files)(nil)
	_ signin.Registrations = (*Files)(nil)
)

// New returns the caches below a home folder. Nothing is created before the first write.
func New(home string) *Files {
	at := func(of string) dir {
		base := filepath.Join(home, ".aws", of)
		return dir{path: filepath.Join(base, "cache"), locks: filepath.Join(base, "locks")}
	}
	return &Files{sso: at("sso"), cli: at("cli")}
}

func fileName(hashed string) string {
	sum := sha1.Sum([]byte(hashed)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:]) + ".json"
}

// LoadToken implements [session.Store].
func (f *Files) LoadToken(key string) (session.Token, error) {
	b, ok := f.sso.read(fileName(key))
	if !ok {
		return session.Token{}, session.ErrNoToken
	}
	d, err := parse(b)
	if err != nil {
		return session.Token{}, session.ErrNoToken
	}
	t := session.Token{
		StartURL:     d.text("startUrl"),
		Region:       d.text("region"),
		AccessToken:  wire.Secret(d.text("accessToken")),
		ClientID:     d.text("clientId"),
		ClientSecret: wire.Secret(d.text("clientSecret")),
		RefreshToken: wire.Secret(d.text("refreshToken")),
	}
	if t.ExpiresAt, err = parseTime(d.text("expiresAt")); err != nil || t.AccessToken == "" {
		return session.Token{}, session.ErrInvalidToken
	}
	// Absent or unreadable means that it cannot be refreshed, which the zero time says.
	t.RegistrationExpiresAt, _ = parseTime(d.text("registrationExpiresAt"))
	return t, nil
}

// SaveToken implements [session.Store]. Members that it does not know stay as they are.
func (f *Files) SaveToken(key string, t session.Token) error {
	name := fileName(key)
	d := f.existing(f.sso, name)
	d.setText("startUrl", t.StartURL)
	d.setText("region", t.Region)
	d.setText("accessToken", t.AccessToken.Reveal())
	d.setText("expiresAt", formatTime(t.ExpiresAt))
	d.setOrRemove("clientId", t.ClientID)
	d.setOrRemove("clientSecret", t.ClientSecret.Reveal())
	registrationEnd := ""
	if !t.RegistrationExpiresAt.IsZero() {
		registrationEnd = formatTime(t.RegistrationExpiresAt)
	}
	d.setOrRemove("registrationExpiresAt", registrationEnd)
	d.setOrRemove("refreshToken", t.RefreshToken.Reveal())
	return f.sso.write(name, d.bytes())
}

// existing returns what a file holds already, or an empty document.
func (f *Files) existing(in dir, name string) *document {
	if b, ok := in.read(name); ok {
		if d, err := parse(b); err == nil {
			return d
		}
	}
	return &document{}
}

// LockToken implements [session.Store].
func (f *Files) LockToken(ctx context.Context, key string) (func(), error) {
	return f.sso.lock(ctx, fileName(key))
}

// MakeRoom implements [session.Store].
func (f *Files) MakeRoom() (release func(), err error) { return f.sso.makeRoom() }

// registrationName is the AWS CLI's: the SHA-1 of the registration's arguments as Python prints them.
func registrationName(k signin.RegistrationKey) string {
	d := document{}
	d.setText("region", k.Region)
	d.setTexts("scopes", k.Scopes)
	d.set("session_name", []byte("null"))
	if k.Session != "" {
		d.setText("session_name", k.Session)
	}
	d.setText("startUrl", k.StartURL)
	d.setText("tool", "botocore")
	return fileName(string(d.bytes()))
}

// LoadRegistration implements [signin.Registrations].
func (f *Files) LoadRegistration(k signin.RegistrationKey) (signin.Registration, bool) {
	b, ok := f.sso.read(registrationName(k))
	if !ok {
		return signin.Registration{}, false
	}
	d, err := parse(b)
	if err != nil {
		return signin.Registration{}, false
	}
	r := signin.Registration{
		ClientID:     d.text("clientId"),
		ClientSecret: wire.Secret(d.text("clientSecret")),
		Scopes:       d.texts("scopes"),
		GrantTypes:   d.texts("grantTypes"),
	}
	r.ExpiresAt, err = parseTime(d.text("expiresAt"))
	return r, err == nil && r.ClientID != "" && r.ClientSecret != ""
}

// SaveRegistration implements [signin.Registrations]. Members that it does not know stay as they are.
func (f *Files) SaveRegistration(k signin.RegistrationKey, r signin.Registration) error {
	name := registrationName(k)
	d := f.existing(f.sso, name)
	d.setText("clientId", r.ClientID)
	d.setText("clientSecret", r.ClientSecret.Reveal())
	d.setText("expiresAt", formatTime(r.ExpiresAt))
	d.setTextsOrRemove("scopes", r.Scopes)
	d.setTextsOrRemove("grantTypes", r.GrantTypes) // left over from the code flow it would lie
	return f.sso.write(name, d.bytes())
}

// DropRegistration implements [signin.Registrations].
func (f *Files) DropRegistration(k signin.RegistrationKey) error {
	return f.sso.remove(registrationName(k))
}

// providerSSO marks role credentials that came from a sign-in.
const providerSSO = "sso"

// roleName is the AWS CLI's: the SHA-1 of the request's arguments as minified JSON.
func roleName(r credentials.Role) string {
	// json.dumps with separators (",", ":"): the compact form, still ASCII only.
	var b []byte
	add := func(name, v string) {
		if b != nil {
			b = append(b, ',')
		}
		b = append(append(append(b, quote(name)...), ':'), quote(v)...)
	}
	add("accountId", r.AccountID)
	add("roleName", r.RoleName)
	if r.Target.Session != "" {
		add("sessionName", r.Target.Session)
	} else {
		add("startUrl", r.Target.StartURL)
	}
	return fileName("{" + string(b) + "}")
}

// LoadRole implements [credentials.Store].
func (f *Files) LoadRole(r credentials.Role) (credentials.Credentials, bool) {
	b, ok := f.cli.read(roleName(r))
	if !ok {
		return credentials.Credentials{}, false
	}
	d, err := parse(b)
	if err != nil {
		return credentials.Credentials{}, false
	}
	m := d.object("Credentials")
	c := credentials.Credentials{
		AccessKeyID:     m.text("AccessKeyId"),
		SecretAccessKey: wire.Secret(m.text("SecretAccessKey")),
		SessionToken:    wire.Secret(m.text("SessionToken")),
		AccountID:       r.AccountID,
	}
	c.ExpiresAt, err = parseTime(m.text("Expiration"))
	return c, err == nil && c.AccessKeyID != "" && c.SecretAccessKey != "" && c.SessionToken != ""
}

// SaveRole implements [credentials.Store].
func (f *Files) SaveRole(r credentials.Role, c credentials.Credentials) error {
	name := roleName(r)
	d := f.existing(f.cli, name)
	m := d.object("Credentials")
	m.setText("AccessKeyId", c.AccessKeyID)
	m.setText("SecretAccessKey", c.SecretAccessKey.Reveal())
	m.setText("SessionToken", c.SessionToken.Reveal())
	m.setText("Expiration", formatTime(c.ExpiresAt))
	m.setOrRemove("AccountId", c.AccountID)
	d.setText("ProviderType", providerSSO)
	d.set("Credentials", m.bytes())
	return f.cli.put(name, d.bytes(), (*os.File).Sync) // whole or not there: it can be had again
}

// LockRole implements [credentials.Store].
//
// However many roles are asked for at once, by as many programs, only so many of them ask the portal, which
// refuses a crowd. Whoever holds one of these locks waits for no other.
func (f *Files) LockRole(ctx context.Context, r credentials.Role) (func(), error) {
	name := roleName(r)
	unlock, err := f.cli.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	leave, err := f.cli.lockOneOf(ctx, int(name[0]), portalPlaces())
	if err != nil {
		unlock()
		return nil, err
	}
	return func() {
		leave()
		unlock()
	}, nil
}

// portalPlaces are the locks of those who may call the portal at the same time. A call that takes 50 ms
// lets eight make 160 calls a second.
func portalPlaces() []string {
	return []string{"portal-1", "portal-2", "portal-3", "portal-4", "portal-5", "portal-6", "portal-7", "portal-8"}
}

// DropRole removes the cached credentials of one role.
func (f *Files) DropRole(r credentials.Role) error { return f.cli.remove(roleName(r)) }
