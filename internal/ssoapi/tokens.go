package ssoapi

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/wire"
)

const operationGetAuthorizationToken = "GetAuthorizationToken"

// RegistryPassword is what a registry of container images takes.
type RegistryPassword struct {
	Username string
	Password wire.Secret
}

// authorizationData is a member of the output of ecr and ecr-public GetAuthorizationToken.
type authorizationData struct {
	AuthorizationToken wire.Secret `json:"authorizationToken"`
}

// ECRPassword is ecr GetAuthorizationToken, for every registry of the region.
func (c *Client) ECRPassword(ctx context.Context, endpoint, region string, keys Keys) (RegistryPassword, error) {
	var out struct {
		AuthorizationData []authorizationData `json:"authorizationData"`
	}
	err := c.callJSON(ctx, request{
		operation: operationGetAuthorizationToken, endpoint: endpoint, path: "/", body: struct{}{},
		target: "AmazonEC2ContainerRegistry_V20150921." + operationGetAuthorizationToken, sign: c.signer(keys, "ecr", region),
	}, &out)
	if err != nil {
		return RegistryPassword{}, err
	}
	if len(out.AuthorizationData) == 0 {
		return RegistryPassword{}, &MalformedError{Operation: operationGetAuthorizationToken, Endpoint: endpoint, Err: errors.New("authorizationData is missing")}
	}
	return out.AuthorizationData[0].password(endpoint)
}

// ECRPublicPassword is ecr-public GetAuthorizationToken, for the public registry.
func (c *Client) ECRPublicPassword(ctx context.Context, endpoint, region string, keys Keys) (RegistryPassword, error) {
	var out struct {
		AuthorizationData authorizationData `json:"authorizationData"`
	}
	err := c.callJSON(ctx, request{
		operation: operationGetAuthorizationToken, endpoint: endpoint, path: "/", body: struct{}{},
		target: "SpencerFrontendService." + operationGetAuthorizationToken, sign: c.signer(keys, "ecr-public", region),
	}, &out)
	if err != nil {
		return RegistryPassword{}, err
	}
	return out.AuthorizationData.password(endpoint)
}

// password takes the token apart, which is that of HTTP's basic authentication.
func (d authorizationData) password(endpoint string) (RegistryPassword, error) {
	plain, err := base64.StdEncoding.DecodeString(d.AuthorizationToken.Reveal())
	user, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok || user == "" || password == "" {
		return RegistryPassword{}, &MalformedError{Operation: operationGetAuthorizationToken, Endpoint: endpoint, Err: errors.New("the token is not of a user and a password")}
	}
	return RegistryPassword{user, wire.Secret(password)}, nil
}

// CodeArtifactToken is a token for the package managers' side of a domain. ExpiresAt is zero when the
// service does not say.
type CodeArtifactToken struct {
	Token     wire.Secret
	ExpiresAt time.Time
}

// CodeArtifactTokenRequest is the input of codeartifact GetAuthorizationToken. Owner and Seconds are not
// sent when empty.
type CodeArtifactTokenRequest struct {
	Domain  string
	Owner   string // account, 12 digits
	Seconds string // decimal; "0" is as long as the credentials
}

// CodeArtifactToken is codeartifact GetAuthorizationToken.
func (c *Client) CodeArtifactToken(ctx context.Context, endpoint, region string, keys Keys, in CodeArtifactTokenRequest) (CodeArtifactToken, error) {
	q := url.Values{"domain": {in.Domain}}
	if in.Owner != "" {
		q.Set("domain-owner", in.Owner)
	}
	if in.Seconds != "" {
		q.Set("duration", in.Seconds)
	}
	var out struct {
		AuthorizationToken wire.Secret `json:"authorizationToken"`
		Expiration         float64     `json:"expiration"`
	}
	err := c.callJSON(ctx, request{
		operation: operationGetAuthorizationToken, method: http.MethodPost, endpoint: endpoint, path: "/v1/authorization-token", query: q,
		sign: c.signer(keys, "codeartifact", region),
	}, &out)
	if err != nil {
		return CodeArtifactToken{}, err
	}
	if out.AuthorizationToken == "" {
		return CodeArtifactToken{}, &MalformedError{Operation: operationGetAuthorizationToken, Endpoint: endpoint, Err: errors.New("authorizationToken is missing")}
	}
	t := CodeArtifactToken{Token: out.AuthorizationToken}
	if e := out.Expiration; e > 0 && e < 1e11 {
		t.ExpiresAt = time.UnixMilli(int64(math.Round(e * 1000))).UTC()
	}
	return t, nil
}

// SigninToken asks the console's federation endpoint for a token that signs a browser in, from the keys
// of a role. seconds is how long the console's session lasts, 0 for the endpoint's own choice.
//
// It is documented as a GET, but the keys are sent as a form: a query is what proxies and servers log.
func (c *Client) SigninToken(ctx context.Context, endpoint string, session wire.Secret, seconds int) (wire.Secret, error) {
	form := url.Values{"Action": {"getSigninToken"}, "Session": {session.Reveal()}}
	if seconds > 0 {
		form.Set("SessionDuration", strconv.Itoa(seconds))
	}
	var out struct {
		SigninToken wire.Secret `json:"SigninToken"`
	}
	err := c.callJSON(ctx, request{operation: "getSigninToken", endpoint: endpoint, path: PathFederation, form: form.Encode()}, &out)
	if err == nil && out.SigninToken == "" {
		err = &MalformedError{Operation: "getSigninToken", Endpoint: endpoint, Err: errors.New("SigninToken is missing")}
	}
	return out.SigninToken, err
}

// PathFederation is where the console's federation endpoint is, for programs and browsers.
const PathFederation = "/federation"

func (c *Client) signer(keys Keys, service, region string) func(*http.Request, []byte) {
	return func(r *http.Request, body []byte) { Sign(r, body, keys, service, region, c.config.Clock.Now()) }
}
