package signin

import (
	"context"

	"keyfob/internal/awsconfig"
)

// Redirects asks where a URL leads without following it: one HEAD, or a GET where HEAD is not
// allowed. location is "" when the answer is no redirect.
type Redirects interface {
	ResolveRedirect(ctx context.Context, url string) (status int, location string, err error)
}

// Resolved is where a start URL leads.
type Resolved struct {
	IssuerURL string // what the service knows the instance by
	Region    string // where its OIDC service is
}

// Resolve finds out what a start URL stands for. AWS's own URLs stand for themselves; any other is
// taken for a vanity URL, which must redirect to one of AWS's, whose region then wins over the
// configured one. A center of one's own needs no AWS name: its start URL is accepted as it is when it
// is on loopback, or when the OIDC endpoint is configured (ownEndpoint).
func Resolve(ctx context.Context, startURL, region string, ownEndpoint bool, redirects Redirects) (Resolved, error) {
	u, err := awsconfig.ParseStartURL(startURL)
	if err != nil {
		return Resolved{}, err
	}
	if u.AWSOwned() || u.Loopback() || ownEndpoint {
		return Resolved{IssuerURL: startURL, Region: region}, nil
	}
	status, location, err := redirects.ResolveRedirect(ctx, startURL)
	switch {
	case ctx.Err() != nil:
		return Resolved{}, context.Cause(ctx)
	case err != nil:
		return Resolved{}, &awsconfig.ResolveError{StartURL: startURL, Err: err}
	case status >= 200 && status < 300:
		location = startURL // it leads to itself, and that is not AWS
	case status < 300 || status >= 400:
		return Resolved{}, &awsconfig.ResolveError{StartURL: startURL, Status: status}
	}
	issuer, resolvedRegion, err := awsconfig.VetResolved(startURL, location, region)
	if err != nil {
		return Resolved{}, err
	}
	return Resolved{IssuerURL: issuer, Region: resolvedRegion}, nil
}
