package loopback

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// Client may ask a [CredentialServer]. Its Token is what it sends as the header Authorization.
type Client struct {
	Name  string
	Token wire.Secret
}

// Refusal is the answer to a request that gets no credentials.
type Refusal struct {
	Status        int // of HTTP
	Code, Message string
}

// CredentialConfig is what a [CredentialServer] serves, and to whom.
type CredentialConfig struct {
	Address string // "127.0.0.1:0" is a free port; see [CheckAddress]
	Clients []Client
	Serves  func(profile string) bool
	// Credentials is asked for every request, but once for all that ask for the same profile at the same time.
	Credentials func(ctx context.Context, profile string) (credentials.Credentials, error)
	Refuse      func(err error) Refusal
	Clock       clock.Clock
	Log         *slog.Logger
}

// CredentialServer serves credentials by the protocol of container credential providers, which every AWS
// SDK has a client for (AWS SDKs and Tools Reference Guide, "Container credential provider"). It listens
// on this machine alone and answers whoever brings a client's token.
type CredentialServer struct {
	config  CredentialConfig
	tokens  [][sha256.Size]byte
	address string
	server  *http.Server
	ctx     context.Context // of what is fetched, which outlives the request that asked first
	stop    context.CancelFunc

	mu      sync.Mutex
	flights map[string]*flight
}

// flight is a fetch that is under way, for everybody who asks for the same.
type flight struct {
	done chan struct{}
	got  credentials.Credentials
	err  error
}

// answerWait bounds a fetch. Clients have long gone by then, and ask again.
const answerWait = 2 * time.Minute

// servedLifetime is how soon clients ask again for keys that do not expire: some SDKs know no others.
const servedLifetime = time.Hour

const credentialPath = "/credentials/"

// AddressError is an address that credentials must not be served on.
type AddressError struct{ Address string }

// Error implements error.
func (e *AddressError) Error() string {
	return fmt.Sprintf("%q is no address of this machine alone: it has to be 127.0.0.1:PORT", e.Address)
}

// CheckAddress returns an *AddressError for anything but a loopback address with a port. "localhost" is
// 127.0.0.1, whatever a resolver may say.
func CheckAddress(address string) (network, checked string, err error) {
	host, port, err := net.SplitHostPort(address)
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, bad := netip.ParseAddr(host)
	n, unknown := net.LookupPort("tcp", port)
	if err != nil || bad != nil || unknown != nil || !ip.IsLoopback() || port == "" || ip.Zone() != "" {
		return "", "", &AddressError{address}
	}
	network = "tcp4"
	if !ip.Is4() {
		network = "tcp6"
	}
	return network, netip.AddrPortFrom(ip, uint16(n)).String(), nil // #nosec G115 -- a port
}

