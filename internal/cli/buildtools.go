package cli

import (
	"context"
	"errors"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
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
	if r := new(retrieveError); errors.As(err, &r) {
		err = r.err // the prefix is export-credentials' own
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
	url, _, err := endpoint(c.Config, service, awsconfig.SSO{Profile: c.Profile}, region)
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
