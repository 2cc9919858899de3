// Package ssoapi is HTTP to the OIDC service, the access portal and STS: requests, retries, timeouts,
// proxies, certificates, and what a service's refusal means.
//
// Only the command line's build.go makes a [Client]; rules see it through ports of theirs. It is told
// the endpoint of each call, and knows no file but a CA bundle. Nothing it logs or returns in an error
// holds a secret.
package ssoapi

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Config is how a client behaves. Every field is used as it is; a zero one means what its comment says.
type Config struct {
	CABundle       string        // file of PEM certificates to trust instead of the system's; "" for the system's
	NoVerifySSL    bool          // do not verify servers at all
	ConnectTimeout time.Duration // 0 waits for ever
	ReadTimeout    time.Duration // for the answer once the request is sent; 0 waits for ever
	LookupEnv      func(key string) (string, bool)
	MaxAttempts    int // in all; 0 means 3
	Clock          clock.Clock
	Random         io.Reader
	UserAgent      string
	Log            *slog.Logger
}

// Client makes calls. It is safe for concurrent use.
type Client struct {
	config Config
	trust  func() error // makes the CA bundle the transport's, once
	http   *http.Client
}

const (
	defaultAttempts = 3
	maxBody         = 4 << 20
)

// New makes a client. Nothing is read or dialled before the first call, so that what needs no call works
// whatever is wrong with the CA bundle, which is a *BundleError of every call.
func New(c Config) *Client {
	if c.MaxAttempts == 0 {
		c.MaxAttempts = defaultAttempts
	}
	t := newTransport(c)
	return &Client{config: c, trust: trust(c, t), http: &http.Client{
		Transport: t,
		// Neither a token nor a body is ever taken to where an answer points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do is the only way to the network.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	if err := c.trust(); err != nil {
		return nil, err
	}
	return c.http.Do(req)
}

// RegisterClient is sso-oidc RegisterClient.
func (c *Client) RegisterClient(ctx context.Context, endpoint string, in wire.RegisterClientRequest) (out wire.RegisterClientResponse, err error) {
	return out, c.callJSON(ctx, request{operation: "RegisterClient", endpoint: endpoint, path: wire.PathRegisterClient, body: in}, &out)
}

// StartDeviceAuthorization is sso-oidc StartDeviceAuthorization.
func (c *Client) StartDeviceAuthorization(ctx context.Context, endpoint string, in wire.StartDeviceAuthorizationRequest) (out wire.StartDeviceAuthorizationResponse, err error) {
	return out, c.callJSON(ctx, request{operation: "StartDeviceAuthorization", endpoint: endpoint, path: wire.PathStartDeviceAuthorization, body: in}, &out)
}

// CreateToken is sso-oidc CreateToken. Like the AWS CLI it is sent again when the connection failed or
// the service broke: a code that was redeemed all the same is refused then, which loses nothing.
func (c *Client) CreateToken(ctx context.Context, endpoint string, in wire.CreateTokenRequest) (out wire.CreateTokenResponse, err error) {
	return out, c.callJSON(ctx, request{operation: "CreateToken", endpoint: endpoint, path: wire.PathCreateToken, body: in}, &out)
}

// ListAccounts is one page of sso ListAccounts; maxResults 0 leaves the page's size to the service.
func (c *Client) ListAccounts(ctx context.Context, endpoint string, token wire.Secret, next string, maxResults int) (out wire.ListAccountsResponse, err error) {
	return out, c.callJSON(ctx, request{operation: "ListAccounts", endpoint: endpoint, path: wire.PathListAccounts, token: token, query: page(next, maxResults)}, &out)
}

// ListAccountRoles is one page of sso ListAccountRoles.
func (c *Client) ListAccountRoles(ctx context.Context, endpoint string, token wire.Secret, accountID, next string, maxResults int) (out wire.ListAccountRolesResponse, err error) {
	q := page(next, maxResults)
	q.Set(wire.ParamAccountID, accountID)
	return out, c.callJSON(ctx, request{operation: "ListAccountRoles", endpoint: endpoint, path: wire.PathListAccountRoles, token: token, query: q}, &out)
}

// GetRoleCredentials is sso GetRoleCredentials.
func (c *Client) GetRoleCredentials(ctx context.Context, endpoint string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error) {
	var out wire.GetRoleCredentialsResponse
	q := url.Values{wire.ParamRoleName: {roleName}, wire.ParamAccountID: {accountID}}
	err := c.callJSON(ctx, request{operation: "GetRoleCredentials", endpoint: endpoint, path: wire.PathGetRoleCredentials, token: token, query: q}, &out)
	return out.RoleCredentials, err
}

// Logout is sso Logout.
func (c *Client) Logout(ctx context.Context, endpoint string, token wire.Secret) error {
	return c.callJSON(ctx, request{operation: "Logout", method: http.MethodPost, endpoint: endpoint, path: wire.PathLogout, token: token}, nil)
}

func page(next string, maxResults int) url.Values {
	q := url.Values{}
	if next != "" {
		q.Set(wire.ParamNextToken, next)
	}
	if maxResults > 0 {
		q.Set(wire.ParamMaxResult, strconv.Itoa(maxResults))
	}
	return q
}

// GetCallerIdentity is sts GetCallerIdentity, signed with the keys for the region.
func (c *Client) GetCallerIdentity(ctx context.Context, endpoint, region string, keys Keys) (wire.GetCallerIdentityResult, error) {
	form := url.Values{"Action": {wire.ActionGetCallerIdentity}, "Version": {wire.STSVersion}}
	r := request{
		operation: "GetCallerIdentity", endpoint: endpoint, path: "/", form: form.Encode(),
		sign: func(h *http.Request, body []byte) { Sign(h, body, keys, "sts", region, c.config.Clock.Now()) },
	}
	answer, err := c.call(ctx, r)
	if err != nil {
		return wire.GetCallerIdentityResult{}, err
	}
	var out wire.GetCallerIdentityResponse
	if err := xml.Unmarshal(answer, &out); err != nil || out.Result.ARN == "" {
		return wire.GetCallerIdentityResult{}, &MalformedError{Operation: r.operation, Endpoint: endpoint, Err: err}
	}
	return out.Result, nil
}

// AuthorizeURL is the authorization endpoint that goes with an OIDC endpoint: at the root of its
// origin, whatever path the endpoint has, as the AWS CLI builds it.
func AuthorizeURL(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is not an endpoint", endpoint)
	}
	return u.Scheme + "://" + u.Host + wire.PathAuthorize, nil
}

// ResolveRedirect asks where a URL leads, following nothing: HEAD, or GET where HEAD is not allowed.
// location is "" when the answer names none.
func (c *Client) ResolveRedirect(ctx context.Context, target string) (status int, location string, err error) {
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		req, err := http.NewRequestWithContext(ctx, method, target, nil)
		if err != nil {
			return 0, "", err
		}
		req.Header.Set("User-Agent", c.config.UserAgent)
		resp, err := c.do(req)
		if err != nil {
			return 0, "", asNetworkError(ctx, target, err)
		}
		_ = resp.Body.Close()
		status, location = resp.StatusCode, resp.Header.Get("Location")
		if status != http.StatusMethodNotAllowed && status != http.StatusNotImplemented {
			break
		}
	}
	return status, location, nil
}
