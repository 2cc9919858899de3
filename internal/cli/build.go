package cli

import (
	"context"
	"errors"

	"keyfob/internal/awsconfig"
	"keyfob/internal/cache"
	"keyfob/internal/configfile"
	"keyfob/internal/session"
	"keyfob/internal/sources"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// readConfig reads one of the shared files.
func readConfig(path string) ([]byte, error) { return configfile.Read(path) }

func (a *app) cache() (*cache.Files, error) { return a.world().Cache() }

func (a *app) api(c *awsconfig.Config, profile, userAgent string) (*ssoapi.Client, error) {
	return a.world().API(c, profile, userAgent)
}

func (a *app) tokens(c *awsconfig.Config, client *ssoapi.Client, files *cache.Files, sso awsconfig.SSO) *session.Source {
	return a.world().Tokens(c, client, files, sso)
}

// buildToken ties the command to the sign-in of a session, or of the profile.
func (a *app) buildToken(o *tokenOptions, sessionName string) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	profile, explicit, err := a.activeProfile(c)
	if err != nil {
		return err
	}
	if sessionName != "" && !explicit {
		profile = ""
	}
	sso, err := c.LoginTarget(profile, sessionName)
	if err != nil && sessionName == "" {
		return asTokenProvider(err, profile)
	}
	if err != nil {
		return err
	}
	files, err := a.cache()
	if err != nil {
		return err
	}
	client, err := a.api(c, profile, "")
	if err != nil {
		return err
	}
	source := a.tokens(c, client, files, sso)
	o.Target = sources.TargetOf(sso)
	o.Token = func(ctx context.Context) (session.Token, error) { return source.Token(ctx, o.Target) }
	return nil
}

// buildPortalCall binds the portal's calls to a token: the given one, or that of the sign-in of a session or the
// profile.
func (a *app) buildPortalCall(ctx context.Context, f tokenFlags) (*portalCall, error) {
	given := f.token
	c, err := a.loadTalking()
	if err != nil {
		return nil, err
	}
	name, explicit, err := a.activeProfile(c)
	if err != nil {
		return nil, err
	}
	client, err := a.api(c, name, "")
	if err != nil {
		return nil, err
	}
	sso := awsconfig.SSO{Profile: name, Region: c.Region(a.global.region, name)}
	token := wire.Secret(given)
	if given == "" {
		files, err := a.cache()
		if err != nil {
			return nil, err
		}
		of := name
		if f.session != "" && !explicit {
			of = ""
		}
		if sso, err = c.LoginTarget(of, f.session); err != nil {
			return nil, err
		}
		t, err := a.tokens(c, client, files, sso).Token(ctx, sources.TargetOf(sso))
		if err != nil {
			return nil, err
		}
		token = t.AccessToken
	}
	url := a.global.endpointURL
	if url == "" {
		if url, _, err = sources.Endpoint(c, awsconfig.ServiceSSO, sso, sso.Region); err != nil {
			return nil, err
		}
	}
	return bindPortal(client, url, token), nil
}

func bindPortal(client *ssoapi.Client, url string, token wire.Secret) *portalCall {
	return &portalCall{
		Accounts: func(ctx context.Context, next string, size int) (wire.ListAccountsResponse, error) {
			return client.ListAccounts(ctx, url, token, next, size)
		},
		Roles: func(ctx context.Context, accountID, next string, size int) (wire.ListAccountRolesResponse, error) {
			return client.ListAccountRoles(ctx, url, token, accountID, next, size)
		},
		Credentials: func(ctx context.Context, accountID, role string) (wire.RoleCredentials, error) {
			return client.GetRoleCredentials(ctx, url, token, accountID, role)
		},
	}
}

func (a *app) buildGetCallerIdentity() (func(context.Context) (wire.GetCallerIdentityResult, error), error) {
	c, err := a.loadTalking()
	if err != nil {
		return nil, err
	}
	get, err := a.buildCredentials(&a.global.profile)
	if r := new(sources.UnavailableError); errors.As(err, &r) {
		err = r.Err // the prefix is export-credentials' own
	}
	if err != nil {
		return nil, err
	}
	name, _ := c.ActiveProfile(a.global.profile)
	region := c.Region(a.global.region, name)
	url := a.global.endpointURL
	if url == "" {
		if url, _, err = sources.Endpoint(c, awsconfig.ServiceSTS, awsconfig.SSO{Profile: name}, region); err != nil {
			return nil, err
		}
	}
	if region == "" {
		return nil, &awsconfig.NoRegionError{}
	}
	client, err := a.api(c, name, "")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (wire.GetCallerIdentityResult, error) {
		keys, err := get(ctx)
		if err != nil {
			return wire.GetCallerIdentityResult{}, err
		}
		return client.GetCallerIdentity(ctx, url, region, ssoapi.Keys{
			AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken,
		})
	}, nil
}
