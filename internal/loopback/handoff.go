package loopback

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// comeWait is how long a browser may take to start and ask.
const comeWait = 30 * time.Second

// ErrNotFetched is a browser that was started and never came.
var ErrNotFetched = errors.New("the browser did not ask for the page")

// Handoff sends the person's browser to an address that is a secret. Browsers are told where to go in an
// argument, which everybody on the machine can read; so open is given an address of ours, which leads to
// the target once. It returns when the browser has been there. Errors: open's, [ErrNotFetched], or the
// cause of ctx's end.
func Handoff(ctx context.Context, target string, random io.Reader, open func(ctx context.Context, page string) error) error {
	var key [16]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return err
	}
	var lc net.ListenConfig
	inner, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h := &handoff{
		target: target, path: "/" + hex.EncodeToString(key[:]), done: make(chan struct{}),
		host: "127.0.0.1:" + strconv.Itoa(inner.Addr().(*net.TCPAddr).Port),
	}
	server := &http.Server{
		Handler: h, ReadTimeout: slowest, ReadHeaderTimeout: slowest, IdleTimeout: slowest, MaxHeaderBytes: 16 << 10, ErrorLog: discard(),
	}
	server.SetKeepAlivesEnabled(false)
	go server.Serve(&limited{Listener: inner}) //nolint:errcheck // it ends with Close
	defer server.Close()                       //nolint:errcheck // nothing is left to lose
	if err := open(ctx, "http://"+h.host+h.path); err != nil {
		return err
	}
	t := time.NewTimer(comeWait)
	defer t.Stop()
	select {
	case <-h.done:
		return nil
	case <-t.C:
		return ErrNotFetched
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

type handoff struct {
	target, host, path string
	taken              atomic.Bool
	done               chan struct{} // closed once the target is on its way
}

// ServeHTTP implements [http.Handler].
func (h *handoff) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host != h.host:
		refuse(w, http.StatusMisdirectedRequest, "Wrong address", "This address is not served here.")
	case subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte(h.path)) != 1:
		refuse(w, http.StatusNotFound, "Nothing here", "The command line has something for another address.")
	case r.Method != http.MethodGet: // looking for what is there must not use it up
		w.Header().Set("Allow", http.MethodGet)
		refuse(w, http.StatusMethodNotAllowed, "Not possible", "Only GET is served here.")
	case !h.taken.CompareAndSwap(false, true):
		refuse(w, http.StatusGone, "Opened already", "This address works once. If it was not you who opened it, somebody else on this machine did: "+
			"sign out of what it led to, and start again from the command line.")
	default:
		defer close(h.done)
		header := w.Header()
		header.Set("Location", h.target)
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Length", "0")
		w.WriteHeader(http.StatusSeeOther)
		_ = http.NewResponseController(w).Flush()
	}
}
