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
func inWords(scope string) string {
	switch scope {
	case wire.ScopeAccountAccess, "sso-portal:*":
		return "See your AWS accounts and roles, and fetch short-lived credentials for them"
	case "openid":
		return "Know that it is you"
	}
	return "Use the permission “" + visible(scope) + "”, which this center does not know"
}

// permissions puts scopes into words, each once. No scopes at all is a client of the old kind, which
// gets what it always got.
func permissions(scopes []string) []string {
	if len(scopes) == 0 {
		scopes = []string{wire.ScopeAccountAccess}
	}
	var words []string
	seen := map[string]bool{}
	for _, s := range scopes {
		if w := inWords(s); !seen[w] {
			seen[w] = true
			words = append(words, w)
		}
	}
	return words
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
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 5*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d seconds ago", int(d.Seconds()))
	case d < 2*time.Minute:
		return "a minute ago"
	}
	return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
}

// waiting says how long d is, rounded up, as in "try again in …".
func waiting(d time.Duration) string {
	s := max(1, int((d+time.Second-1)/time.Second))
	switch {
	case s == 1:
		return "1 second"
	case s < 120:
		return fmt.Sprintf("%d seconds", s)
	}
	return fmt.Sprintf("%d minutes", (s+59)/60)
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
