package web

import (
	"errors"
	"net/http"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// newPasswordBody is the page on which a password is chosen: by somebody signed in, or by whoever was
// given a link.
type newPasswordBody struct {
	Action, CSRF, Return string
	Link                 wire.Secret
	Login                string // for password managers
	Invited              bool
	Min                  int
	Error                string
}

// Sealed is the link as the form's hidden field has it.
func (b newPasswordBody) Sealed() string { return b.Link.Reveal() }

func (d *Door) newPasswordPage(w http.ResponseWriter, r *http.Request, v visitor, problem string) error {
	b := newPasswordBody{Action: "/profile/password", CSRF: d.csrf(holderOf(v.Person, ""), "/profile/password"), Login: v.Person.User.Name, Error: problem}
	var err error
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	return d.drawNewPassword(w, r, v.Person, b)
}

func (d *Door) drawNewPassword(w http.ResponseWriter, r *http.Request, p *directory.Person, b newPasswordBody) error {
	l := d.speak(r)
	b.Min = directory.MinPassword
	title, status := l.say("Choose a password"), 0
	if b.Error != "" {
		title, status = l.say("Error: %s", title), http.StatusBadRequest
	}
	d.draw(w, r, view{Page: "new-password", Title: title, Status: status, Person: p, Body: b})
	return nil
}

// chosen reads a new password that was typed two times; problem says what is wrong with it.
func chosen(l *words, r *http.Request) (p wire.Secret, problem string) {
	if p = wire.Secret(r.PostForm.Get("password")); p.Reveal() != r.PostForm.Get("again") {
		return "", l.say("The two passwords are not the same.")
	}
	return p, ""
}

// unsuitable puts a refusal of a password into words, "" if err is something else.
func unsuitable(l *words, err error) string {
	if errors.Is(err, directory.ErrPassword) {
		return l.say("A password has between %d and %d characters.", directory.MinPassword, directory.MaxPassword)
	}
	return ""
}

func (d *Door) newPassword(w http.ResponseWriter, r *http.Request) error {
	v, err := d.change(w, r, flow.PagePassword)
	if err != nil || v == nil {
		return err
	}
	l := d.speak(r)
	p, problem := chosen(l, r)
	if problem == "" {
		err = d.Directory.SetPassword(r.Context(), v.Person.User.ID, p, v.Person.Session.ID)
		problem = unsuitable(l, err)
	}
	switch {
	case problem != "":
		return d.newPasswordPage(w, r, *v, problem)
	case err != nil:
		return err
	}
	if err := d.renew(w, r, v.Person); err != nil {
		return err
	}
	return d.leadTo(w, flow.Want{Kind: flow.WantSecurity, Page: flow.PagePassword})
}

// passwordLink is where an invitation and a password reset lead. Looking at it does not use it up.
func (d *Door) passwordLink(w http.ResponseWriter, r *http.Request) error {
	return d.passwordLinkPage(w, r, wire.Secret(r.URL.Query().Get("link")), "")
}

func (d *Door) passwordLinkPage(w http.ResponseWriter, r *http.Request, secret wire.Secret, problem string) error {
	link, u, err := d.Directory.Link(r.Context(), secret)
	if err != nil {
		return err
	}
	visit, err := d.startVisit(w, r)
	if err != nil {
		return err
	}
	return d.drawNewPassword(w, r, nil, newPasswordBody{
		Action: "/password", CSRF: d.csrf(holderOf(nil, visit), "/password"), Link: secret, Login: u.Name, Invited: link.Kind == store.LinkInvite, Error: problem,
	})
}

func (d *Door) usePasswordLink(w http.ResponseWriter, r *http.Request) error {
	if visit := d.visit(r); visit == "" || d.checkCSRF(r, holderOf(nil, visit)) != nil {
		return errForgery
	}
	l, secret := d.speak(r), wire.Secret(r.PostForm.Get("link"))
	p, problem := chosen(l, r)
	var err error
	if problem == "" {
		err = d.Directory.UseLink(r.Context(), secret, p)
		problem = unsuitable(l, err)
	}
	switch {
	case problem != "":
		return d.passwordLinkPage(w, r, secret, problem)
	case err != nil:
		return err
	}
	d.draw(w, r, view{Page: "password-set", Title: l.say("Your password is set")})
	return nil
}
