// Package grant is how a person's approval becomes tokens: the authorization code with PKCE (RFC 6749
// section 4.1, RFC 7636), the device authorization (RFC 8628) and the refresh token.
//
// The door oidc exchanges grants and starts device authorizations; the web flow checks authorization
// requests, and says what the person decided. It knows no HTTP handler and shows no page; who the
// person is, others have established.
package grant

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/clients"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/center/token"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Grants is safe for concurrent use.
type Grants struct {
	Store interface {
		store.Devices
		store.Codes
		store.Tokens
		store.Throttles
	}
	Clients *clients.Registry
	Tokens  *token.Tokens
	Clock   clock.Clock
	Random  io.Reader // a cryptographic source
	Keys    *keyring.Ring
	Audit   *audit.Log
	// BaseURL is the center's issuer identifier (RFC 9207) and where its pages are: scheme, host and
	// port, without a trailing slash.
	BaseURL string
	// Interval is how long a device waits between polls; 0 means DefaultInterval.
	Interval time.Duration
	// NoDevices turns device authorization off for the whole instance.
	NoDevices bool
	// Starts limits the device authorizations started from one network, since anybody may register
	// a client; a zero value means DefaultStarts.
	Starts throttle.Limit
	// Guesses limit wrong user codes; a zero value means DefaultGuesses.
	Guesses Guesses
}

// Person is who approves or denies: signed in, in that session.
type Person struct {
	User    store.User
	Session store.Session
}

// Exchange turns a grant into tokens (CreateToken). Whatever the grant, its client has authenticated,
// the center knows the grant type and the client has registered for it; only then the code or token is
// looked at. Refusals are *wire.ServiceError.
func (g *Grants) Exchange(ctx context.Context, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	var none wire.CreateTokenResponse
	if in.ClientID == "" || in.ClientSecret == "" || in.GrantType == "" {
		return none, refuse(wire.CodeInvalidRequest, "clientId, clientSecret and grantType are required.")
	}
	client, err := g.Clients.Authenticate(ctx, in.ClientID, in.ClientSecret)
	if err != nil {
		return none, err
	}
	var needed []member
	var exchange func(context.Context, store.Client, wire.CreateTokenRequest) (wire.CreateTokenResponse, error)
	switch in.GrantType {
	case wire.GrantAuthorizationCode:
		needed = []member{{"code", in.Code.Reveal()}, {"redirectUri", in.RedirectURI}, {"codeVerifier", in.CodeVerifier.Reveal()}}
		exchange = g.exchangeCode
	case wire.GrantDeviceCode:
		needed = []member{{"deviceCode", in.DeviceCode.Reveal()}}
		exchange = g.exchangeDevice
	case wire.GrantRefreshToken:
		needed = []member{{"refreshToken", in.RefreshToken.Reveal()}}
		exchange = g.exchangeRefresh
	default:
		return none, refuse(wire.CodeUnsupportedGrantType, "This grantType is not supported.")
	}
	if err := g.mayUse(client, in.GrantType); err != nil {
		return none, err
	}
	for _, m := range needed {
		if m.value == "" {
			return none, refuse(wire.CodeInvalidRequest, "%s is required with this grantType.", m.name)
		}
	}
	return exchange(ctx, client, in)
}

type member struct{ name, value string }

// mayUse holds a grant type against what the instance allows and the client has registered for.
func (g *Grants) mayUse(c store.Client, grantType string) error {
	if grantType == wire.GrantDeviceCode && g.NoDevices {
		return refuse(wire.CodeUnauthorizedClient, "Device authorization is turned off here: sign in with the authorization code flow.")
	}
	if !slices.Contains(c.GrantTypes, grantType) {
		return refuse(wire.CodeUnauthorizedClient, "The client is not registered for the grant type %s.", grantType)
	}
	return nil
}

func (g *Grants) exchangeRefresh(ctx context.Context, c store.Client, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	return g.Tokens.Refresh(ctx, c, in.RefreshToken)
}

// family is the still empty token family of an approval by p.
func (g *Grants) family(p Person, clientID string, scopes []string) (store.TokenFamily, error) {
	id, err := opaque.NewID(g.Random)
	return store.TokenFamily{
		ID: id, ClientID: clientID, UserID: p.User.ID, SessionID: p.Session.ID, Scopes: scopes, CreatedAt: g.Clock.Now(),
	}, err
}

// signedIn is a second look: whoever calls has established it already, some time before.
func (g *Grants) signedIn(p Person) error {
	if !p.Session.Open(g.Clock.Now()) || p.User.Disabled || p.Session.UserID != p.User.ID {
		return ErrNotSignedIn
	}
	return nil
}

func (g *Grants) throttle() throttle.Throttle {
	return throttle.Throttle{Store: g.Store, Clock: g.Clock}
}

func event(name, outcome string, p Person, clientID string) store.AuditEvent {
	return store.AuditEvent{Name: name, Outcome: outcome, UserID: p.User.ID, SessionID: p.Session.ID, ClientID: clientID}
}

func refuse(code wire.Code, format string, args ...any) *wire.ServiceError {
	_, status, ok := code.OAuth()
	if !ok {
		status = http.StatusBadRequest
	}
	return &wire.ServiceError{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}

func invalidGrant(why string) error { return refuse(wire.CodeInvalidGrant, "%s", why) }
