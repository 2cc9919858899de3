package web

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"keyfob/internal/center/flow"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// securityBody is the page of what somebody signs in with.
type securityBody struct {
	Devices      []shownDevice
	CSRF         string // of a device's form
	Return       string
	CodesCSRF    string
	Codes        int // left
	Passkeys     bool
	Changed      bool // the password, just now
	Off          bool // nobody is asked for a second factor here
	Full         bool // there are as many devices as there may be
	MustHaveMore bool // there has to be one, and this is the last
}

type shownDevice struct {
	ID, Name string
	Passkey  bool
	Added    instant
	Used     *instant
}

func (d *Door) securityPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	p := v.Person
	has, err := d.Factors.Of(r.Context(), p.User.ID)
	if err != nil {
		return err
	}
	inst, err := d.Instances.Instance(r.Context())
	if err != nil {
		return err
	}
	b := securityBody{
		CSRF: d.csrf(holderOf(p, ""), "/profile/device"), CodesCSRF: d.csrf(holderOf(p, ""), "/profile/recovery-codes"), Codes: has.RecoveryCodes,
		Passkeys: d.Factors.Passkeys != nil, Changed: v.Want.Kind == flow.WantSecurity && v.Want.Page == flow.PagePassword,
		Off: inst.MFA == store.MFAOff, Full: len(has.Factors) >= mfa.MaxFactors, MustHaveMore: has.Required && len(has.Factors) == 1,
	}
	if b.Return, err = d.flow.Seal(flow.Want{Kind: flow.WantChange, Page: flow.PageSecurity}); err != nil {
		return err
	}
	for _, f := range has.Factors {
		s := shownDevice{ID: f.ID, Name: visible(f.Name), Passkey: f.Kind == store.FactorPasskey, Added: instant{f.CreatedAt}}
		if !f.LastUsedAt.IsZero() {
			s.Used = &instant{f.LastUsedAt}
		}
		b.Devices = append(b.Devices, s)
	}
	d.draw(w, r, view{Page: "security", Title: d.speak(r).say("Security"), Person: p, Body: b})
	return nil
}

// change reads a form with which somebody changes what they sign in with: the one who is signed in, and
// recently, or who has to set up a second factor before they are. When it returns nothing and no error,
// the browser has been sent to where that can be put right.
func (d *Door) change(w http.ResponseWriter, r *http.Request, page flow.Page) (*visitor, error) {
	want, err := d.flow.Open(r.PostForm.Get("return"))
	if err != nil {
		return nil, err
	}
	v, err := d.visitor(r, want)
	if err != nil {
		return nil, err
	}
	switch flow.Next(v.Visitor, want) {
	case page:
	case flow.PageEnrol:
		if page != flow.PageAddApp && page != flow.PageAddPasskey {
			return nil, d.leadTo(w, want)
		}
	default:
		return nil, d.leadTo(w, want)
	}
	return &v, d.checkHolder(r, v.holder(), want)
}

// enrolling reports whether the visitor sets up a second factor because there has to be one.
func (v visitor) enrolling() bool {
	return v.Half != nil && flow.Next(v.Visitor, v.Want) == flow.PageEnrol
}

func (v visitor) holder() string {
	if v.enrolling() {
		return holderOfHalf(v.Half)
	}
	return holderOf(v.Person, "")
}

func (v visitor) user() store.User {
	if v.enrolling() {
		return v.Half.User
	}
	return v.Person.User
}

// addAppBody is the page on which an authenticator app is set up, and a passkey if it must be either.
type addAppBody struct {
	CSRF, Return string
	Must         bool
	State        string
	Secret       string
	Code         qrCode
	Link         template.URL // otpauth:, for a phone that shows this page itself
	Passkey      *passkeyForm
	Error        string
}

