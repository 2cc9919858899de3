package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Metadata is what a center says of itself.
type Metadata struct {
	StartURLs []string `json:"sso_start_urls"`
	Region    string   `json:"sso_region"`
}

// StartURL is the one that most clients accept: the center's own over https, else one of AWS's form, for
// AWS CLI 2.35.13 and later refuse http.
func (m Metadata) StartURL() string {
	if i := slices.IndexFunc(m.StartURLs, func(u string) bool { return strings.HasPrefix(u, "https://") }); i > 0 && !strings.HasPrefix(m.StartURLs[0], "https://") {
		return m.StartURLs[i]
	}
	return m.StartURLs[0]
}

// Discover asks the center for its region and start URLs.
func (p Patient) Discover(ctx context.Context) (Metadata, error) {
	e := &examination{Patient: p, base: strings.TrimRight(p.URL, "/")}
	var m Metadata
	if !e.url() {
		return m, errors.New(e.found[0].Text)
	}
	e.client = e.httpClient()
	defer e.client.CloseIdleConnections()
	resp, body, err := e.get(ctx, http.MethodGet, pathDiscovery)
	switch {
	case ctx.Err() != nil:
		return m, ctx.Err()
	case err != nil:
		e.unreachable(err)
		return m, errors.New(e.found[len(e.found)-1].Text)
	case resp.StatusCode != http.StatusOK || json.Unmarshal(body, &m) != nil || len(m.StartURLs) == 0 || m.Region == "":
		return m, fmt.Errorf("%s is no center, or an old one (%d)", e.base, resp.StatusCode)
	}
	return m, nil
}

// Ready asks /readyz of the listener of metrics at address, and returns what it says. It is an error unless
// that is that the center is ready.
func Ready(ctx context.Context, address string, timeout time.Duration) (string, error) {
	u := url.URL{Scheme: "http", Host: address, Path: "/readyz"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s", strings.TrimSpace(string(b)))
	}
	return string(b), err
}
