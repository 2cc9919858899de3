package web

import (
	"net/http"
	"net/url"

	"keyfob/internal/center/administration"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

// adminLinkBody is the one page that ever shows a link with which somebody chooses a password.
type adminLinkBody struct {
	Invited    bool
	Name, Link string
	Until      instant
	Back       string
}

func (d *Door) adminLink(w http.ResponseWriter, r *http.Request, by directory.Person, org store.Organisation, kind store.LinkKind) error {
	u, err := find(org.Users, r.PostForm.Get("id"), userID)
	if err != nil {
		return administration.Invalid{Message: "That person is not there any more."}
	}
	secret, expires, err := d.Administration.NewLink(r.Context(), by, u.ID, kind)
	if err != nil {
		return adminError(err)
	}
	link := url.URL{Scheme: d.BaseURL.Scheme, Host: d.BaseURL.Host, Path: "/password", RawQuery: url.Values{"link": {secret.Reveal()}}.Encode()}
	l, b := d.speak(r), adminLinkBody{kind == store.LinkInvite, visible(u.Name), link.String(), instant{expires}, personHref(u.ID)}
	title := l.say("Password-reset link")
	if b.Invited {
		title = l.say("Invitation link")
	}
	d.draw(w, r, view{Page: "admin-link", Title: title, Person: &by, Body: b})
	return nil
}
