package web

import (
	"errors"
	"net/http"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// passkeyForm is a form that a script sends once the browser has a passkey's answer.
type passkeyForm struct {
	Create       bool // a new one; else the answer of one that is there
	Action, CSRF string
	Return       string
	Options      string // what navigator.credentials is asked
	State        wire.Secret
	Label        string
	Primary      bool
	Name         bool // ask for the passkey's name
}

// Sealed is the state as the form's hidden field has it.
func (f passkeyForm) Sealed() string { return f.State.Reveal() }

// secondFactorBody is the page on which the second factor is shown.
type secondFactorBody struct {
	CSRF, Return  string
	Login         string
	App           bool // there is an authenticator app; else a recovery code may be typed all the same
	Recovery      bool
	OutCSRF       string
	Passkey       *passkeyForm
	PasskeyNeeded bool // there are passkeys only, and this center's address has none
	Error         string
}

func (d *Door) secondFactorPage(w http.ResponseWriter, r *http.Request, v visitor, problem string) error {
	h, l := v.Half, d.speak(r)
	has, err := d.Factors.Of(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	b := secondFactorBody{
		CSRF: d.csrf(holderOfHalf(h), "/second-factor"), Login: visible(h.User.Name), App: has.Kind(store.FactorTOTP),
		Recovery: has.RecoveryCodes > 0, Error: problem,
	}
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	if has.Kind(store.FactorPasskey) {
		q, err := d.Factors.AskPasskey(r.Context(), h.User, holderOfHalf(h))
		b.PasskeyNeeded = errors.Is(err, mfa.ErrNoPasskeys) && !b.App
		if err == nil {
			b.Passkey = &passkeyForm{
				Action: "/second-factor/passkey", CSRF: d.csrf(holderOfHalf(h), "/second-factor/passkey"), Return: b.Return, Options: q.Options, State: q.State,
				Label: l.say("Use a passkey or security key"), Primary: !b.App,
			}
		} else if !errors.Is(err, mfa.ErrNoPasskeys) {
			return err
		}
	}
	title, status := l.say("Second factor"), 0
	if problem != "" {
		title, status = l.say("Error: %s", title), http.StatusForbidden
	}
	d.draw(w, r, view{Page: "second-factor", Title: title, Status: status, Person: v.Person, Body: b})
	return nil
}

// decideHalf reads a form that was shown to half a sign-in. When it returns nothing and no error, the
// browser has been sent to where it can go on.
func (d *Door) decideHalf(w http.ResponseWriter, r *http.Request, page flow.Page) (*visitor, error) {
	want, err := d.flow.Open(r.PostForm.Get("return"))
	if err != nil {
		return nil, err
	}
	v, err := d.visitor(r, want)
	if err != nil {
		return nil, err
	}
	if flow.Next(v.Visitor, want) != page {
		return nil, d.leadTo(w, want)
	}
	return &v, d.checkHolder(r, holderOfHalf(v.Half), want)
}

func (d *Door) secondFactor(w http.ResponseWriter, r *http.Request) error {
	v, err := d.decideHalf(w, r, flow.PageSecondFactor)
	if err != nil || v == nil {
		return err
	}
	how, err := d.Factors.CheckCode(r.Context(), v.Half.User.ID, r.PostForm.Get("code"))
	switch {
	case errors.Is(err, mfa.ErrUsed):
		return d.secondFactorPage(w, r, *v, d.speak(r).say("That code was used already. Wait for the next one."))
	case errors.Is(err, mfa.ErrWrong):
		return d.secondFactorPage(w, r, *v, d.speak(r).say("That code is not right. Look at the newest one and try again."))
	case err != nil:
		return err
	}
	_, err = d.complete(w, r, v, how)
	if err != nil {
		return err
	}
	return d.leadTo(w, v.Want)
}

func (d *Door) secondFactorPasskey(w http.ResponseWriter, r *http.Request) error {
	v, err := d.decideHalf(w, r, flow.PageSecondFactor)
	if err != nil || v == nil {
		return err
	}
	err = d.Factors.CheckPasskey(r.Context(), v.Half.User, holderOfHalf(v.Half), wire.Secret(r.PostForm.Get("state")), r.PostForm.Get("answer"))
	if wrongPasskey(err) {
		return d.secondFactorPage(w, r, *v, d.speak(r).say("That passkey was not accepted. Try again."))
	} else if err != nil {
		return err
	}
	if _, err = d.complete(w, r, v, "passkey"); err != nil {
		return err
	}
	return d.leadTo(w, v.Want)
}

// wrongPasskey is an answer that may be asked for again.
func wrongPasskey(err error) bool {
	return errors.Is(err, mfa.ErrWrong) || errors.Is(err, mfa.ErrExpired)
}

// complete makes a session of half a sign-in. If that half is none any more, the want leads to another
// sign-in.
func (d *Door) complete(w http.ResponseWriter, r *http.Request, v *visitor, how string) (*directory.Person, error) {
	in, err := d.Directory.Complete(r.Context(), d.cookie(r, cookieHalf), how, v.Person)
	if errors.Is(err, directory.ErrNoSession) {
		return nil, mfa.ErrExpired
	} else if err != nil {
		return nil, err
	}
	d.carry(w, r, in)
	return &in.Person, nil
}

// anyPasskey is the form that signs in with a passkey alone, or nil where there can be none.
func (d *Door) anyPasskey(r *http.Request, l *words, visit wire.Secret, sealed string) (*passkeyForm, error) {
	inst, err := d.Instances.Instance(r.Context())
	if err != nil || inst.MFA == store.MFAOff || d.Factors.Passkeys == nil {
		return nil, err
	}
	holder := holderOf(nil, visit)
	q, err := d.Factors.AskAnyPasskey(holder)
	return &passkeyForm{
		Action: "/sign-in/passkey", CSRF: d.csrf(holder, "/sign-in/passkey"), Return: sealed, Options: q.Options, State: q.State,
		Label: l.say("Sign in with a passkey"),
	}, err
}

func (d *Door) signInPasskey(w http.ResponseWriter, r *http.Request) error {
	want, err := d.flow.Open(r.PostForm.Get("return"))
	if err != nil {
		return err
	}
	visit := d.visit(r)
	if visit == "" || d.checkCSRF(r, holderOf(nil, visit)) != nil {
		return errForgery
	}
	if inst, err := d.Instances.Instance(r.Context()); err != nil || inst.MFA == store.MFAOff {
		return errors.Join(err, errForm)
	}
	var in directory.SignedIn
	u, err := d.Factors.CheckAnyPasskey(r.Context(), holderOf(nil, visit), wire.Secret(r.PostForm.Get("state")), r.PostForm.Get("answer"), d.Instances.User)
	if err == nil {
		in, err = d.Directory.Admit(r.Context(), u, d.cookie(r, cookieBrowser), "passkey", nil)
	}
	if wrongPasskey(err) || errors.Is(err, directory.ErrBadCredentials) {
		return d.signInPage(w, r, visitor{Want: want}, signInBody{Error: d.speak(r).say("That passkey was not accepted. Try again, or sign in with your password.")})
	} else if err != nil {
		return err
	}
	d.carry(w, r, in)
	return d.leadTo(w, want)
}

// confirmBody is the page on which somebody who is signed in shows once more who they are.
type confirmBody struct {
	CSRF, Return string
	Login        string
	Passkey      *passkeyForm
	Error        string
}

func (d *Door) confirmPage(w http.ResponseWriter, r *http.Request, v visitor, problem string) error {
	p, l := v.Person, d.speak(r)
	b := confirmBody{CSRF: d.csrf(holderOf(p, ""), "/confirm"), Login: p.User.Name, Error: problem}
	var err error
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	has, err := d.Factors.Of(r.Context(), p.User.ID)
	if err != nil {
		return err
	}
	if has.Kind(store.FactorPasskey) && d.Factors.Passkeys != nil {
		q, err := d.Factors.AskPasskey(r.Context(), p.User, holderOf(p, ""))
		if err != nil {
			return err
		}
		b.Passkey = &passkeyForm{
			Action: "/confirm/passkey", CSRF: d.csrf(holderOf(p, ""), "/confirm/passkey"), Return: b.Return, Options: q.Options, State: q.State,
			Label: l.say("Use a passkey or security key"),
		}
	}
	title, status := l.say("Confirm that it is you"), 0
	if problem != "" {
		title, status = l.say("Error: %s", title), http.StatusForbidden
	}
	d.draw(w, r, view{Page: "confirm", Title: title, Status: status, Person: p, Body: b})
	return nil
}

func (d *Door) confirm(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	in, err := d.Directory.SignIn(r.Context(), directory.Attempt{
		Login: p.User.NameKey, Password: wire.Secret(r.PostForm.Get("password")), Browser: d.cookie(r, cookieBrowser), Again: p,
	})
	switch {
	case errors.Is(err, directory.ErrBadCredentials):
		return d.confirmPage(w, r, visitor{flow.Visitor{Person: p}, want}, d.speak(r).say("That password is not right."))
	case errors.Is(err, directory.ErrNoSession): // since we looked
		return d.leadTo(w, want)
	case err != nil:
		return err
	}
	d.carry(w, r, in)
	return d.leadTo(w, want)
}

func (d *Door) confirmPasskey(w http.ResponseWriter, r *http.Request) error {
	p, want, err := d.decide(w, r)
	if err != nil || p == nil {
		return err
	}
	var in directory.SignedIn
	err = d.Factors.CheckPasskey(r.Context(), p.User, holderOf(p, ""), wire.Secret(r.PostForm.Get("state")), r.PostForm.Get("answer"))
	if err == nil {
		in, err = d.Directory.Admit(r.Context(), p.User, d.cookie(r, cookieBrowser), "passkey", p)
	}
	switch {
	case wrongPasskey(err), errors.Is(err, directory.ErrBadCredentials):
		return d.confirmPage(w, r, visitor{flow.Visitor{Person: p}, want}, d.speak(r).say("That passkey was not accepted. Try again."))
	case errors.Is(err, directory.ErrNoSession):
		return d.leadTo(w, want)
	case err != nil:
		return err
	}
	d.carry(w, r, in)
	return d.leadTo(w, want)
}
