package clients

import (
	"net/url"
	"slices"
	"strings"

	"keyfob/internal/wire"
)

// StartURLs are the start URLs and issuer URLs that belong to this instance. Clients know one of them
// and keep it as the name of the place to sign in.
type StartURLs struct {
	shown []string
	known []string // normalised
}

// NewStartURLs takes the center's own base URL and the others it answers to, such as
// https://my-lab.awsapps.com/start.
func NewStartURLs(baseURL string, others ...string) StartURLs {
	var s StartURLs
	for _, u := range append([]string{strings.TrimRight(baseURL, "/") + "/start"}, others...) {
		s.shown = append(s.shown, u)
		s.known = append(s.known, normaliseStartURL(u))
	}
	return s
}

// Has reports whether u is one of them, with or without "/start", a trailing slash, a fragment.
func (s StartURLs) Has(u string) bool {
	n := normaliseStartURL(u)
	return n != "" && slices.Contains(s.known, n)
}

// Refuse returns an InvalidRequestException about the named member that says which URLs would do.
func (s StartURLs) Refuse(member string) *wire.ServiceError {
	return refuse(wire.CodeInvalidRequest, "The %s does not belong to this Identity Center, which answers to: %s.", member, strings.Join(s.shown, ", "))
}

func normaliseStartURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxRedirectURI || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return ""
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(strings.TrimSuffix(path, "/start"), "/")
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + path
}
