package web

import (
	"net/http"
	"time"

	"keyfob/internal/wire"
)

// Cookies. Over https their names carry __Host-, which browsers accept from this very host only, with
// Secure and Path=/. Over plain http, which is for loopback, that prefix is impossible.
const (
	cookieSession = "keyfob-session" // who is signed in
	cookieVisit   = "keyfob-visit"   // an anonymous browser, so that the sign-in form has something to be bound to
	cookieBrowser = "keyfob-browser" // proof of an earlier sign-in, see directory.SignedIn
	cookieHalf    = "keyfob-half"    // a sign-in that lacks its second factor

	cookieLanguage = "keyfob-language" // the one that was chosen
)

// browserMemory is how long a browser stays known to have been somebody's.
const browserMemory = 365 * 24 * time.Hour

func (d *Door) secureCookies() bool { return d.BaseURL.Scheme == "https" }

func (d *Door) cookieName(name string) string {
	if d.secureCookies() {
		return "__Host-" + name
	}
	return name
}

func (d *Door) cookie(r *http.Request, name string) wire.Secret {
	// A second cookie of the name was put there by somebody else: trust neither.
	if c := r.CookiesNamed(d.cookieName(name)); len(c) == 1 {
		return wire.Secret(c[0].Value)
	}
	return ""
}

// setCookie lets the browser keep a value for so long; 0 is until it is closed, less is not at all.
func (d *Door) setCookie(w http.ResponseWriter, name string, value wire.Secret, life time.Duration) {
	c := &http.Cookie{
		Name: d.cookieName(name), Value: value.Reveal(), Path: "/", HttpOnly: true, Secure: d.secureCookies(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds()),
	}
	if life < 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
