// Package clients is the registry of OAuth clients: who may register, with which name, scopes and
// redirect URIs, and who proves to be one of them (RFC 7591, RegisterClient).
//
// The door oidc and the rule grant call it. It knows no HTTP, no tokens and no people.
package clients

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Lifetime is how long a registration is good for. Clients keep theirs as long as they are told.
const Lifetime = 90 * 24 * time.Hour

// unusedKept is how long a registration with which nobody has signed in stays in a full store.
const unusedKept = time.Hour

// expiredKept is how long an expired registration stays in a full store: not long, but long enough
// that cleaning up does not take away what an answer may still speak of.
const expiredKept = 24 * time.Hour

// Limits bound what strangers may register: the endpoint asks for no authentication.
type Limits struct {
	Registrations int            // in all
	PerNetwork    throttle.Limit // per IPv4 address or IPv6 /64
}

// DefaultLimits are generous enough for a test suite that registers with every case.
func DefaultLimits() Limits {
	return Limits{
		Registrations: 100_000,
		PerNetwork:    throttle.Limit{Free: 600, Window: 10 * time.Minute, Block: time.Minute, MaxBlock: 10 * time.Minute},
	}
}

// Registry is safe for concurrent use.
type Registry struct {
	Store interface {
		store.Clients
		store.Throttles
		DeleteExpired(ctx context.Context, before time.Time) error
	}
	Clock     clock.Clock
	Random    io.Reader // a cryptographic source
	Audit     *audit.Log
	Limits    Limits
	StartURLs StartURLs
	// BaseURL is where clients reach this center: scheme, host and port, without a trailing slash.
	BaseURL string
}

// Register checks and adds a registration. Errors that are not a *wire.ServiceError are the store's.
func (r *Registry) Register(ctx context.Context, in wire.RegisterClientRequest) (wire.RegisterClientResponse, error) {
	var out wire.RegisterClientResponse
	c, err := r.check(in)
	if err != nil {
		return out, err
	}
	info := request.FromContext(ctx)
	if until, err := r.throttle().Take(ctx, "register-ip:"+throttle.Network(info.RemoteIP), r.Limits.PerNetwork); err != nil {
		return out, err
	} else if !until.IsZero() {
		return out, refuse(wire.CodeSlowDown, "Too many client registrations from this address: try again at %s.", until.UTC().Format(time.RFC3339))
	}
	if c.ID, err = opaque.NewID(r.Random); err != nil {
		return out, err
	}
	secret, hash, err := opaque.New(r.Random, opaque.ClientSecret)
	if err != nil {
		return out, err
	}
	now := r.Clock.Now()
	c.SecretHash, c.RemoteIP, c.CreatedAt, c.ExpiresAt = hash, info.RemoteIP, now, now.Add(Lifetime)
	if err := r.add(ctx, c); err != nil {
		return out, err
	}
	if err := r.Audit.Record(ctx, store.AuditEvent{
		Name: "RegisterClient", Outcome: audit.Success, ClientID: c.ID, Detail: map[string]string{"client_name": c.Name},
	}); err != nil {
		return out, err
	}
	return wire.RegisterClientResponse{
		ClientID: c.ID, ClientSecret: secret, ClientIDIssuedAt: c.CreatedAt.Unix(), ClientSecretExpiresAt: c.ExpiresAt.Unix(),
		AuthorizationEndpoint: r.BaseURL + wire.PathAuthorize, TokenEndpoint: r.BaseURL + wire.PathCreateToken,
	}, nil
}

// add makes room, when it must, by removing what has expired, and what strangers may have filled the store
// with.
func (r *Registry) add(ctx context.Context, c store.Client) error {
	err := r.Store.AddClient(ctx, c, r.Limits.Registrations)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	if err := r.Store.DeleteExpired(ctx, c.CreatedAt.Add(-expiredKept)); err != nil {
		return err
	}
	if err := r.Store.RemoveUnusedClients(ctx, c.CreatedAt.Add(-unusedKept)); err != nil {
		return err
	}
	if err = r.Store.AddClient(ctx, c, r.Limits.Registrations); errors.Is(err, store.ErrConflict) {
		return refuse(wire.CodeSlowDown, "This center has as many client registrations as it may have (%d).", r.Limits.Registrations)
	}
	return err
}

func (r *Registry) throttle() throttle.Throttle {
	return throttle.Throttle{Store: r.Store, Clock: r.Clock}
}

// Client returns a registration that has not expired, or an InvalidClientException.
func (r *Registry) Client(ctx context.Context, id string) (store.Client, error) {
	c, err := r.Store.Client(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !r.Clock.Now().Before(c.ExpiresAt) {
		return store.Client{}, unknownClient()
	}
	return c, err
}

// Authenticate returns the registration of a client that knows its secret. Unknown client, wrong
// secret and expired registration get the same InvalidClientException.
func (r *Registry) Authenticate(ctx context.Context, id string, secret wire.Secret) (store.Client, error) {
	c, err := r.Client(ctx, id)
	if err != nil {
		return c, err
	}
	hash := store.HashSecret(secret)
	if subtle.ConstantTimeCompare(hash[:], c.SecretHash[:]) != 1 {
		return store.Client{}, unknownClient()
	}
	return c, nil
}

// unknownClient says what to do, because clients keep a registration for months and, when it is
// refused, show this text and present the same one again the next time.
func unknownClient() error {
	return refuse(wire.CodeInvalidClient, "The client registration is not known here or has expired. "+
		"Remove the cached client registration (the file with a clientId but no accessToken in ~/.aws/sso/cache) and sign in again.")
}

func refuse(code wire.Code, format string, args ...any) *wire.ServiceError {
	_, status, ok := code.OAuth()
	if !ok {
		status = http.StatusBadRequest
	}
	return &wire.ServiceError{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}
