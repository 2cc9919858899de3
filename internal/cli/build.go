package cli

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/browser"
	"keyfob/internal/cache"
	"keyfob/internal/configfile"
	"keyfob/internal/credentials"
	"keyfob/internal/loopback"
	"keyfob/internal/session"
	"keyfob/internal/signin"
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
		UserAgent:      "keyfob/" + a.sys.Version + " lang/go os/" + runtime.GOOS + userAgent,
		Log:            a.log(),
	}), nil
}

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

// oidcService is the OIDC service at one endpoint.
type oidcService struct {
	client   *ssoapi.Client
	endpoint string
}

// RegisterClient implements signin.OIDC.
func (o oidcService) RegisterClient(ctx context.Context, req wire.RegisterClientRequest) (wire.RegisterClientResponse, error) {
	return o.client.RegisterClient(ctx, o.endpoint, req)
}

// StartDeviceAuthorization implements signin.OIDC.
func (o oidcService) StartDeviceAuthorization(ctx context.Context, req wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error) {
	return o.client.StartDeviceAuthorization(ctx, o.endpoint, req)
}

// CreateToken implements signin.OIDC.
func (o oidcService) CreateToken(ctx context.Context, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	return o.client.CreateToken(ctx, o.endpoint, req)
}

// AuthorizeURL implements signin.OIDC.
func (o oidcService) AuthorizeURL() (string, error) { return ssoapi.AuthorizeURL(o.endpoint) }

// listener is a loopback listener as the sign-in rules want it.
type listener struct{ *loopback.Listener }

// Wait implements signin.Listener.
func (l listener) Wait(ctx context.Context) (signin.Callback, error) {
	cb, err := l.Listener.Wait(ctx)
	if err != nil {
		return signin.Callback{}, err
	}
	out := signin.Callback{Code: cb.Code, Finish: cb.Finish}
	if cb.Err != nil {
		out.Err = &signin.AuthorizeError{Code: cb.Err.Code, Description: cb.Err.Description}
	}
	return out, nil
}

// Close implements signin.Listener.
func (l listener) Close() { _ = l.Listener.Close() }

func (a *app) buildLogin(o *loginOptions, noBrowser bool) error {
	files, err := a.cache()
	if err != nil {
		return err
	}
	agent := ""
	if !o.UseDevice {
		agent = " md/sso#auth"
	}
	client, err := a.api(o.Config, o.Profile, agent)
	if err != nil {
		return err
	}
	shown := &presenter{out: a.sys.Stdout, warn: a.warn}
	if !noBrowser {
		opener := browser.Opener{LookupEnv: a.sys.LookupEnv}
		shown.open = opener.Open
	}
	o.Resolve = func(ctx context.Context, sso awsconfig.SSO) (signin.Resolved, error) {
		_, own, err := endpoint(o.Config, awsconfig.ServiceSSOOIDC, sso, "us-east-1")
		if err != nil {
			return signin.Resolved{}, err
		}
		return signin.Resolve(ctx, sso.StartURL, sso.Region, own, client)
	}
	o.SignIn = func(ctx context.Context, sso awsconfig.SSO, r signin.Request) error {
		url, _, err := endpoint(o.Config, awsconfig.ServiceSSOOIDC, sso, sso.Region)
		if err != nil {
			return err
		}
		// Better now than after the person has been to the browser.
		room, err := files.MakeRoom()
		if err != nil {
			return err
		}
		room()
		flow := &signin.Flow{
			OIDC: oidcService{client, url}, Registrations: files, Presenter: shown,
			Listen: func(ctx context.Context, path, state string) (signin.Listener, error) {
				l, err := loopback.Listen(ctx, loopback.Config{Path: path, State: state})
				if err != nil {
					return nil, err
				}
				return listener{l}, nil
			},
			Save:  a.tokens(o.Config, client, files, sso).Put,
			Clock: a.sys.Clock, Random: a.sys.Random, Log: a.log(),
		}
		return flow.SignIn(ctx, r)
	}
	o.ForgetRole = files.DropRole
	o.SetKey = func(ctx context.Context, path string, in awsconfig.Header, key, value string) error {
		_, err := configfile.Update(ctx, path, func(b []byte) ([]byte, error) { return awsconfig.SetKey(b, in, key, value) })
		return err
	}
	return nil
}

