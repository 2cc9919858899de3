// Package signin is how a person signs in: the authorization code flow with PKCE (RFC 6749, 7636,
// 8252) or the device authorization flow (RFC 8628), and the client registration before either.
//
// The command `sso login` and the wizard call it. It knows no file, no HTTP, no terminal and no
// browser: they come in as ports, of which [Presenter] is the only one that a person sees.
package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// reuseWindow is how long a cached registration must still be good to be used again. The AWS CLI
// uses the same.
const reuseWindow = 15 * time.Minute

// redirectPath is where the browser comes back to; it is registered without a port (RFC 8252
// section 7.3).
const redirectPath = "/oauth/callback"

// Registration is a cached client registration (RegisterClient).
type Registration struct {
	ClientID     string
	ClientSecret wire.Secret
	ExpiresAt    time.Time
	Scopes       []string
	GrantTypes   []string // nil for the device flow
}

// forCode reports whether the registration is one for the authorization code flow.
func (r Registration) forCode() bool {
	return slices.Contains(r.GrantTypes, wire.GrantAuthorizationCode)
}

// RegistrationKey is what a registration's cache file is named after. Both flows share the file.
type RegistrationKey struct {
	Region   string
	Scopes   []string // as configured; nil when not configured
	Session  string   // "" for a legacy profile
	StartURL string
}

// Registrations keeps client registrations where the AWS CLI finds them.
type Registrations interface {
	// LoadRegistration returns ok = false when there is none, or the file is damaged.
	LoadRegistration(RegistrationKey) (r Registration, ok bool)
	SaveRegistration(RegistrationKey, Registration) error
	DropRegistration(RegistrationKey) error
}

// OIDC is the OIDC service of the region that is signed in to.
type OIDC interface {
	RegisterClient(ctx context.Context, req wire.RegisterClientRequest) (wire.RegisterClientResponse, error)
	StartDeviceAuthorization(ctx context.Context, req wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error)
	CreateToken(ctx context.Context, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error)
	// AuthorizeURL is the address of the authorization endpoint, without a query.
	AuthorizeURL() (string, error)
}

// Callback is what the browser brought back. Exactly one of Code and Err is set. Finish ends the
// browser's request with a page that tells the truth: failure == "" means signed in.
type Callback struct {
	Code   wire.Secret
	Err    *AuthorizeError
	Finish func(failure string)
}

// Listener waits for the browser on a loopback address.
type Listener interface {
	RedirectURI() string
	Wait(ctx context.Context) (Callback, error)
	Close()
}

// Presenter shows the person where to go. It must not wait for them.
type Presenter interface {
	OpenURL(ctx context.Context, url string)
	EnterCode(ctx context.Context, d wire.StartDeviceAuthorizationResponse)
}

// Request says what to sign in to.
type Request struct {
	Target    session.Target
	Scopes    []string // as configured; nil when not configured
	IssuerURL string   // the start URL, or what it resolved to
	UseDevice bool     // device flow although the session could use the code flow
}

// Flow signs people in. Its fields are its ports; none may be nil.
type Flow struct {
	OIDC          OIDC
	Registrations Registrations
	Listen        func(ctx context.Context, path, state string) (Listener, error)
	Presenter     Presenter
	Save          func(ctx context.Context, key string, t session.Token) error
	Clock         clock.Clock
	Random        io.Reader
	Log           *slog.Logger
}

// SignIn signs in and saves the token. It returns when the person has approved or refused, or when
// the attempt expired (*ExpiredError).
func (f *Flow) SignIn(ctx context.Context, r Request) error {
	attempt := f.withDevice
	if r.usesCode() {
		attempt = f.withCode
	}
	reg, reused, err := f.registration(ctx, r)
	if err != nil {
		return err
	}
	err = attempt(ctx, r, reg)
	if !reused {
		return err
	}
	switch {
	case unknownClient(err):
		// The service has forgotten the registration (it was restored, or it is another one). The
		// AWS CLI would now fail for 90 days.
		f.Log.Debug("the cached client registration is no longer known", "error", err)
		if reg, err = f.register(ctx, r); err != nil {
			return err
		}
		return attempt(ctx, r, reg)
	case r.usesCode() && (errors.As(err, new(*ExpiredError)) || ctx.Err() != nil):
		// Nobody came back. Perhaps the browser showed an error page about an unknown client, which
		// never reaches us; the next attempt must not fall into the same hole.
		if err := f.Registrations.DropRegistration(r.key()); err != nil {
			f.Log.Debug("the cached client registration was not removed", "error", err)
		}
	}
	return err
}

