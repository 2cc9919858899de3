package web

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"

	"keyfob/internal/center/directory"
	"keyfob/internal/wire"
)

// A form's token is a keyed hash of where the form goes and of whom it was shown to: the session, or,
// before there is one, the visit. So it is of no use to another site, in another form, in another
// browser, or for the next person who signs in to the same one.
const (
	purposeCSRF  = "csrf"
	purposeVisit = "visit"
)

func (d *Door) csrf(holder, action string) string {
	mac := d.Keys.MAC(purposeCSRF, []byte(action+"\x00"+holder))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// holderOf is whom a form is shown to.
func holderOf(p *directory.Person, visit wire.Secret) string {
	if p != nil {
		return "session " + p.Session.ID
	}
	return "visit " + visit.Reveal()
}

// holderOfHalf is whom the pages for the second factor are shown to.
func holderOfHalf(h *directory.Half) string { return "half " + h.ID }

// checkCSRF refuses a form that was not shown to this holder for this action.
func (d *Door) checkCSRF(r *http.Request, holder string) error {
	mac, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get("csrf"))
	if err != nil || !d.Keys.Verify(purposeCSRF, []byte(r.URL.Path+"\x00"+holder), mac) {
		return errForgery
	}
	return nil
}

// visit returns the browser's visit, or "" if it has none of ours. The cookie is a random id signed
// by the keyring, so that nobody can plant one that they made up.
func (d *Door) visit(r *http.Request) wire.Secret {
	v := d.cookie(r, cookieVisit)
	id, mac, _ := strings.Cut(v.Reveal(), ".")
	m, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !d.Keys.Verify(purposeVisit, []byte(id), m) {
		return ""
	}
	return v
}

// startVisit returns the browser's visit, giving it one if it has none.
func (d *Door) startVisit(w http.ResponseWriter, r *http.Request) (wire.Secret, error) {
	if v := d.visit(r); v != "" {
		return v, nil
	}
	var b [sha256.Size]byte
	if _, err := io.ReadFull(d.Random, b[:]); err != nil {
		return "", err
	}
	id := base64.RawURLEncoding.EncodeToString(b[:])
	mac := d.Keys.MAC(purposeVisit, []byte(id))
	v := wire.Secret(id + "." + base64.RawURLEncoding.EncodeToString(mac[:]))
	d.setCookie(w, cookieVisit, v, 0)
	return v, nil
}
