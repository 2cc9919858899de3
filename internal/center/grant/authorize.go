package grant

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// CodeLifetime is how long an authorization code is good for.
const CodeLifetime = time.Minute

// maxState is the longest state, in bytes, that a redirect carries back.
const maxState = 1024

// Authorization is an authorization request (GET /authorize) that passed every check. It is plain
// data: flow carries it, sealed, from page to page.
type Authorization struct {
	ClientID    string
	ClientName  string // text from outside
	RedirectURI string
	State       string // text from outside, "" for none
	Challenge   string
	Scopes      []string
}

// CheckAuthorize checks the query of an authorization request. It returns a *PageError or a
// *RedirectError, or the store's error.
func (g *Grants) CheckAuthorize(ctx context.Context, q url.Values) (Authorization, error) {
	var none Authorization
	// First whatever decides whether there may be a redirect at all: who asks, and where it leads.
	for _, name := range []string{"client_id", "redirect_uri", "state"} {
		if len(q[name]) > 1 {
			return none, &PageError{Message: "The parameter %s is repeated.", Args: []any{name}}
		}
	}
	a := Authorization{ClientID: q.Get("client_id"), RedirectURI: q.Get("redirect_uri"), State: q.Get("state")}
	client, err := g.redirectable(ctx, a)
	if err != nil {
		return none, err
	}
	a.ClientName, a.Challenge = client.Name, q.Get("code_challenge")
	if oauth, why := g.checkRequest(client, q); oauth != "" {
		return none, &RedirectError{Location: g.refusal(a, oauth, why), OAuth: oauth}
	}
	a.Scopes = requestedScopes(q)
	if len(a.Scopes) == 0 {
		a.Scopes = client.Scopes
	}
	for _, s := range a.Scopes {
		if !slices.Contains(client.Scopes, s) {
			return none, &RedirectError{Location: g.refusal(a, "invalid_scope", "the client is not registered for a requested scope"), OAuth: "invalid_scope"}
		}
	}
	return a, nil
}

// redirectable returns the client of a request whose answer may go to its redirect URI.
func (g *Grants) redirectable(ctx context.Context, a Authorization) (store.Client, error) {
	client, err := g.Clients.Client(ctx, a.ClientID)
	var unknown *wire.ServiceError
	switch {
	case errors.As(err, &unknown):
		return client, &PageError{Message: "The client registration is not known here or has expired. " +
			"Remove the cached client registration (the file with a clientId but no accessToken in ~/.aws/sso/cache) and sign in again."}
	case err != nil:
		return client, err
	case !g.Clients.MatchRedirect(client, a.RedirectURI):
		return client, &PageError{Message: "The redirect_uri is not one that the client has registered."}
	case len(a.State) > maxState || !utf8.ValidString(a.State):
		// What is not text would not survive being carried around as it is.
		return client, &PageError{Message: "The state is too long, or not text."}
	}
	return client, nil
}

// checkRequest returns the OAuth error code of a request that the client got wrong, and why; both are
// empty if it got it right.
func (g *Grants) checkRequest(c store.Client, q url.Values) (oauth, why string) {
	for _, values := range q {
		if len(values) > 1 {
			return "invalid_request", "a parameter is repeated"
		}
	}
	switch {
	case q.Get("response_type") == "":
		return "invalid_request", "response_type is missing"
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "response_type must be code"
	case !slices.Contains(c.GrantTypes, wire.GrantAuthorizationCode):
		return "unauthorized_client", "the client is not registered for " + wire.GrantAuthorizationCode
	case q.Get("code_challenge") == "":
		return "invalid_request", "code_challenge is missing: PKCE is mandatory"
	case q.Get("code_challenge_method") != wire.ChallengeMethodS256:
		return "invalid_request", "code_challenge_method must be " + wire.ChallengeMethodS256
	case !validChallenge(q.Get("code_challenge")):
		return "invalid_request", "code_challenge must be 43 characters of base64url"
	case q.Has("scope") && q.Has("scopes") && !slices.Equal(strings.Fields(q.Get("scope")), strings.Fields(q.Get("scopes"))):
		return "invalid_request", "scope and scopes differ"
	}
	return "", ""
}

// requestedScopes reads the parameter under the name of RFC 6749 and under the AWS CLI's.
func requestedScopes(q url.Values) []string {
	var out []string
	for _, s := range strings.Fields(q.Get("scope") + " " + q.Get("scopes")) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// AllowAuthorize makes the authorization code of a request that p has allowed, and returns where the
// browser brings it. The request is held against its client once more: the registration may have gone
// since. Errors are ErrNotSignedIn, *PageError and the store's.
func (g *Grants) AllowAuthorize(ctx context.Context, a Authorization, p Person) (location string, err error) {
	if err := g.signedIn(p); err != nil {
		return "", err
	}
	if _, err := g.redirectable(ctx, a); err != nil {
		return "", err
	}
	family, err := g.family(p, a.ClientID, a.Scopes)
	if err != nil {
		return "", err
	}
	code, hash, err := opaque.New(g.Random, opaque.AuthorizationCode)
	if err != nil {
		return "", err
	}
	if err := g.Store.AddCode(ctx, store.AuthorizationCode{
		CodeHash: hash, ClientID: a.ClientID, RedirectURI: a.RedirectURI, Challenge: a.Challenge, FamilyID: family.ID,
		ExpiresAt: g.Clock.Now().Add(CodeLifetime),
	}, family); err != nil {
		return "", err
	}
	if err := g.Audit.Record(ctx, event("Authorize", audit.Success, p, a.ClientID)); err != nil {
		return "", err
	}
	return g.answer(a, url.Values{"code": {code.Reveal()}}), nil
}

// DenyAuthorize returns where the browser tells the client that the person has refused.
func (g *Grants) DenyAuthorize(a Authorization) (location string) {
	return g.refusal(a, "access_denied", "the person has denied the request")
}

func (g *Grants) refusal(a Authorization, oauth, why string) string {
	return g.answer(a, url.Values{"error": {oauth}, "error_description": {why}})
}

// answer adds parameters to the redirect URI, with the state as it came, byte for byte, and the
// issuer, by which a client of several servers notices a mix-up (RFC 9207).
func (g *Grants) answer(a Authorization, q url.Values) string {
	if a.State != "" {
		q.Set("state", a.State)
	}
	q.Set("iss", g.BaseURL)
	separator := "?"
	if strings.Contains(a.RedirectURI, "?") {
		separator = "&"
	}
	return a.RedirectURI + separator + q.Encode()
}

// validChallenge: an S256 challenge is a SHA-256 in base64url (RFC 7636 section 4.2).
func validChallenge(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == 32
}
