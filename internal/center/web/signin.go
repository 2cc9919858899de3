package web

import (
	"errors"
	"net/http"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/wire"
)

// signInBody is the sign-in page.
type signInBody struct {
	CSRF, Return string
	Client       string // that is waiting to be let in, or ""
	Device       bool   // a device is
	Login        string // what was typed before
	Error        string
	Passkey      *passkeyForm
}

func (d *Door) start(w http.ResponseWriter, r *http.Request) error {
	return d.dispatch(w, r, flow.Want{Kind: flow.WantPortal})
}

// vanity answers HEAD on the start URL. AWS CLI 2.35.13 and later ask whether a start URL leads to an
// AWS-owned name before they use it, and never contact that name; browsers, which GET, are not sent
// there.
func (d *Door) vanity(w http.ResponseWriter, r *http.Request) error {
	inst, err := d.Instances.Instance(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Location", "https://"+inst.ID+".portal."+inst.Region+".app.aws/start")
	w.WriteHeader(http.StatusFound)
	return nil
}

func (d *Door) signInPage(w http.ResponseWriter, r *http.Request, v visitor, b signInBody) error {
	visit, err := d.startVisit(w, r)
	if err != nil {
		return err
	}
	b.CSRF = d.csrf(holderOf(nil, visit), "/sign-in")
	if b.Return, err = d.sealUnlessPortal(v.Want); err != nil {
		return err
	}
	l := d.speak(r)
	if v.Want.Kind == flow.WantAuthorize && v.Want.Authorize != nil {
		b.Client = visible(v.Want.Authorize.ClientName)
	}
	b.Device = v.Want.Kind == flow.WantDevice || v.Want.Kind == flow.WantDeviceChecked
	if b.Passkey, err = d.anyPasskey(r, l, visit, b.Return); err != nil {
		return err
	}
	title, status := l.say("Sign in"), 0
	if b.Error != "" {
		// Not 401, which would have to name an HTTP authentication scheme.
		title, status = l.say("Error: %s", title), http.StatusForbidden
	}
	d.draw(w, r, view{Page: "sign-in", Title: title, Status: status, Body: b})
	return nil
}

func (d *Door) sealUnlessPortal(want flow.Want) (string, error) {
	if want.Kind == flow.WantPortal {
		return "", nil
	}
	return d.flow.Seal(want)
}

func (d *Door) signIn(w http.ResponseWriter, r *http.Request) error {
	want, err := d.flow.Open(r.PostForm.Get("return"))
	if err != nil {
		return err
	}
	if visit := d.visit(r); visit == "" || d.checkCSRF(r, holderOf(nil, visit)) != nil {
		// Mostly somebody with two tabs, who has signed in in the other one: go on as that person.
		if p, err := d.person(r); err != nil || p == nil {
			return errors.Join(err, errForgery)
		}
		return d.leadTo(w, want)
	}
	login := r.PostForm.Get("username")
	in, err := d.Directory.SignIn(r.Context(), directory.Attempt{
		Login: login, Password: wire.Secret(r.PostForm.Get("password")), Browser: d.cookie(r, cookieBrowser),
	})
	if errors.Is(err, directory.ErrBadCredentials) {
		return d.signInPage(w, r, visitor{Want: want}, signInBody{
			Login: login, Error: d.speak(r).say("That name and password do not match. Check both and try again."),
		})
	} else if err != nil {
		return err
	}
	d.carry(w, r, in)
	return d.leadTo(w, want)
}

// carry gives the browser what signing in has brought: a session, or half of one.
func (d *Door) carry(w http.ResponseWriter, r *http.Request, in directory.SignedIn) {
	if in.Half != "" {
		d.setCookie(w, cookieHalf, in.Half, 0)
		return
	}
	d.setCookie(w, cookieSession, in.Cookie, in.Person.Session.ExpiresAt.Sub(d.Clock.Now()).Truncate(time.Second))
	if in.Browser != "" {
		d.setCookie(w, cookieBrowser, in.Browser, browserMemory)
	}
	for _, name := range []string{cookieVisit, cookieHalf} {
		if d.cookie(r, name) != "" {
			d.setCookie(w, name, "", -1)
		}
	}
}

func (d *Door) signOut(w http.ResponseWriter, r *http.Request) error {
	p, err := d.person(r)
	if err != nil {
		return err
	}
	if p != nil {
		if err := d.checkCSRF(r, holderOf(p, "")); err != nil {
			return err
		}
		if err := d.Directory.SignOut(r.Context(), p.Session); err != nil {
			return err
		}
	}
	d.setCookie(w, cookieSession, "", -1)
	d.setCookie(w, cookieHalf, "", -1)
	seeOther(w, "/signed-out")
	return nil
}

func (d *Door) signedOut(w http.ResponseWriter, r *http.Request) error {
	return d.dispatch(w, r, flow.Want{Kind: flow.WantSignedOut})
}
