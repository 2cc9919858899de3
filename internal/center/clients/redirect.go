package clients

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"keyfob/internal/center/store"
)

// MatchRedirect reports whether uri is one of the client's redirect URIs: the same string, but for
// the port of an http URI on a loopback literal, which the client only knows when it asks (RFC 8252
// section 7.3).
func (r *Registry) MatchRedirect(c store.Client, uri string) bool {
	if checkRedirect(uri) != nil {
		return false
	}
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool { return matchRedirect(registered, uri) })
}

func matchRedirect(registered, uri string) bool {
	if registered == uri {
		return true
	}
	rHost, rRest, rOK := cutLoopback(registered)
	uHost, uRest, uOK := cutLoopback(uri)
	return rOK && uOK && rHost == uHost && rRest == uRest
}

// cutLoopback takes an http URI on a loopback literal apart: the literal, and path and query. It works
// on the text, not on a parsed URL: parsers differ, and the browser that follows the URI has its own.
func cutLoopback(uri string) (host, rest string, ok bool) {
	for _, h := range []string{"127.0.0.1", "[::1]"} {
		rest, ok := strings.CutPrefix(uri, "http://"+h)
		if !ok {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			end := strings.IndexAny(port, "/?")
			if end < 0 {
				end = len(port)
			}
			if !validPort(port[:end]) {
				return "", "", false
			}
			rest = port[end:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", "", false // 127.0.0.1.evil.example, 127.0.0.1@evil.example
		}
		return h, rest, true
	}
	return "", "", false
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}

// Reasons for which a redirect URI is refused. They never quote it: it may be anything.
var (
	errRedirectLength   = errors.New("it is empty or too long")
	errRedirectText     = errors.New("it has a character that does not belong into a URI, a fragment, or a backslash")
	errRedirectEscape   = errors.New("it has a dot, slash, backslash or control character in percent-encoding, or dot segments")
	errRedirectScheme   = errors.New("it must be http on 127.0.0.1 or [::1], or https")
	errRedirectHost     = errors.New("its host is not a plain domain name or IP address")
	errRedirectUserInfo = errors.New("it has user information before the host")
	errRedirectPort     = errors.New("its port is not a number from 1 to 65535")
)

// checkRedirect says why a URI can be nobody's redirect URI.
func checkRedirect(uri string) error {
	if uri == "" || len(uri) > maxRedirectURI {
		return errRedirectLength
	}
	for _, c := range []byte(uri) {
		if c <= 0x20 || c >= 0x7f || strings.IndexByte("\"#<>\\^`{|}", c) >= 0 {
			return errRedirectText
		}
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errRedirectText
	}
	if badEscape(uri) || slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }) {
		return errRedirectEscape
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return errRedirectUserInfo
	}
	if strings.HasPrefix(uri, "https://") {
		return checkHost(u)
	}
	if _, _, ok := cutLoopback(uri); !ok {
		return errRedirectScheme
	}
	return nil
}

// badEscape reports a percent-encoding that some software undoes before it looks at the parts.
func badEscape(uri string) bool {
	for i := 0; i < len(uri); i++ {
		if uri[i] != '%' {
			continue
		}
		if i+3 > len(uri) {
			return true
		}
		b, err := strconv.ParseUint(uri[i+1:i+3], 16, 8)
		if err != nil || b < 0x20 || b == 0x7f || strings.IndexByte("./\\%", byte(b)) >= 0 {
			return true
		}
	}
	return false
}

// checkHost accepts host names and IP addresses in the one spelling that everybody reads alike.
func checkHost(u *url.URL) error {
	host := u.Host
	if h, port, found := strings.Cut(host[strings.LastIndexByte(host, ']')+1:], ":"); found {
		if !validPort(port) {
			return errRedirectPort
		}
		host = host[:strings.LastIndexByte(host, ']')+1] + h
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		if a.Zone() != "" || a.Is6() != strings.HasPrefix(host, "[") {
			return errRedirectHost
		}
		return nil
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return errRedirectHost
		}
	}
	// A last label that is a number makes browsers read the host as an IPv4 address, in decimal,
	// octal or hexadecimal (WHATWG URL, "ends in a number").
	last := strings.ToLower(labels[len(labels)-1])
	if last[0] >= '0' && last[0] <= '9' || last == "localhost" {
		return errRedirectHost
	}
	return nil
}
