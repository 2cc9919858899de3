package signin_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"keyfob/internal/awsconfig"
	"keyfob/internal/signin"
)

// redirects answers for one URL, and counts.
type redirects struct {
	status   int
	location string
	err      error
	asked    []string
}

func (r *redirects) ResolveRedirect(_ context.Context, url string) (int, string, error) {
	r.asked = append(r.asked, url)
	return r.status, r.location, r.err
}

func TestResolve(t *testing.T) {
	const vanity = "https://sso.example.com/go"
	offline := errors.New("no such host")
	for _, c := range []struct {
		name, start, region string
		own                 bool
		answer              redirects
		want                signin.Resolved
		wantErr             string
		asked               int
	}{
		{name: "AWS's own", start: "https://d-1.awsapps.com/start", region: "us-east-1", want: signin.Resolved{IssuerURL: "https://d-1.awsapps.com/start", Region: "us-east-1"}},
		{
			name: "AWS's own names another region", start: "https://ssoins-1.portal.eu-west-1.app.aws", region: "us-east-1",
			want: signin.Resolved{IssuerURL: "https://ssoins-1.portal.eu-west-1.app.aws", Region: "us-east-1"},
		},
		{name: "loopback", start: "http://127.0.0.1:8480/start", region: "us-east-1", want: signin.Resolved{IssuerURL: "http://127.0.0.1:8480/start", Region: "us-east-1"}},
		{name: "endpoint configured", start: vanity, region: "us-east-1", own: true, want: signin.Resolved{IssuerURL: vanity, Region: "us-east-1"}},
		{
			name: "vanity", start: vanity, region: "us-east-1", asked: 1,
			answer: redirects{status: 302, location: "https://ssoins-1.portal.eu-west-1.app.aws:443/start/?x=y#z"},
			want:   signin.Resolved{IssuerURL: "https://ssoins-1.portal.eu-west-1.app.aws/start", Region: "eu-west-1"},
		},
		{
			name: "vanity to a host without a region", start: vanity, region: "us-east-1", asked: 1,
			answer: redirects{status: 308, location: "https://d-1.awsapps.com/start"},
			want:   signin.Resolved{IssuerURL: "https://d-1.awsapps.com/start", Region: "us-east-1"},
		},
		{name: "no region anywhere", start: vanity, asked: 1, answer: redirects{status: 302, location: "https://d-1.awsapps.com/start"}, wantErr: "Cannot determine region from start URL 'https://sso.example.com/go'. Please provide sso_region in your configuration."},
		{name: "somebody else", start: vanity, region: "r", asked: 1, answer: redirects{status: 302, location: "https://awsapps.com.evil.net/x"}, wantErr: "Could not resolve start URL 'https://sso.example.com/go' to an AWS-owned endpoint. Final URL: 'https://awsapps.com.evil.net/x'"},
		{name: "no redirect", start: vanity, region: "r", asked: 1, answer: redirects{status: 200}, wantErr: "Could not resolve start URL 'https://sso.example.com/go' to an AWS-owned endpoint. Final URL: 'https://sso.example.com/go'"},
		{name: "no location", start: vanity, region: "r", asked: 1, answer: redirects{status: 302}, wantErr: "Redirect response missing Location header."},
		{name: "plain http", start: vanity, region: "r", asked: 1, answer: redirects{status: 302, location: "http://d-1.awsapps.com/start"}, wantErr: "Resolved URL must use https. Got: 'http://d-1.awsapps.com/start'"},
		{name: "not found", start: vanity, region: "r", asked: 1, answer: redirects{status: 404}, wantErr: "Failed to resolve start URL: HTTP 404"},
		{name: "offline", start: vanity, region: "r", asked: 1, answer: redirects{err: offline}, wantErr: "Failed to resolve start URL: no such host"},
		{name: "http", start: "http://sso.example.com", region: "r", wantErr: "The sso_start_url must use the https scheme."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := signin.Resolve(t.Context(), c.start, c.region, c.own, &c.answer)
			if fmt.Sprint(err) != fmt.Sprint(orNil(c.wantErr)) || got != c.want {
				t.Errorf("got %+v, %v\nwant %+v, %v", got, err, c.want, c.wantErr)
			}
			if config := awsconfig.ConfigError(nil); err != nil && !errors.As(err, &config) {
				t.Errorf("%T is not an error of the configuration", err)
			}
			if len(c.answer.asked) != c.asked {
				t.Errorf("asked for %v", c.answer.asked)
			}
		})
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func TestResolveInterrupted(t *testing.T) {
	cause := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := signin.Resolve(ctx, "https://sso.example.com", "r", false, &redirects{err: ctx.Err()})
	if !errors.Is(err, cause) {
		t.Errorf("error is %v", err)
	}
}
