package center_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"keyfob/internal/center"
)

// Who is throttled and written down is the peer, whatever it claims, unless it is a proxy that is trusted.
func TestSecurity83ForwardedIsBelievedOfTrustedProxiesOnly(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		proxies []netip.Prefix
		peer    string
		sent    []string
		want    string
	}{
		{nil, "192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"},
		{nil, "127.0.0.1:1", []string{"198.51.100.7"}, "127.0.0.1"},
		{trusted, "192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"},
		{trusted, "10.0.0.9:1", nil, "10.0.0.9"},
		{trusted, "10.0.0.9:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{trusted, "[::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{trusted, "10.0.0.9:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		// What a client sends is before what the proxy adds.
		{trusted, "10.0.0.9:1", []string{"203.0.113.66, 198.51.100.7"}, "198.51.100.7"},
		{trusted, "10.0.0.9:1", []string{"203.0.113.66", "198.51.100.7"}, "198.51.100.7"},
		{trusted, "10.0.0.9:1", []string{"203.0.113.66, 198.51.100.7, 10.0.0.8"}, "198.51.100.7"},
		{trusted, "10.0.0.9:1", []string{"10.0.0.7,10.0.0.8"}, "10.0.0.7"},
		{trusted, "10.0.0.9:1", []string{"198.51.100.7, nonsense"}, "10.0.0.9"},
		{trusted, "10.0.0.9:1", []string{"nonsense, 10.0.0.8"}, "10.0.0.8"},
		{trusted, "10.0.0.9:1", []string{strings.Repeat(",", 10_000)}, "10.0.0.9"},
	} {
		g := newRig(t, func(config *center.Config) { config.TrustedProxies = c.proxies })
		r := g.do(http.MethodGet, "/healthz", func(r *http.Request) {
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.sent
			r.Header.Set("X-Real-Ip", "203.0.113.99")
			r.Header.Set("Forwarded", "for=203.0.113.99")
			r.Header.Set("X-Forwarded-Host", "evil.example")
		})
		if r.StatusCode != http.StatusOK || !strings.Contains(g.log.String(), `"remote_ip":"`+c.want+`"`) {
			t.Errorf("%s with %.80q: want %s, log %s", c.peer, c.sent, c.want, g.log)
		}
	}
}
