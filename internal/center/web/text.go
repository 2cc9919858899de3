package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"keyfob/internal/wire"
)

// maxShown is how much of a text from outside a page shows, in characters.
const maxShown = 120

// visible makes text from outside honest: what cannot be seen or turns the reading direction is shown
// as its code point, marks beyond two on one letter are dropped, and the end of a long text is cut
// off. It does not escape: the template does.
func visible(s string) string {
	var b strings.Builder
	shown, marks := 0, 0
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString("⟨?⟩")
		case unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Me, r):
			if marks++; marks > 2 {
				continue
			}
			b.WriteRune(r)
			continue
		case r == ' ' || unicode.IsGraphic(r) && !unicode.In(r, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		}
		marks = 0
		if shown++; shown == maxShown {
			return b.String() + "…"
		}
	}
	if strings.TrimSpace(b.String()) == "" {
		return "(no name)"
	}
	return b.String()
}

// inWords says what a scope lets a client do.
func inWords(l *words, scope string) string {
	switch scope {
	case wire.ScopeAccountAccess, "sso-portal:*":
		return l.say("See your AWS accounts and roles, and fetch short-lived credentials for them")
	case "openid":
		return l.say("Know that it is you")
	}
	return l.say("Use the permission “%s”, which this center does not know", visible(scope))
}

// permissions puts scopes into words, each once. No scopes at all is a client of the old kind, which
// gets what it always got.
func permissions(l *words, scopes []string) []string {
	if len(scopes) == 0 {
		scopes = []string{wire.ScopeAccountAccess}
	}
	var out []string
	seen := map[string]bool{}
	for _, s := range scopes {
		if w := inWords(l, s); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// target is where a redirect leads, as far as a person can check it.
func target(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return visible(redirectURI)
	}
	return visible(u.Host)
}

// ago says how long ago t was.
func ago(l *words, t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 5*time.Second:
		return l.say("just now")
	case d < time.Minute:
		return l.say("%d seconds ago", int(d.Seconds()))
	case d < 2*time.Minute:
		return l.say("a minute ago")
	case d < 2*time.Hour:
		return l.say("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return l.say("%d hours ago", int(d.Hours()))
	}
	return l.say("%d days ago", int(d.Hours())/24)
}

// waiting says how long d is, rounded up, as in "try again in …".
func waiting(l *words, d time.Duration) string {
	s := max(1, int((d+time.Second-1)/time.Second))
	switch {
	case s == 1:
		return l.say("1 second")
	case s < 120:
		return l.say("%d seconds", s)
	}
	return l.say("%d minutes", (s+59)/60)
}

// initials are the letters in a person's badge.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		if r, _ := utf8.DecodeRuneInString(word); unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, unicode.ToUpper(r))
		}
	}
	switch {
	case len(out) == 0:
		return "?"
	case len(out) > 2:
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(out)
}
