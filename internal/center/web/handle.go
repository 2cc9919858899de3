package web

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
)

// handler answers a request, or says why it cannot.
type handler func(w http.ResponseWriter, r *http.Request) error

// page is what every page goes through: headers first, then, for a post, the checks that need no
// knowledge of the form.
func (d *Door) page(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.secure(w.Header())
		err := func() error {
			if r.Method == http.MethodPost {
				if err := errors.Join(d.sameOrigin(r), readForm(w, r)); err != nil {
					return err
				}
			}
			return h(w, r)
		}()
		if err != nil {
			d.fail(w, r, err)
		}
	})
}

// readForm fills r.PostForm. A field given twice could be read in two ways, so it is refused.
func readForm(w http.ResponseWriter, r *http.Request) error {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || t != "application/x-www-form-urlencoded" {
		return errForm
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	for _, v := range r.PostForm {
		if len(v) != 1 {
			return errForm
		}
	}
	return nil
}

// seeOther leads on with a GET, whatever came in (never 307 or 308, which would repeat a password).
func seeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// person is who is signed in, or nil.
func (d *Door) person(r *http.Request) (*directory.Person, error) {
	p, err := d.Directory.Person(r.Context(), d.cookie(r, cookieSession))
	if errors.Is(err, directory.ErrNoSession) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &p, nil
}

// leadTo sends the browser to the dispatcher.
func (d *Door) leadTo(w http.ResponseWriter, want flow.Want) error {
	if place, ok := map[flow.Kind]string{
		flow.WantPortal: "/start", flow.WantSecurity: "/profile", flow.WantSessions: "/profile/sessions",
	}[want.Kind]; ok && want.Page == "" {
		seeOther(w, place)
		return nil
	}
	s, err := d.flow.Seal(want)
	if err != nil {
		return err
	}
	seeOther(w, continueTo(s))
	return nil
}

func continueTo(sealed string) string {
	if sealed == "" {
		return "/start"
	}
	return "/continue?" + url.Values{"return": {sealed}}.Encode()
}

// resume is the dispatcher's address.
func (d *Door) resume(w http.ResponseWriter, r *http.Request) error {
	want, err := d.flow.Open(r.URL.Query().Get("return"))
	if err != nil {
		return err
	}
	return d.dispatch(w, r, want)
}

// visitor finds out whose browser it is.
func (d *Door) visitor(r *http.Request, want flow.Want) (visitor, error) {
	p, err := d.person(r)
	if err != nil {
		return visitor{}, err
	}
	v := visitor{flow.Visitor{Person: p, Recent: p != nil && d.Directory.Recently(*p)}, want}
	if half := d.cookie(r, cookieHalf); half != "" {
		h, err := d.Directory.Half(r.Context(), half)
		if err == nil {
			v.Half = &h
		} else if !errors.Is(err, directory.ErrNoSession) {
			return v, err
		}
	}
	return v, nil
}

// dispatch draws the page that follows.
func (d *Door) dispatch(w http.ResponseWriter, r *http.Request, want flow.Want) error {
	v, err := d.visitor(r, want)
	if err != nil {
		return err
	}
	switch flow.Next(v.Visitor, want) {
	case flow.PageSignIn:
		return d.signInPage(w, r, v, signInBody{})
	case flow.PageSecondFactor:
		return d.secondFactorPage(w, r, v, "")
	case flow.PageEnrol, flow.PageAddApp:
		return d.addAppPage(w, r, v, "", "")
	case flow.PageAddPasskey:
		return d.addPasskeyPage(w, r, v, "")
	case flow.PageConfirm:
		return d.confirmPage(w, r, v, "")
	case flow.PageSignedOut:
		d.draw(w, r, view{Page: "signed-out", Title: d.speak(r).say("Signed out")})
		return nil
	case flow.PageConsent:
		return d.consentPage(w, r, v)
	case flow.PageDeviceCode:
		return d.deviceCodePage(w, r, v, deviceCodeBody{UserCode: want.UserCode})
	case flow.PageDeviceConfirm:
		return d.deviceConfirmPage(w, r, v)
	case flow.PageDeviceResult:
		return d.deviceResultPage(w, r, v)
	case flow.PageKeys:
		return d.keysPage(w, r, v, nil)
	case flow.PageSessions:
		return d.sessionsPage(w, r, v)
	case flow.PageSecurity:
		return d.securityPage(w, r, v)
	case flow.PagePassword:
		return d.newPasswordPage(w, r, v, "")
	case flow.PageAdmin:
		seeOther(w, "/admin/users")
		return nil
	}
	return d.portalPage(w, r, v)
}

// visitor is who looks at a page, and what for.
type visitor struct {
	flow.Visitor
	Want flow.Want
}

// decide reads the form of a signed-in person. When it returns neither a person nor an error, nobody
// is signed in any more and the browser has been sent to the sign-in page, from where it comes back.
func (d *Door) decide(w http.ResponseWriter, r *http.Request) (*directory.Person, flow.Want, error) {
	want, err := d.flow.Open(r.PostForm.Get("return"))
	if err != nil {
		return nil, want, err
	}
	p, err := d.person(r)
	if err != nil {
		return nil, want, err
	}
	if p == nil {
		return nil, want, d.leadTo(w, want)
	}
	return p, want, d.checkHolder(r, holderOf(p, ""), want)
}

// checkHolder refuses a form that was shown to somebody else, and offers to show it again.
func (d *Door) checkHolder(r *http.Request, holder string, want flow.Want) error {
	if d.checkCSRF(r, holder) == nil {
		return nil
	}
	again, err := d.flow.Seal(want)
	if err != nil {
		return err
	}
	return &swappedError{Return: again}
}
