package cache

import (
	"context"
	"strings"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// CachedToken is a token file as a sign-out finds it: enough to tell the service.
type CachedToken struct {
	Name        string
	AccessToken wire.Secret
	Region      string // "" in files of other programs that do not say
	StartURL    string
	ExpiresAt   time.Time // zero if the file does not say
}

// Tokens lists every file of the token cache that holds an access token, whoever wrote it and
// whatever its name. Registrations and damaged files are passed over.
func (f *Files) Tokens() ([]CachedToken, error) {
	var found []CachedToken
	err := f.sso.each(func(name string, d *document) {
		if t, ok := cachedToken(name, d); ok {
			found = append(found, t)
		}
	})
	return found, err
}

func cachedToken(name string, d *document) (CachedToken, bool) {
	t := CachedToken{
		Name: name, AccessToken: wire.Secret(d.text("accessToken")), Region: d.text("region"), StartURL: d.text("startUrl"),
	}
	t.ExpiresAt, _ = parseTime(d.text("expiresAt"))
	return t, t.AccessToken != ""
}

// Token is the cached token of one key, as [Files.Tokens] lists it.
func (f *Files) Token(key string) (CachedToken, bool) {
	name := fileName(key)
	return cachedToken(name, f.existing(f.sso, name))
}

// removeWait bounds the wait for a refresh that is under way.
const removeWait = 5 * time.Second

// RemoveToken removes a token file. It waits a moment for a refresh that is under way, which would
// otherwise bring the token back, and returns the token that was there in the end: the one that the
// service has to be told about.
func (f *Files) RemoveToken(t CachedToken) (CachedToken, error) {
	ctx, cancel := context.WithTimeout(context.Background(), removeWait)
	defer cancel()
	if unlock, err := f.sso.lock(ctx, t.Name); err == nil {
		defer unlock()
	}
	if last, ok := cachedToken(t.Name, f.existing(f.sso, t.Name)); ok {
		t = last
	}
	return t, f.sso.remove(t.Name)
}

// RemoveAllRoles removes the role credentials that came from any sign-in, and those of roles that were
// assumed with them, as far as the files say so; credentials of other kinds in the same folder stay.
func (f *Files) RemoveAllRoles() error {
	var names []string
	err := f.cli.each(func(name string, d *document) {
		if d.text("ProviderType") == providerSSO || credentials.RootOf(d.text(memberOrigin)) == credentials.RootSSO {
			names = append(names, name)
		}
	})
	for _, n := range names {
		if e := f.cli.remove(n); e != nil && err == nil {
			err = e
		}
	}
	return err
}

// each calls visit for every file of the folder that holds a JSON object.
func (d dir) each(visit func(name string, doc *document)) error {
	names, err := d.names()
	for _, n := range names {
		if strings.HasSuffix(n, ".db") { // the AWS CLI's telemetry database
			continue
		}
		if b, ok := d.read(n); ok {
			if doc, err := parse(b); err == nil {
				visit(n, doc)
			}
		}
	}
	return err
}

// TokenFile is the name of the cache file of a session's name or a start URL.
func TokenFile(key string) string { return fileName(key) }
