package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"keyfob/internal/wire"
)

//go:embed messages/*.json
var messageFiles embed.FS

// words is one language: what the pages say in it, by what they say in English. A message may hold %s
// and %d; two messages that are the same in English and differ elsewhere end in "|" and a hint.
type words struct {
	Tag   string // BCP 47
	Name  string // in the language itself
	said  map[string]string
	month []string
	date  string // of day, month, year
}

// languages are what the pages are written in; the first is the one for everybody else.
type languages struct {
	all   []*words
	match language.Matcher
}

func newLanguages() (languages, error) {
	english := &words{
		Tag: "en", Name: "English", date: "%d %s %d",
		month: []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	}
	german := &words{
		Tag: "de", Name: "Deutsch", date: "%d. %s %d",
		month: []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	}
	b, err := messageFiles.ReadFile("messages/de.json")
	if err == nil {
		err = json.Unmarshal(b, &german.said)
	}
	return languages{[]*words{english, german}, language.NewMatcher([]language.Tag{language.English, language.German})}, err
}

// of is the language for a request: the one its address names, else the one that was chosen before,
// else what the browser asks for.
func (l languages) of(r *http.Request, chosen wire.Secret) *words {
	for _, tag := range []string{r.URL.Query().Get(paramLanguage), chosen.Reveal()} {
		for _, w := range l.all {
			if w.Tag == tag {
				return w
			}
		}
	}
	accepted := r.Header.Get("Accept-Language")
	tags, _, err := language.ParseAcceptLanguage(accepted[:min(len(accepted), 200)])
	if err != nil || len(tags) == 0 {
		return l.all[0]
	}
	_, i, _ := l.match.Match(tags...)
	return l.all[i]
}

// say is a message in the language, with its arguments in their places.
func (w *words) say(message string, args ...any) string {
	said, ok := w.said[message]
	if !ok {
		said, _, _ = strings.Cut(message, "|")
	}
	if len(args) > 0 {
		said = fmt.Sprintf(said, args...)
	}
	return said
}

// markup is say for a page: every argument is text from outside, escaped and set apart, so that its
// reading direction stays its own.
func (w *words) markup(message string, args ...any) template.HTML {
	safe := make([]any, len(args))
	for i, a := range args {
		safe[i] = "<bdi>" + template.HTMLEscapeString(fmt.Sprint(a)) + "</bdi>"
	}
	return template.HTML(fmt.Sprintf(template.HTMLEscapeString(w.say(message)), safe...)) // #nosec G203 -- both are escaped
}

// when is an instant as pages show it. They cannot know the reader's time zone.
func (w *words) when(t instant) template.HTML {
	u := t.UTC()
	shown := fmt.Sprintf(w.date, u.Day(), w.month[u.Month()-1], u.Year()) + u.Format(", 15:04 UTC")
	return template.HTML(`<time datetime="` + u.Format(time.RFC3339) + `">` + shown + `</time>`) // #nosec G203 -- no text from outside
}

// paramLanguage chooses a language, on any page.
const paramLanguage = "lang"

// speak is the language of a request.
func (d *Door) speak(r *http.Request) *words { return d.languages.of(r, d.cookie(r, cookieLanguage)) }

// remember keeps a choice of language.
func (d *Door) remember(w http.ResponseWriter, r *http.Request, l *words) {
	if r.URL.Query().Get(paramLanguage) == l.Tag && r.Method == http.MethodGet {
		d.setCookie(w, cookieLanguage, wire.Secret(l.Tag), browserMemory)
	}
}

// choice is a language in the footer.
type choice struct{ Tag, Name, Href string }

// choices are the other languages. Each leads to the same page again, unless that is an error, whose
// address is not to be repeated, or asking for it again would do something.
func (d *Door) choices(r *http.Request, now *words, fine bool) []choice {
	var all []choice
	for _, l := range d.languages.all {
		if l == now {
			continue
		}
		u, q := url.URL{Path: "/start"}, url.Values{}
		if again := []string{"/start", "/sign-in", "/continue", "/authorize", "/device", "/keys", "/password"}; fine && r.Method == http.MethodGet &&
			(slices.Contains(again, r.URL.Path) || strings.HasPrefix(r.URL.Path, "/profile")) {
			u.Path, q = r.URL.Path, r.URL.Query()
		}
		q.Set(paramLanguage, l.Tag)
		u.RawQuery = q.Encode()
		all = append(all, choice{l.Tag, l.Name, u.String()})
	}
	return all
}
