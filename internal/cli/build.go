package cli

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/cache"
	"keyfob/internal/configfile"
	"keyfob/internal/session"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// errNoHome is what a program without a home folder can only say: there is nowhere to keep anything.
var errNoHome = errors.New("there is no home folder to keep credentials in: set HOME")

// readConfig reads one of the shared files.
func readConfig(path string) ([]byte, error) { return configfile.Read(path) }

func (a *app) cache() (*cache.Files, error) {
	if a.sys.Home == "" {
		return nil, errNoHome
	}
	return cache.New(a.sys.Home), nil
}

// api makes the HTTP client with the settings that hold for a profile. Every call of every command goes
// through one of these, so that each honours them.
func (a *app) api(c *awsconfig.Config, profile, userAgent string) (*ssoapi.Client, error) {
	bundle := a.global.caBundle
	if bundle == "" {
		bundle, _ = c.Setting(profile, "ca_bundle", "AWS_CA_BUNDLE")
	}
	if bundle == "" {
		bundle, _ = a.sys.LookupEnv("REQUESTS_CA_BUNDLE")
	}
	attempts := 0
	if s, _ := c.Setting(profile, "max_attempts", "AWS_MAX_ATTEMPTS"); s != "" {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return nil, errors.New("max_attempts (or AWS_MAX_ATTEMPTS) must be a whole number of 1 or more, not " + quoted(s))
		}
		attempts = n
	}
	return ssoapi.New(ssoapi.Config{
		CABundle:       bundle,
		NoVerifySSL:    a.global.noVerifySSL,
		ConnectTimeout: time.Duration(a.global.connectTimeout) * time.Second,
		ReadTimeout:    time.Duration(a.global.readTimeout) * time.Second,
		LookupEnv:      a.sys.LookupEnv,
		MaxAttempts:    attempts,
		Clock:          a.sys.Clock,
		Random:         a.sys.Random,
		UserAgent:      a.userAgent() + userAgent,
		Log:            a.log(),
	}), nil
}

func (a *app) userAgent() string { return "keyfob/" + a.sys.Version + " lang/go os/" + runtime.GOOS }

// tokens makes the source of a sign-in's tokens.
func (a *app) tokens(c *awsconfig.Config, client *ssoapi.Client, files *cache.Files, sso awsconfig.SSO) *session.Source {
	return &session.Source{
		Store: files, Clock: a.sys.Clock, Log: a.log(),
		Refresher: session.RefresherFunc(func(ctx context.Context, region string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
			url, _, err := endpoint(c, awsconfig.ServiceSSOOIDC, sso, region)
			if err != nil {
				return wire.CreateTokenResponse{}, err
			}
			return client.CreateToken(ctx, url, req)
		}),
	}
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
	o.Target = targetOf(sso)
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
		t, err := a.tokens(c, client, files, sso).Token(ctx, targetOf(sso))
		if err != nil {
			return nil, err
		}
		token = t.AccessToken
	}
	url := a.global.endpointURL
	if url == "" {
		if url, _, err = endpoint(c, awsconfig.ServiceSSO, sso, sso.Region); err != nil {
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
	if r := new(retrieveError); errors.As(err, &r) {
		err = r.err // the prefix is export-credentials' own
	}
	if err != nil {
		return nil, err
	}
	name, _ := c.ActiveProfile(a.global.profile)
	region := c.Region(a.global.region, name)
	url := a.global.endpointURL
	if url == "" {
		if url, _, err = endpoint(c, awsconfig.ServiceSTS, awsconfig.SSO{Profile: name}, region); err != nil {
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
