package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxForm is the largest form accepted, in bytes; the largest of ours carries a sealed authorization
// request.
const maxForm = 64 << 10

// secure sets what every answer of this door carries.
func (d *Door) secure(h http.Header) {
	h.Set("Content-Security-Policy", policy(""))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), publickey-credentials-create=(self), publickey-credentials-get=(self), clipboard-write=(self)")
	h.Set("Cache-Control", "no-store")
	if d.secureCookies() && !loopbackHost(d.BaseURL.Hostname()) {
		// Not for localhost: it would reach every other server that its user runs there.
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// policy is the Content-Security-Policy of a page whose forms may, beside to ourselves, lead to one
// more source. Chromium holds redirects that follow a form post against form-action as well.
func policy(formTarget string) string {
	if formTarget != "" {
		formTarget = " " + formTarget
	}
	return "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'" + formTarget +
		"; base-uri 'none'; frame-ancestors 'none'"
}

// formTarget is the CSP source for the place a consent form's answer redirects to; "" if there is
// none that can be written safely.
func formTarget(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme == "" || strings.Trim(u.Scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		return ""
	}
	if (u.Scheme != "http" && u.Scheme != "https") || strings.Contains(u.Hostname(), ":") {
		// CSP has no way to write an IPv6 address, so its scheme has to do.
		return u.Scheme + ":"
	}
	host := strings.ToLower(u.Host)
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.:") != "" {
		return ""
	}
	return u.Scheme + "://" + host
}

func loopbackHost(host string) bool {
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// sameOrigin refuses posts that another site's page made (net/http's check of Sec-Fetch-Site and
// Origin). Under our Referrer-Policy browsers send "Origin: null" with their own forms; one too old,
// or too far away over plain http, to send Sec-Fetch-Site as well is left to the CSRF token alone.
func (d *Door) sameOrigin(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return nil
	}
	if d.cross.Check(r) != nil {
		return errForgery
	}
	return nil
}

// loopbackTarget reports whether a redirect stays on the browser's machine.
func loopbackTarget(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	return err == nil && loopbackHost(u.Hostname())
}
