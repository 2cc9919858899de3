package web

import (
	"errors"
	"net/http"
	"strings"

	"keyfob/internal/center/flow"
	"keyfob/internal/center/store"
)

// sessionsBody is the page of where somebody is signed in.
type sessionsBody struct {
	CSRF, Return string
	Sessions     []shownSession
	Others       bool // there are others than this one
}

type shownSession struct {
	ID       string
	Here     bool
	Browser  string
	Agent    string
	RemoteIP string
	Began    instant
	Seen     string
	Ends     instant
	Clients  []shownClient
}

type shownClient struct {
	ID, Name string
	Since    instant
}

func (d *Door) sessionsPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	l, p, now := d.speak(r), v.Person, d.Clock.Now()
	open, err := d.Directory.Sessions(r.Context(), p.User.ID)
	if err != nil {
		return err
	}
	b := sessionsBody{CSRF: d.csrf(holderOf(p, ""), "/profile/sessions"), Others: len(open) > 1}
	if b.Return, err = d.flow.Seal(flow.Want{Kind: flow.WantSessions}); err != nil {
		return err
	}
	for _, s := range open {
		shown := shownSession{
			ID: s.ID, Here: s.ID == p.Session.ID, Browser: browserName(l, s.UserAgent), Agent: visible(s.UserAgent), RemoteIP: visible(s.RemoteIP),
			Began: instant{s.CreatedAt}, Seen: ago(l, s.LastSeenAt, now), Ends: instant{s.ExpiresAt},
		}
		for _, c := range s.Clients {
			shown.Clients = append(shown.Clients, shownClient{c.FamilyID, visible(c.ClientName), instant{c.CreatedAt}})
		}
		if shown.Here {
			b.Sessions = append([]shownSession{shown}, b.Sessions...)
		} else {
			b.Sessions = append(b.Sessions, shown)
		}
	}
	d.draw(w, r, view{Page: "sessions", Title: l.say("Sessions"), Person: p, Body: b})
	return nil
}

// endSessions ends one session, all others, all, or one client. That nobody needs to authenticate for:
// whoever wants out, gets out.
func (d *Door) endSessions(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	id := r.PostForm.Get("id")
	switch r.PostForm.Get("end") {
	case "session":
		if id == p.Session.ID {
			return d.endAll(w, r, d.Directory.SignOut(r.Context(), p.Session))
		}
		err = d.Directory.EndSession(r.Context(), p.User.ID, id)
	case "client":
		err = d.Directory.EndClient(r.Context(), p.User.ID, id)
	case "others":
		err = d.Directory.EndOtherSessions(r.Context(), p.User.ID, p.Session.ID)
	case "all":
		return d.endAll(w, r, d.Directory.EndOtherSessions(r.Context(), p.User.ID, ""))
	default:
		err = errForm
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) { // it has ended by itself
		return err
	}
	return d.leadTo(w, want)
}

// endAll tells somebody whose own session has ended that they are signed out.
func (d *Door) endAll(w http.ResponseWriter, _ *http.Request, err error) error {
	if err != nil {
		return err
	}
	d.setCookie(w, cookieSession, "", -1)
	d.setCookie(w, cookieHalf, "", -1)
	seeOther(w, "/signed-out")
	return nil
}

// browserName makes a name of what a browser says of itself, as far as it is one that people know.
func browserName(l *words, agent string) string {
	name := ""
	for _, b := range []struct{ mark, name string }{
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"aws-cli/", "AWS CLI"},
		{"keyfob", "keyfob"},
	} {
		if strings.Contains(agent, b.mark) {
			name = b.name
			break
		}
	}
	if name == "" {
		return l.say("Unknown browser")
	}
	for _, s := range []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, s.mark) {
			return l.say("%s on %s", name, s.name)
		}
	}
	return name
}