func (a *app) buildLogout(o *logoutOptions) error {
	files, err := a.cache()
	if err != nil {
		return err
	}
	profile, _ := o.Config.ActiveProfile(a.global.profile)
	// Settings that cannot be used keep the service from being told, not a person from signing out.
	client, unusable := a.api(o.Config, profile, "")
	asSignedIn := func(t cache.CachedToken) signedIn {
		return signedIn{Name: t.Name, StartURL: t.StartURL, Region: t.Region, Token: t.AccessToken, Expires: t.ExpiresAt}
	}
	o.Tokens = func() ([]signedIn, error) {
		cached, err := files.Tokens()
		var all []signedIn
		for _, t := range cached {
			all = append(all, asSignedIn(t))
		}
		return all, err
	}
	o.Token = func(key string) (signedIn, bool) {
		t, ok := files.Token(key)
		return asSignedIn(t), ok
	}
	o.Remove = func(t signedIn) (signedIn, error) {
		last, err := files.RemoveToken(cache.CachedToken{
			Name: t.Name, StartURL: t.StartURL, Region: t.Region, AccessToken: t.Token, ExpiresAt: t.Expires,
		})
		return asSignedIn(last), err
	}
	o.Forget, o.Purge = files.DropRole, files.RemoveAllRoles
	whose := signInsByFile(o.Config, profile, cache.TokenFile)
	o.Tell = func(ctx context.Context, t signedIn) error {
		if unusable != nil {
			return unusable
		}
		sso, known := whose[t.Name]
		if !known {
			sso = awsconfig.SSO{Profile: profile}
		}
		url, own, err := endpoint(o.Config, awsconfig.ServiceSSO, sso, t.Region)
		if err != nil {
			return err
		}
		if u, err := awsconfig.ParseStartURL(t.StartURL); !own && (err != nil || u.Loopback()) {
			// A token of somebody's own center is none of AWS's business.
			return errors.New("no endpoint is configured for it")
		}
		return client.Logout(ctx, url, t.Token)
	}
	return nil
}

// buildCredentials returns what gets a profile's credentials: the environment's, if no profile is named
// with --profile, then those of its SSO role, then its static keys. It is the AWS CLI's order as far as
// it is built.
func (a *app) buildCredentials(flag *string) (func(context.Context) (credentials.Credentials, error), error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	name, explicit := c.ActiveProfile(*flag)
	if *flag == "" {
		env := func(k string) string { v, _ := a.sys.LookupEnv(k); return v }
		keys, ok, err := credentials.Static(env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), env("AWS_SESSION_TOKEN"))
		if err != nil {
			return nil, &retrieveError{err}
		}
		if ok {
			return func(context.Context) (credentials.Credentials, error) { return keys, nil }, nil
		}
	}
	if explicit {
		if err := c.RequireProfile(name); err != nil {
			return nil, err
		}
	}
	sso, err := c.CredentialSource(name)
	if notSSO := new(awsconfig.NotSSOError); errors.As(err, &notSSO) {
		return staticOf(c, name)
	}
	if err != nil {
		return nil, &retrieveError{err}
	}
	files, err := a.cache()
	if err != nil {
		return nil, err
	}
	client, err := a.api(c, name, "")
	if err != nil {
		return nil, err
	}
	source := &credentials.Source{
		Store: files, Tokens: a.tokens(c, client, files, sso), Clock: a.sys.Clock, Log: a.log(),
		Portal: credentials.PortalFunc(func(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error) {
			url, _, err := endpoint(c, awsconfig.ServiceSSO, sso, region)
			if err != nil {
				return wire.RoleCredentials{}, err
			}
			return client.GetRoleCredentials(ctx, url, token, accountID, roleName)
		}),
	}
	return func(ctx context.Context) (credentials.Credentials, error) { return source.Get(ctx, roleOf(sso)) }, nil
}

// buildToken returns what gets the token of a session, or of the profile's sign-in.
func (a *app) buildToken(sessionName string) (func(context.Context) (session.Token, error), error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	profile, explicit, err := a.activeProfile(c)
	if err != nil {
		return nil, err
	}
	if sessionName != "" && !explicit {
		profile = ""
	}
	sso, err := c.LoginTarget(profile, sessionName)
	if err != nil {
		return nil, err
	}
	files, err := a.cache()
	if err != nil {
		return nil, err
	}
	client, err := a.api(c, profile, "")
	if err != nil {
		return nil, err
	}
	source := a.tokens(c, client, files, sso)
	return func(ctx context.Context) (session.Token, error) { return source.Token(ctx, targetOf(sso)) }, nil
}

// buildPortalCall binds the portal's calls to a token: the given one, or that of the profile's sign-in.
func (a *app) buildPortalCall(ctx context.Context, given string) (*portalCall, error) {
	c, err := a.loadTalking()
	if err != nil {
		return nil, err
	}
	name, _, err := a.activeProfile(c)
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
		if sso, err = c.LoginTarget(name, ""); err != nil {
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
		Accounts: func(ctx context.Context, next string) (wire.ListAccountsResponse, error) {
			return client.ListAccounts(ctx, url, token, next, 0)
		},
		Roles: func(ctx context.Context, accountID, next string) (wire.ListAccountRolesResponse, error) {
			return client.ListAccountRoles(ctx, url, token, accountID, next, 0)
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
