package web

import (
	"errors"
	"net/http"

	"keyfob/internal/center/flow"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/request"
)

// deviceCodeBody is the page on which a code is entered.
type deviceCodeBody struct {
	CSRF, Return string
	UserCode     string
	Prefilled    bool // by a link, so that it has to be compared
	Error        string
}

// deviceConfirmBody is the page that asks whether a device may come in.
type deviceConfirmBody struct {
	CSRF, Return string
	UserCode     string
	Client       string
	RemoteIP     string
	SameNetwork  bool // the device asked from the address this browser has
	UserAgent    string
	Permissions  []string
	Asked        instant
	AskedAgo     string
	Until        instant
}

// device is where the device's instructions lead, with the code in the link or without. Opening it
// approves nothing, and does not even look the code up.
func (d *Door) device(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("user_code")
	return d.dispatch(w, r, flow.Want{Kind: flow.WantDevice, UserCode: code[:min(len(code), maxShown)]})
}

func (d *Door) deviceCodePage(w http.ResponseWriter, r *http.Request, v visitor, b deviceCodeBody) error {
	b.CSRF = d.csrf(holderOf(v.Person, ""), "/device")
	b.Prefilled = b.UserCode != "" && b.Error == ""
	var err error
	if b.Return, err = d.flow.Seal(flow.Want{Kind: flow.WantDevice, UserCode: b.UserCode}); err != nil {
		return err
	}
	l := d.speak(r)
	title, status := l.say("Connect a device"), 0
	if b.Error != "" {
		title, status = l.say("Error: %s", title), http.StatusBadRequest
	}
	d.draw(w, r, view{Page: "device-code", Title: title, Status: status, Person: v.Person, Body: b})
	return nil
}

func (d *Door) deviceCheck(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	code := r.PostForm.Get("user_code")
	_, err = d.Grants.PendingDevice(r.Context(), code, grant.Person(*p))
	switch {
	case errors.Is(err, grant.ErrUnknownCode):
		return d.deviceCodePage(w, r, visitor{Visitor: flow.Visitor{Person: p}}, deviceCodeBody{
			UserCode: code[:min(len(code), maxShown)],
			Error:    d.speak(r).say("This code is not one that waits for an answer. Check it on your device; codes are good for a few minutes only."),
		})
	case errors.Is(err, grant.ErrNotSignedIn): // since we looked
		return d.leadTo(w, want)
	case err != nil:
		return err
	}
	return d.leadTo(w, flow.Want{Kind: flow.WantDeviceChecked, UserCode: code, Session: p.Session.ID})
}

func (d *Door) deviceConfirmPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	q, err := d.Grants.PendingDevice(r.Context(), v.Want.UserCode, grant.Person(*v.Person))
	if err != nil {
		return err
	}
	now, l := d.Clock.Now(), d.speak(r)
	b := deviceConfirmBody{
		CSRF: d.csrf(holderOf(v.Person, ""), "/device/decision"), UserCode: q.UserCode, Client: visible(q.ClientName),
		RemoteIP: visible(q.RemoteIP), SameNetwork: q.RemoteIP == request.FromContext(r.Context()).RemoteIP,
		UserAgent: visible(q.UserAgent), Permissions: permissions(l, q.Scopes),
		Asked: instant{q.CreatedAt}, AskedAgo: ago(l, q.CreatedAt, now), Until: instant{v.Person.Session.ExpiresAt},
	}
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	d.draw(w, r, view{Page: "device-confirm", Title: l.say("Connect %s?", b.Client), Person: v.Person, Body: b})
	return nil
}

func (d *Door) deviceDecision(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	decision := r.PostForm.Get("decision")
	if want.Kind != flow.WantDeviceChecked || decision != "approve" && decision != "deny" {
		return errForm
	}
	if want.Session != p.Session.ID {
		return d.leadTo(w, want)
	}
	err = d.Grants.DecideDevice(r.Context(), want.UserCode, decision == "approve", grant.Person(*p))
	if errors.Is(err, grant.ErrNotSignedIn) { // since we looked
		return d.leadTo(w, want)
	} else if err != nil {
		return err
	}
	return d.leadTo(w, flow.Want{Kind: flow.WantDeviceDecided, Approved: decision == "approve"})
}

func (d *Door) deviceResultPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	l := d.speak(r)
	title := l.say("Device connected")
	if !v.Want.Approved {
		title = l.say("Request denied")
	}
	d.draw(w, r, view{Page: "device-result", Title: title, Person: v.Person, Body: v.Want.Approved})
	return nil
}
