// Package ssoapi is HTTP to the OIDC service, the access portal and STS: requests, retries, timeouts,
// proxies, certificates, and what a service's refusal means.
//
// Only package sources makes a [Client]; rules see it through ports of theirs. It is told
// the endpoint of each call, and knows no file but a CA bundle. Nothing it logs or returns in an error
// holds a secret.
package ssoapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
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
	http   *lazyTransport
}

const (
	defaultAttempts = 3
	maxBody         = 4 << 20
)

// New makes a client. Nothing is read or dialled before the first call: a CA bundle or a proxy variable
// that cannot be used is that call's error, and keeps nobody from what needs no network, such as removing
// what is on this machine when signing out.
func New(c Config) *Client {
	if c.MaxAttempts == 0 {
		c.MaxAttempts = defaultAttempts
	}
	return &Client{config: c, http: &lazyTransport{get: sync.OnceValues(func() (transports, error) { return newTransports(c) })}}
}

// RegisterClient is sso-oidc RegisterClient.
func (c *Client) RegisterClient(ctx context.Context, endpoint string, in wire.RegisterClientRequest) (out wire.RegisterClientResponse, err error) {
	err = c.callJSON(ctx, request{operation: "RegisterClient", endpoint: endpoint, path: wire.PathRegisterClient, body: in}, &out)
	return out, err
}

// StartDeviceAuthorization is sso-oidc StartDeviceAuthorization.
func (c *Client) StartDeviceAuthorization(ctx context.Context, endpoint string, in wire.StartDeviceAuthorizationRequest) (out wire.StartDeviceAuthorizationResponse, err error) {
	err = c.callJSON(ctx, request{operation: "StartDeviceAuthorization", endpoint: endpoint, path: wire.PathStartDeviceAuthorization, body: in}, &out)
	if err == nil && (out.DeviceCode == "" || out.UserCode == "" || out.VerificationURI == "") {
		err = &MalformedError{Operation: "StartDeviceAuthorization", Endpoint: endpoint, Err: errors.New("a member is missing")}
	}
	return out, err
}

// CreateToken is sso-oidc CreateToken. Like the AWS CLI it is sent again when the connection failed or
// the service broke: a code that was redeemed all the same is refused then, which loses nothing. Only
// when a success breaks off is it certain that the grant was used up, and another attempt of no use.
func (c *Client) CreateToken(ctx context.Context, endpoint string, in wire.CreateTokenRequest) (out wire.CreateTokenResponse, err error) {
	err = c.callJSON(ctx, request{operation: "CreateToken", endpoint: endpoint, path: wire.PathCreateToken, body: in, once: true}, &out)
	return out, err
}

// ListAccounts is one page of sso ListAccounts; maxResults 0 leaves the page's size to the service.
func (c *Client) ListAccounts(ctx context.Context, endpoint string, token wire.Secret, next string, maxResults int) (out wire.ListAccountsResponse, err error) {
	err = c.callJSON(ctx, request{operation: "ListAccounts", endpoint: endpoint, path: wire.PathListAccounts, token: token, query: page(next, maxResults)}, &out)
	return out, err
}

// ListAccountRoles is one page of sso ListAccountRoles.
func (c *Client) ListAccountRoles(ctx context.Context, endpoint string, token wire.Secret, accountID, next string, maxResults int) (out wire.ListAccountRolesResponse, err error) {
	q := page(next, maxResults)
	q.Set(wire.ParamAccountID, accountID)
	err = c.callJSON(ctx, request{operation: "ListAccountRoles", endpoint: endpoint, path: wire.PathListAccountRoles, token: token, query: q}, &out)
	return out, err
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
		resp, err := c.http.RoundTrip(req)
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