// addAppPage shows a new secret, or again the one of state.
func (d *Door) addAppPage(w http.ResponseWriter, r *http.Request, v visitor, state, problem string) error {
	l := d.speak(r)
	var app mfa.App
	var err error
	if state == "" {
		app, err = d.Factors.NewApp(r.Context(), v.user(), v.holder())
	} else {
		app, err = d.Factors.SameApp(r.Context(), v.user(), v.holder(), state)
	}
	if err != nil {
		return err
	}
	b := addAppBody{
		CSRF: d.csrf(v.holder(), "/profile/app"), Must: v.enrolling(), State: app.State, Secret: inFours(app.Secret.Reveal()), Link: template.URL(app.URI.Reveal()), Error: problem, // #nosec G203 -- the link is ours
	}
	if b.Code, err = newQRCode(app.URI.Reveal()); err != nil {
		return err
	}
	if b.Return, err = d.flow.Seal(v.Want); err != nil {
		return err
	}
	if v.enrolling() && d.Factors.Passkeys != nil {
		if b.Passkey, err = d.newPasskeyForm(r, l, v); err != nil {
			return err
		}
	}
	title, status := l.say("Add an authenticator app"), 0
	if b.Must {
		title = l.say("Set up a second factor")
	}
	if problem != "" {
		title, status = l.say("Error: %s", title), http.StatusBadRequest
	}
	d.draw(w, r, view{Page: "add-app", Title: title, Status: status, Person: v.Person, Body: b})
	return nil
}

func (d *Door) addApp(w http.ResponseWriter, r *http.Request) error {
	v, err := d.change(w, r, flow.PageAddApp)
	if err != nil || v == nil {
		return err
	}
	state, name := r.PostForm.Get("state"), cmp.Or(strings.TrimSpace(r.PostForm.Get("name")), d.speak(r).say("Authenticator app"))
	err = d.Factors.AddApp(r.Context(), v.user(), v.holder(), state, digitsOf(r.PostForm.Get("code")), name)
	if errors.Is(err, mfa.ErrWrong) {
		return d.addAppPage(w, r, *v, state, d.speak(r).say("That code is not right. If it stays so, check the clock of the device that shows it."))
	} else if err != nil {
		return err
	}
	return d.added(w, r, v, "authenticator app")
}

func (d *Door) newPasskeyForm(r *http.Request, l *words, v visitor) (*passkeyForm, error) {
	q, err := d.Factors.NewPasskey(r.Context(), v.user(), v.holder())
	if err != nil {
		return nil, err
	}
	sealed, err := d.flow.Seal(v.Want)
	return &passkeyForm{
		Create: true, Action: "/profile/passkey", CSRF: d.csrf(v.holder(), "/profile/passkey"), Return: sealed, Options: q.Options, State: q.State,
		Label: l.say("Add a passkey or security key"), Primary: !v.enrolling(), Name: !v.enrolling(),
	}, err
}

// addPasskeyBody is the page on which a passkey is made.
type addPasskeyBody struct {
	Passkey *passkeyForm
	Error   string
}

func (d *Door) addPasskeyPage(w http.ResponseWriter, r *http.Request, v visitor, problem string) error {
	l := d.speak(r)
	f, err := d.newPasskeyForm(r, l, v)
	if err != nil {
		return err
	}
	title, status := l.say("Add a passkey"), 0
	if problem != "" {
		title, status = l.say("Error: %s", title), http.StatusBadRequest
	}
	d.draw(w, r, view{Page: "add-passkey", Title: title, Status: status, Person: v.Person, Body: addPasskeyBody{f, problem}})
	return nil
}

func (d *Door) addPasskey(w http.ResponseWriter, r *http.Request) error {
	v, err := d.change(w, r, flow.PageAddPasskey)
	if err != nil || v == nil {
		return err
	}
	err = d.Factors.AddPasskey(r.Context(), v.user(), v.holder(), wire.Secret(r.PostForm.Get("state")), r.PostForm.Get("answer"), r.PostForm.Get("name"))
	if wrongPasskey(err) {
		problem := d.speak(r).say("That passkey was not accepted. Try again.")
		if v.enrolling() {
			return d.addAppPage(w, r, *v, "", problem)
		}
		return d.addPasskeyPage(w, r, *v, problem)
	} else if err != nil {
		return err
	}
	return d.added(w, r, v, "passkey")
}

// changeDevice renames a device, or removes it.
func (d *Door) changeDevice(w http.ResponseWriter, r *http.Request) error {
	v, err := d.change(w, r, flow.PageSecurity)
	if err != nil || v == nil {
		return err
	}
	id := r.PostForm.Get("id")
	switch r.PostForm.Get("action") {
	case "rename":
		err = d.Factors.Rename(r.Context(), v.Person.User.ID, id, r.PostForm.Get("name"))
	case "remove":
		if err = d.Factors.Remove(r.Context(), v.Person.User.ID, id); err == nil {
			err = d.renew(w, r, v.Person)
		}
	default:
		err = errForm
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) { // somebody was quicker
		return err
	}
	return d.leadTo(w, flow.Want{Kind: flow.WantSecurity})
}
