package center

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// remoteIP is where a request comes from: its peer, or, if that is a trusted proxy, the last address of
// X-Forwarded-For that is not another one. What stands before that address anybody may have sent, and what
// X-Forwarded-Host and -Proto say is never asked: the center knows its address.
func (c *Center) remoteIP(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from := plain(peer.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(from) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		from = plain(next)
	}
	return from.String()
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