// ServeCredentials starts a server. It lives until Close.
func ServeCredentials(ctx context.Context, c CredentialConfig) (*CredentialServer, error) {
	network, address, err := CheckAddress(c.Address)
	if err != nil {
		return nil, err
	}
	if len(c.Clients) == 0 {
		return nil, errors.New("a server of credentials needs a client")
	}
	s := &CredentialServer{config: c, flights: map[string]*flight{}}
	for _, client := range c.Clients {
		if client.Token == "" { // it would be equal to the one that is missing
			return nil, errors.New("a client needs a token")
		}
		s.tokens = append(s.tokens, sha256.Sum256([]byte(client.Token.Reveal())))
	}
	var lc net.ListenConfig
	inner, err := lc.Listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.address = inner.Addr().String()
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.server = &http.Server{
		Handler: s, ReadTimeout: slowest, ReadHeaderTimeout: slowest, IdleTimeout: slowest, MaxHeaderBytes: 16 << 10,
		ErrorLog:    discard(),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	s.server.SetKeepAlivesEnabled(false)
	go s.server.Serve(&limited{Listener: inner}) //nolint:errcheck // it ends with Close
	return s, nil
}

// Address is where the server listens, "127.0.0.1:12345".
func (s *CredentialServer) Address() string { return s.address }

// URL is where a profile's credentials are, for a client on this machine.
func (s *CredentialServer) URL(profile string) string {
	return "http://" + s.address + credentialPath + url.PathEscape(profile)
}

// Close ends the server, after a moment for what is being answered.
func (s *CredentialServer) Close() error {
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	defer s.stop()
	if s.server.Shutdown(ctx) == nil {
		return nil
	}
	return s.server.Close()
}

// ServeHTTP implements [http.Handler].
func (s *CredentialServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, refused := s.client(r)
	if refused != nil {
		s.config.Log.Debug("a request for credentials was refused", "code", refused.Code)
		respond(w, refused.Status, refused)
		return
	}
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.keep()
	}
	profile, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), credentialPath))
	if !strings.HasPrefix(r.URL.EscapedPath(), credentialPath) || err != nil || !s.config.Serves(profile) {
		s.config.Log.Debug("a request for something else was refused", "client", client)
		respond(w, http.StatusNotFound, &Refusal{Code: "NotFound", Message: "there are no such credentials here"})
		return
	}
	got, err := s.get(r.Context(), profile)
	if err != nil {
		refusal := s.config.Refuse(err)
		s.config.Log.Warn("no credentials for a client", "client", client, "profile", profile, "error", refusal.Message)
		respond(w, refusal.Status, &refusal)
		return
	}
	s.config.Log.Debug("credentials served", "client", client, "profile", profile, "expires", got.ExpiresAt)
	respond(w, http.StatusOK, s.document(got))
}

// client tells who asks. What is refused is refused before anything else is looked at.
func (s *CredentialServer) client(r *http.Request) (name string, refused *Refusal) {
	if !loopbackHost(r.Host) {
		// Another name that resolves to this machine: DNS rebinding. The port is not ours to know: ssh -R has its own.
		return "", &Refusal{http.StatusMisdirectedRequest, "WrongHost", "this address is not served here"}
	}
	token := r.Header.Get("Authorization")
	if token == "" {
		return "", &Refusal{http.StatusUnauthorized, "Unauthorized", "the header Authorization is missing: " +
			"set AWS_CONTAINER_AUTHORIZATION_TOKEN or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}
	}
	sum, found := sha256.Sum256([]byte(token)), -1
	for i := range s.tokens { // all of them, so that it takes the same time
		if subtle.ConstantTimeCompare(sum[:], s.tokens[i][:]) == 1 {
			found = i
		}
	}
	switch {
	case found < 0:
		return "", &Refusal{http.StatusForbidden, "AccessDenied", "the token in the header Authorization is none of this server's"}
	case r.Method != http.MethodGet:
		return "", &Refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "only GET is served here"}
	}
	return s.config.Clients[found].Name, nil
}

func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// get asks for a profile's credentials, or waits for the answer that another request has asked for.
func (s *CredentialServer) get(ctx context.Context, profile string) (credentials.Credentials, error) {
	s.mu.Lock()
	f, ok := s.flights[profile]
	if !ok {
		f = &flight{done: make(chan struct{})}
		s.flights[profile] = f
		go func() {
			fetch, cancel := context.WithTimeout(s.ctx, answerWait)
			defer cancel()
			f.got, f.err = s.config.Credentials(fetch, profile)
			s.mu.Lock()
			delete(s.flights, profile)
			s.mu.Unlock()
			close(f.done)
		}()
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.got, f.err
	case <-ctx.Done():
		return credentials.Credentials{}, context.Cause(ctx)
	}
}

// document is the body of an answer. Clients want a token and an expiry even of keys that have none.
func (s *CredentialServer) document(c credentials.Credentials) any {
	expires := c.ExpiresAt
	if expires.IsZero() {
		expires = s.config.Clock.Now().Add(servedLifetime)
	}
	return struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      string
		AccountID       string `json:"AccountId,omitempty"`
	}{c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal(), expires.UTC().Format("2006-01-02T15:04:05Z"), c.AccountID}
}

func respond(w http.ResponseWriter, status int, body any) {
	if r, ok := body.(*Refusal); ok {
		body = struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		}{r.Code, r.Message}
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
