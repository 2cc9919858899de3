// Package granttest puts the center's OAuth rules together for tests: over a real store, with a clock
// that a test moves and two people who are signed in. Tests of the rules and of the doors call it; it
// must not know a door.
package granttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/assignment"
	"keyfob/internal/center/audit"
	"keyfob/internal/center/clients"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/center/token"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// BaseURL is where the center under test says it is.
const BaseURL = "http://127.0.0.1:8480"

// Redirect is the redirect URI of the AWS CLI, as registered; RedirectPort as requested.
const (
	Redirect     = "http://127.0.0.1/oauth/callback"
	RedirectPort = "http://127.0.0.1:40545/oauth/callback"
)

// Center is the rules, and what they stand on.
type Center struct {
	*testing.T
	Ctx         context.Context
	Clock       *clock.Fake
	Path        string // of the database
	Store       *sqlite.DB
	Log         *Buffer // everything logged
	Logger      *slog.Logger
	Audit       *audit.Log
	Clients     *clients.Registry
	Tokens      *token.Tokens
	Grants      *grant.Grants
	Assignments *assignment.Assignments
	Ada, Grace  grant.Person
}

// New returns a center with the organisation of storetest, in which Ada and Grace have signed in.
func New(t *testing.T) *Center {
	t.Helper()
	c := &Center{
		T: t, Clock: clock.NewFake(storetest.Epoch()), Path: filepath.Join(t.TempDir(), "center.db"), Log: new(Buffer),
		Ctx: request.NewContext(context.Background(), request.Info{ID: "req-1", RemoteIP: "192.0.2.1", UserAgent: "test/1"}),
	}
	var err error
	c.Store, err = sqlite.Open(c.Ctx, c.Path)
	c.Must(err)
	t.Cleanup(func() { c.Must(c.Store.Close()) })
	c.Must(c.Store.Apply(c.Ctx, storetest.Organisation()))
	ring, err := keyring.New(rand.Reader)
	c.Must(err)
	c.Logger = slog.New(slog.NewTextHandler(c.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Audit = &audit.Log{Store: c.Store, Clock: c.Clock, Logger: c.Logger}
	c.Clients = &clients.Registry{
		Store: c.Store, Clock: c.Clock, Random: rand.Reader, Audit: c.Audit, Limits: clients.DefaultLimits(),
		StartURLs: clients.NewStartURLs(BaseURL, "https://my-lab.awsapps.com/start"), BaseURL: BaseURL,
	}
	c.Tokens = &token.Tokens{Store: c.Store, Clock: c.Clock, Random: rand.Reader, Audit: c.Audit}
	c.Grants = &grant.Grants{
		Store: c.Store, Clients: c.Clients, Tokens: c.Tokens, Clock: c.Clock, Random: rand.Reader, Keys: ring, Audit: c.Audit, BaseURL: BaseURL,
	}
	c.Assignments = &assignment.Assignments{Store: c.Store, Keys: ring}
	c.Ada, c.Grace = c.SignIn("u-ada", "s-ada"), c.SignIn("u-grace", "s-grace")
	return c
}

// SignIn opens a session of 8 hours.
func (c *Center) SignIn(userID, sessionID string) grant.Person {
	c.Helper()
	now := c.Clock.Now()
	s := store.Session{
		ID: sessionID, CookieHash: sha256.Sum256([]byte(sessionID)), UserID: userID, CreatedAt: now, AuthenticatedAt: now,
		LastSeenAt: now, ExpiresAt: now.Add(8 * time.Hour),
	}
	c.Must(c.Store.AddSession(c.Ctx, s))
	u, err := c.Store.User(c.Ctx, userID)
	c.Must(err)
	return grant.Person{User: u, Session: s}
}

// Must fails the test if err is not nil.
func (c *Center) Must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// Refused fails the test unless err is the service's refusal with that code.
func (c *Center) Refused(err error, code wire.Code) *wire.ServiceError {
	c.Helper()
	var s *wire.ServiceError
	if !errors.As(err, &s) || s.Code != code {
		c.Fatalf("error is %v, want %s", err, code)
	}
	return s
}

// Register registers a client that must be acceptable.
func (c *Center) Register(in wire.RegisterClientRequest) wire.RegisterClientResponse {
	c.Helper()
	out, err := c.Clients.Register(c.Ctx, in)
	c.Must(err)
	return out
}

// CLI is what the AWS CLI registers for the authorization code flow.
func CLI() wire.RegisterClientRequest {
	return wire.RegisterClientRequest{
		ClientName: "botocore-client-lab", ClientType: wire.ClientTypePublic, Scopes: []string{wire.ScopeAccountAccess},
		GrantTypes: []string{wire.GrantAuthorizationCode, wire.GrantRefreshToken}, RedirectURIs: []string{Redirect}, IssuerURL: BaseURL + "/start",
	}
}

// Device is what the AWS CLI registers for a device, scopes permitting.
func Device(scopes ...string) wire.RegisterClientRequest {
	return wire.RegisterClientRequest{ClientName: "botocore-client-lab", ClientType: wire.ClientTypePublic, Scopes: scopes}
}

// Verifier is a code verifier, Challenge its challenge.
const Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

// Challenge returns the S256 challenge of a verifier.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// AuthorizeQuery is the query that the AWS CLI opens the browser with.
func AuthorizeQuery(clientID string) url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {RedirectPort}, "state": {"5f3d0b7a"},
		"code_challenge_method": {"S256"}, "scopes": {wire.ScopeAccountAccess}, "code_challenge": {Challenge(Verifier)},
	}
}