func (r Request) key() RegistrationKey {
	return RegistrationKey{Region: r.Target.Region, Scopes: r.Scopes, Session: r.Target.Session, StartURL: r.Target.StartURL}
}

func (r Request) usesCode() bool { return !r.UseDevice && r.Target.Session != "" }

func unknownClient(err error) bool {
	var e *wire.ServiceError
	if errors.As(err, &e) {
		return e.Code == wire.CodeInvalidClient || e.Code == wire.CodeUnauthorizedClient
	}
	var a *AuthorizeError
	return errors.As(err, &a) && (a.Code == "invalid_client" || a.Code == "unauthorized_client")
}

// registration returns the cached registration if it fits, or a new one.
func (f *Flow) registration(ctx context.Context, r Request) (reg Registration, reused bool, err error) {
	reg, ok := f.Registrations.LoadRegistration(r.key())
	if ok && reg.forCode() == r.usesCode() && reg.ExpiresAt.Sub(f.Clock.Now()) >= reuseWindow {
		return reg, true, nil
	}
	reg, err = f.register(ctx, r)
	return reg, false, err
}

func (f *Flow) register(ctx context.Context, r Request) (Registration, error) {
	req := wire.RegisterClientRequest{ClientName: f.clientName(r), ClientType: wire.ClientTypePublic, Scopes: r.Scopes}
	if r.usesCode() {
		req.GrantTypes = []string{wire.GrantAuthorizationCode, wire.GrantRefreshToken}
		req.RedirectURIs = []string{"http://127.0.0.1" + redirectPath}
		req.IssuerURL = r.IssuerURL
		req.Scopes = r.codeScopes()
	}
	resp, err := f.OIDC.RegisterClient(ctx, req)
	if err != nil {
		return Registration{}, err
	}
	if resp.ClientID == "" || resp.ClientSecret == "" {
		return Registration{}, errors.New("the service's answer to RegisterClient holds no client id and secret")
	}
	reg := Registration{
		ClientID: resp.ClientID, ClientSecret: resp.ClientSecret, ExpiresAt: time.Unix(resp.ClientSecretExpiresAt, 0).UTC(),
		Scopes: req.Scopes, GrantTypes: req.GrantTypes,
	}
	if err := f.Registrations.SaveRegistration(r.key(), reg); err != nil {
		return Registration{}, err
	}
	return reg, nil
}

// codeScopes is what the code flow asks for: unlike the device flow it needs a scope, or there is no
// refresh token.
func (r Request) codeScopes() []string {
	if len(r.Scopes) == 0 {
		return []string{wire.ScopeAccountAccess}
	}
	return r.Scopes
}

// clientName is the AWS CLI's, so that people and administrators see one name for both.
func (f *Flow) clientName(r Request) string {
	if r.Target.Session != "" {
		return "botocore-client-" + r.Target.Session
	}
	return fmt.Sprintf("botocore-client-%d", f.Clock.Now().Unix())
}

// save stores what CreateToken answered.
func (f *Flow) save(ctx context.Context, r Request, reg Registration, resp wire.CreateTokenResponse) error {
	if resp.AccessToken == "" {
		return errors.New("the service's answer to CreateToken holds no access token")
	}
	return f.Save(ctx, r.Target.Key(), session.Token{
		StartURL: r.Target.StartURL, Region: r.Target.Region,
		AccessToken: resp.AccessToken, ExpiresAt: session.Expiry(f.Clock.Now(), resp.ExpiresIn),
		ClientID: reg.ClientID, ClientSecret: reg.ClientSecret, RegistrationExpiresAt: reg.ExpiresAt,
		RefreshToken: resp.RefreshToken,
	})
}
