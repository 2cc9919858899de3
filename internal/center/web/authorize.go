package web

import (
	"errors"
	"net/http"

	"keyfob/internal/center/flow"
	"keyfob/internal/center/grant"
)

// consentBody is the page that asks whether a client may come in.
type consentBody struct {
	CSRF, Return string
	Client       string
	Target       string // host and port the answer goes to
	ThisMachine  bool   // the target is the computer the browser runs on
	Permissions  []string
	Now          instant
	Until        instant
}

func (d *Door) authorize(w http.ResponseWriter, r *http.Request) error {
	a, err := d.Grants.CheckAuthorize(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	return d.dispatch(w, r, flow.Want{Kind: flow.WantAuthorize, Authorize: &a})
}

// consentPage is shown for every authorization: the id of a client on somebody's own machine proves
// nothing, so that an earlier yes says nothing about this one (RFC 8252 section 8.6).
func (d *Door) consentPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	a, now, l := v.Want.Authorize, d.Clock.Now(), d.speak(r)
	b := consentBody{
		CSRF: d.csrf(holderOf(v.Person, ""), "/authorize/decision"), Client: visible(a.ClientName), Target: target(a.RedirectURI),
		ThisMachine: loopbackTarget(a.RedirectURI), Permissions: permissions(l, a.Scopes),
		Now: instant{now}, Until: instant{v.Person.Session.ExpiresAt},
	}
	var err error
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", policy(formTarget(a.RedirectURI)))
	d.draw(w, r, view{Page: "consent", Title: l.say("Allow %s?", b.Client), Person: v.Person, Body: b})
	return nil
}

func (d *Door) authorizeDecision(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	if want.Kind != flow.WantAuthorize || want.Authorize == nil {
		return errForm
	}
	location := ""
	switch r.PostForm.Get("decision") {
	case "allow":
		location, err = d.Grants.AllowAuthorize(r.Context(), *want.Authorize, grant.Person(*p))
	case "deny":
		location = d.Grants.DenyAuthorize(*want.Authorize)
	default:
		err = errForm
	}
	if errors.Is(err, grant.ErrNotSignedIn) { // since we looked
		return d.leadTo(w, want)
	} else if err != nil {
		return err
	}
	seeOther(w, location)
	return nil
}
