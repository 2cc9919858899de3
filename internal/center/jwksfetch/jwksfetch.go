// Package jwksfetch gets the public keys of an OpenID Connect issuer over HTTP.
//
// Package center gives it to webidentity, which says when. It knows nothing of tokens. The addresses
// come from the operator's seed file and from nowhere else, least of all from a token; an answer that
// leads elsewhere is refused, so that no issuer can make the center knock at other doors.
package jwksfetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	maxAnswer = 256 << 10
	timeout   = 5 * time.Second
)

// Client fetches. It is safe for concurrent use.
type Client struct{ http *http.Client }

// New makes a client, which goes through the proxy that the environment names.
func New() *Client {
	return &Client{&http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute,
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("it redirects elsewhere") },
	}}
}

// Fetch returns what is at the URL, at most 256 KiB of it, within 5 seconds.
func (c *Client) Fetch(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("%s answers with more than %d bytes", url, maxAnswer)
	}
	return b, err
}