// Allow lets p allow an authorization request and returns what the redirect carries.
func (c *Center) Allow(q url.Values, p grant.Person) url.Values {
	c.Helper()
	a, err := c.Grants.CheckAuthorize(c.Ctx, q)
	c.Must(err)
	location, err := c.Grants.AllowAuthorize(c.Ctx, a, p)
	c.Must(err)
	u, err := url.Parse(location)
	c.Must(err)
	return u.Query()
}

// CodeRequest redeems a code as the AWS CLI does.
func CodeRequest(client wire.RegisterClientResponse, code string) wire.CreateTokenRequest {
	return wire.CreateTokenRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantAuthorizationCode,
		Code: wire.Secret(code), RedirectURI: RedirectPort, CodeVerifier: Verifier,
	}
}

// RefreshRequest exchanges a refresh token.
func RefreshRequest(client wire.RegisterClientResponse, refresh wire.Secret) wire.CreateTokenRequest {
	return wire.CreateTokenRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantRefreshToken, RefreshToken: refresh,
	}
}

// PollRequest asks for the token of a device.
func PollRequest(client wire.RegisterClientResponse, deviceCode wire.Secret) wire.CreateTokenRequest {
	return wire.CreateTokenRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantDeviceCode, DeviceCode: deviceCode,
	}
}

// StartDevice starts a device authorization that must be acceptable.
func (c *Center) StartDevice(client wire.RegisterClientResponse) wire.StartDeviceAuthorizationResponse {
	c.Helper()
	d, err := c.Grants.StartDevice(c.Ctx, wire.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: "https://my-lab.awsapps.com/start",
	})
	c.Must(err)
	return d
}

// SignInCLI runs the authorization code flow for Ada and returns her client and tokens.
func (c *Center) SignInCLI() (wire.RegisterClientResponse, wire.CreateTokenResponse) {
	c.Helper()
	client := c.Register(CLI())
	out, err := c.Grants.Exchange(c.Ctx, CodeRequest(client, c.Allow(AuthorizeQuery(client.ClientID), c.Ada).Get("code")))
	c.Must(err)
	return client, out
}

// SignInDevice runs the device flow for Ada with a client of those scopes.
func (c *Center) SignInDevice(scopes ...string) (wire.RegisterClientResponse, wire.CreateTokenResponse) {
	c.Helper()
	client := c.Register(Device(scopes...))
	d := c.StartDevice(client)
	c.Must(c.Grants.DecideDevice(c.Ctx, d.UserCode, true, c.Ada))
	out, err := c.Grants.Exchange(c.Ctx, PollRequest(client, d.DeviceCode))
	c.Must(err)
	return client, out
}

// Audited returns the outcomes of the events of that name, newest first.
func (c *Center) Audited(name string) []string {
	c.Helper()
	all, err := c.Store.AuditEvents(c.Ctx, 1000)
	c.Must(err)
	var outcomes []string
	for _, e := range all {
		if e.Name == name {
			outcomes = append(outcomes, e.Outcome)
		}
	}
	return outcomes
}

// At returns the context of a request from that address.
func At(ip string) context.Context {
	return request.NewContext(context.Background(), request.Info{ID: "req-2", RemoteIP: ip})
}

// Race runs f n times at once and returns how many succeeded; every error must be one that ok accepts.
func (c *Center) Race(n int, f func() error, ok func(error) bool) int {
	c.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !ok(err) {
			c.Errorf("unexpected error: %v", err)
		}
	}
	return won
}

// Buffer is a bytes.Buffer for several goroutines.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
