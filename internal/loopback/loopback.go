// Package loopback is everything that keyfob listens for, on this machine alone: a browser that comes back
// from a sign-in (RFC 8252 section 7.3), on one path, for one answer, for as long as one sign-in takes; a
// browser that is to be sent to a secret address; and the programs that are served credentials.
//
// The command line's build files make it. Whoever asks is a stranger: any program and any page of a browser
// can reach it, so it wants the address it is known by, and a secret, before it says anything. It knows
// nothing of sign-ins, profiles and where credentials come from.
package loopback

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"keyfob/internal/wire"
)

// Config is what to wait for.
type Config struct {
	Path  string // "/oauth/callback"
	State string // the one that the browser must bring back
}

// AuthorizeError is the authorization endpoint's refusal; text from outside.
type AuthorizeError struct{ Code, Description string }

// Callback is the browser's answer: a code or a refusal. Finish ends its request with a page that says
// how the sign-in ended, "" being success. It must be called; only the first call counts.
type Callback struct {
	Code   wire.Secret
	Err    *AuthorizeError
	Finish func(failure string)
}

// Listener waits for one answer. Anything that is not the answer is refused and ignored.
type Listener struct {
	config   Config
	host     string
	server   *http.Server
	answers  chan Callback
	closed   chan struct{}
	pages    sync.WaitGroup
	mu       sync.Mutex
	answered bool
}

const (
	// finishWait is how long the browser waits for the sign-in to end: one call and a file.
	finishWait = 150 * time.Second
	// slowest is how long a request may take to arrive. A browser's idle connection costs nothing.
	slowest  = 10 * time.Second
	maxParam = 4096
	maxConns = 256 // a crowd of programs comes at once, but not so many silent ones
)

// Listen opens the listener on a free port of 127.0.0.1.
func Listen(ctx context.Context, c Config) (*Listener, error) {
	if c.State == "" { // it would be equal to the one that is missing in a forged answer
		return nil, errors.New("a listener needs a state to know its answer by")
	}
	var lc net.ListenConfig
	inner, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Listener{
		config: c, host: "127.0.0.1:" + strconv.Itoa(inner.Addr().(*net.TCPAddr).Port),
		answers: make(chan Callback, 1), closed: make(chan struct{}),
	}
	l.server = &http.Server{
		Handler: l, ReadTimeout: slowest, ReadHeaderTimeout: slowest, IdleTimeout: slowest, MaxHeaderBytes: 16 << 10,
		ErrorLog:    discard(),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	l.server.SetKeepAlivesEnabled(false)
	go l.server.Serve(&limited{Listener: inner}) //nolint:errcheck // it ends with Close
	return l, nil
}

// RedirectURI is where the authorization endpoint must send the browser.
func (l *Listener) RedirectURI() string { return "http://" + l.host + l.config.Path }

// Wait returns the browser's answer, or the cause of ctx's end.
func (l *Listener) Wait(ctx context.Context) (Callback, error) {
	select {
	case cb := <-l.answers:
		return cb, nil
	case <-ctx.Done():
		return Callback{}, context.Cause(ctx)
	}
}

// Close ends the listener, after the page that Finish decided on has gone out.
func (l *Listener) Close() error {
	l.mu.Lock()
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	l.mu.Unlock()
	l.pages.Wait()
	// Not Shutdown, which waits for the connections that browsers open in advance.
	return l.server.Close()
}

// ServeHTTP implements [http.Handler].
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host != l.host:
		// Another name that resolves to this machine: DNS rebinding.
		refuse(w, http.StatusMisdirectedRequest, "Wrong address", "This address is not served here.")
	case r.URL.Path != l.config.Path:
		refuse(w, http.StatusNotFound, "Nothing here", "The command line waits for a sign-in at another address.")
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "Not possible", "Only GET is served here.")
	default:
		l.callback(w, r)
	}
}

func (l *Listener) callback(w http.ResponseWriter, r *http.Request) {
	cb, err := l.read(r.URL.RawQuery)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Not the awaited answer", "Another sign-in is waiting here. "+
			"If you have just approved one, start it again from the command line.")
		return
	}
	failure := make(chan string, 1)
	cb.Finish = func(f string) {
		select {
		case failure <- f:
		default:
		}
	}
	if !l.accept(cb) {
		refuse(w, http.StatusConflict, "Answered already", "This sign-in has had its answer. You may close this window.")
		return
	}
	defer l.pages.Done()
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.keep()
	}
	t := time.NewTimer(finishWait)
	defer t.Stop()
	select {
	case f := <-failure:
		conclude(w, f)
	case <-l.closed:
		// Finish may have been called just before.
		select {
		case f := <-failure:
			conclude(w, f)
		default:
			conclude(w, "The command was ended before the sign-in was complete.")
		}
	case <-t.C:
		conclude(w, "The command did not say in time how the sign-in ended; look at the terminal.")
	case <-r.Context().Done():
	}
}

// accept takes the first good answer and no other.
func (l *Listener) accept(cb Callback) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
		return false
	default:
	}
	if l.answered {
		return false
	}
	l.answered = true
	l.pages.Add(1)
	l.answers <- cb
	return true
}

// read takes an answer out of a query. The state comes first: without the right one nothing else in
// the query means anything, and the sign-in goes on waiting.
func (l *Listener) read(raw string) (Callback, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return Callback{}, err
	}
	one := func(name string) string {
		if len(q[name]) == 1 && len(q[name][0]) <= maxParam {
			return q[name][0]
		}
		return ""
	}
	for name, vs := range q {
		if len(vs) > 1 { // RFC 6749 section 3.1
			return Callback{}, fmt.Errorf("%s is given twice", name)
		}
	}
	if subtle.ConstantTimeCompare([]byte(one("state")), []byte(l.config.State)) != 1 {
		return Callback{}, fmt.Errorf("wrong state")
	}
	code, refusal := one("code"), one("error")
	switch {
	case code != "" && refusal == "":
		return Callback{Code: wire.Secret(code)}, nil
	case refusal != "" && code == "":
		return Callback{Err: &AuthorizeError{Code: refusal, Description: one("error_description")}}, nil
	}
	return Callback{}, fmt.Errorf("neither a code nor an error")
}

// limited keeps the number of connections down, so that nobody can exhaust the process. It is the oldest
// that has to go: connections that say nothing, whoever holds them, do not keep the browser out.
type limited struct {
	net.Listener
	mu   sync.Mutex
	open []*conn
}

// Accept implements [net.Listener].
func (l *limited) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{inner, l}
	l.mu.Lock()
	l.open = append(l.open, c)
	var oldest *conn
	if len(l.open) > maxConns {
		oldest = l.open[0]
	}
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return c, nil
}

// conn is a connection that can be taken back while it is among the open ones.
type conn struct {
	net.Conn
	among *limited
}

// keep makes sure that the connection is not taken back: the browser waits on it.
func (c *conn) keep() {
	c.among.mu.Lock()
	defer c.among.mu.Unlock()
	c.among.open = slices.DeleteFunc(c.among.open, func(o *conn) bool { return o == c })
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.keep()
	return c.Conn.Close()
}

type connKey struct{}
