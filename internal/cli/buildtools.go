package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/browser"
	"keyfob/internal/credentials"
	"keyfob/internal/loopback"
	"keyfob/internal/sources"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// caller is a profile as services are called for it.
type caller struct {
	Config      *awsconfig.Config
	Profile     string
	Region      string // "" when none is configured
	Credentials func(context.Context) (credentials.Credentials, error)
}

func (a *app) buildCaller() (caller, error) {
	c, err := a.load()
	if err != nil {
		return caller{}, err
	}
	get, err := a.buildCredentials(&a.global.profile)
	if r := new(sources.UnavailableError); errors.As(err, &r) {
		err = r.Err // the prefix is export-credentials' own
	}
	if err != nil {
		return caller{}, err
	}
	name, _ := c.ActiveProfile(a.global.profile)
	return caller{c, name, c.Region(a.global.region, name), get}, nil
}

// endpoint returns where the calls of a service go: --endpoint-url, what is configured, else AWS's own.
func (a *app) endpointOf(c caller, service awsconfig.Service, region string) (string, error) {
	if a.global.endpointURL != "" {
		return a.global.endpointURL, nil
	}
	url, _, err := sources.Endpoint(c.Config, service, awsconfig.SSO{Profile: c.Profile}, region)
	return url, err
}

func keysOf(c credentials.Credentials) ssoapi.Keys {
	return ssoapi.Keys{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// buildEKSToken ties the command to a profile. Without a region it is the global STS of the partition
// aws that the cluster asks, as for the AWS CLI.
func (a *app) buildEKSToken(o *eksTokenOptions) error {
	c, err := a.buildCaller()
	if err != nil {
		return err
	}
	region, url := c.Region, ""
	if region == "" {
		region = "us-east-1"
	}
	url, err = a.endpointOf(c, awsconfig.ServiceSTS, c.Region)
	if errors.As(err, new(*awsconfig.NoRegionError)) {
		url, err = "https://sts.amazonaws.com", nil
	}
	if err != nil {
		return err
	}
	o.Credentials, o.Now = c.Credentials, a.sys.Clock.Now
	o.Presign = func(keys credentials.Credentials, headers map[string]string) (wire.Secret, error) {
		return ssoapi.PresignGetCallerIdentity(url, region, keysOf(keys), headers, a.sys.Clock.Now())
	}
	return nil
}

// buildRDSToken ties the command to a profile.
func (a *app) buildRDSToken(o *rdsTokenOptions) error {
	c, err := a.buildCaller()
	if err != nil {
		return err
	}
	if c.Region == "" {
		return &awsconfig.NoRegionError{}
	}
	o.Credentials = c.Credentials
	o.Presign = func(keys credentials.Credentials) wire.Secret {
		return ssoapi.PresignDBConnect(o.Hostname, o.Port, o.Username, c.Region, keysOf(keys), a.sys.Clock.Now())
	}
	return nil
}

// registryPassword asks for a registry's password, in the registry's region.
func (a *app) registryPassword(ctx context.Context, r awsconfig.Registry) (username string, password wire.Secret, err error) {
	c, err := a.buildCaller()
	if err != nil {
		return "", "", err
	}
	client, err := a.api(c.Config, c.Profile, "")
	if err != nil {
		return "", "", err
	}
	service, ask := awsconfig.ServiceECR, client.ECRPassword
	if r.Public {
		service, ask = awsconfig.ServiceECRPublic, client.ECRPublicPassword
	}
	url, err := a.endpointOf(c, service, r.Region)
	if err != nil {
		return "", "", err
	}
	keys, err := c.Credentials(ctx)
	if err != nil {
		return "", "", err
	}
	p, err := ask(ctx, url, r.Region, keysOf(keys))
	return p.Username, p.Password, err
}

// buildCodeArtifact ties the command to a profile.
func (a *app) buildCodeArtifact(o *codeArtifactOptions) error {
	c, err := a.buildCaller()
	if err != nil {
		return err
	}
	if c.Region == "" {
		return &awsconfig.NoRegionError{}
	}
	url, err := a.endpointOf(c, awsconfig.ServiceCodeArtifact, c.Region)
	if err != nil {
		return err
	}
	client, err := a.api(c.Config, c.Profile, "")
	if err != nil {
		return err
	}
	o.Token = func(ctx context.Context) (wire.Secret, time.Time, error) {
		keys, err := c.Credentials(ctx)
		if err != nil {
			return "", time.Time{}, err
		}
		t, err := client.CodeArtifactToken(ctx, url, c.Region, keysOf(keys), ssoapi.CodeArtifactTokenRequest{Domain: o.Domain, Owner: o.Owner, Seconds: o.Seconds})
		return t.Token, t.ExpiresAt, err
	}
	return nil
}

// buildConsole ties the command to a profile. One that has no region is shown that of its sign-in, which
// is of the same partition.
func (a *app) buildConsole(o *consoleOptions, destination string, show bool) error {
	c, err := a.buildCaller()
	if err != nil {
		return err
	}
	var sso awsconfig.SSO // the sign-in that the credentials come from, if it is one
	if source, err := c.Config.Source(c.Profile, a.global.profile == ""); err == nil {
		sso = source.Root().SSO
	}
	region := cmp.Or(c.Region, sso.Region)
	if o.Destination, err = awsconfig.ConsoleURL(region, destination); err != nil {
		return err
	}
	url := a.global.endpointURL
	if url == "" {
		// With the start URL, so that the credentials of a center on this machine are not sent to AWS.
		if url, _, err = sources.Endpoint(c.Config, awsconfig.ServiceSignin, awsconfig.SSO{Profile: c.Profile, StartURL: sso.StartURL}, region); err != nil {
			return err
		}
	}
	client, err := a.api(c.Config, c.Profile, "")
	if err != nil {
		return err
	}
	o.Credentials, o.Profile, o.Issuer = c.Credentials, c.Profile, cmp.Or(o.Issuer, sso.StartURL)
	o.Login, o.Terminal = strings.TrimSuffix(url, "/")+ssoapi.PathFederation, a.showsOnTerminal()
	o.SigninToken = func(ctx context.Context, session wire.Secret, seconds int) (wire.Secret, error) {
		return client.SigninToken(ctx, url, session, seconds)
	}
	if !show {
		opener := browser.Opener{LookupEnv: a.sys.LookupEnv}
		o.Open = func(ctx context.Context, page wire.Secret) error {
			return loopback.Handoff(ctx, page.Reveal(), a.sys.Random, opener.Open)
		}
	}
	return nil
}
