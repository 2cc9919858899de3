package cli

import (
	"context"
	"errors"

	"keyfob/internal/awsconfig"
	"keyfob/internal/browser"
	"keyfob/internal/cache"
	"keyfob/internal/configfile"
	"keyfob/internal/loopback"
	"keyfob/internal/signin"
	"keyfob/internal/sources"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

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
		_, own, err := sources.Endpoint(o.Config, awsconfig.ServiceSSOOIDC, sso, "us-east-1")
		if err != nil {
			return signin.Resolved{}, err
		}
		return signin.Resolve(ctx, sso.StartURL, sso.Region, own, client)
	}
	o.SignIn = func(ctx context.Context, sso awsconfig.SSO, r signin.Request) error {
		url, _, err := sources.Endpoint(o.Config, awsconfig.ServiceSSOOIDC, sso, sso.Region)
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
	o.Forget = a.forgotten(files)
	o.SetKey = func(ctx context.Context, path string, in awsconfig.Header, key, value string) error {
		_, err := configfile.Update(ctx, path, func(b []byte) ([]byte, error) { return awsconfig.SetKey(b, in, key, value) })
		return err
	}
	return nil
}

func (a *app) forgotten(files *cache.Files) forgotten {
	return forgotten{files.DropRole, files.DropAssumed, func() { files.SweepAnswers(a.sys.Clock.Now()) }}
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
	o.Forget, o.Purge = a.forgotten(files), files.RemoveAllRoles
	whose := signInsByFile(o.Config, profile, cache.TokenFile)
	o.Tell = func(ctx context.Context, t signedIn) error {
		if unusable != nil {
			return unusable
		}
		sso, known := whose[t.Name]
		if !known {
			sso = awsconfig.SSO{Profile: profile}
		}
		url, own, err := sources.Endpoint(o.Config, awsconfig.ServiceSSO, sso, t.Region)
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
