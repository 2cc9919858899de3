package web

import (
	"errors"
	"net/http"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
)

// added goes on after a device was added: the session is a new one, and with the first device come
// recovery codes.
func (d *Door) added(w http.ResponseWriter, r *http.Request, v *visitor, how string) error {
	p, next := v.Person, flow.Want{Kind: flow.WantSecurity}
	if v.enrolling() {
		var err error
		if p, err = d.complete(w, r, v, how); err != nil {
			return err
		}
		next = v.Want
	} else if err := d.renew(w, r, p); err != nil {
		return err
	}
	has, err := d.Factors.Of(r.Context(), p.User.ID)
	if err != nil {
		return err
	}
	if has.RecoveryCodes > 0 {
		return d.leadTo(w, next)
	}
	return d.recoveryCodesPage(w, r, p, next)
}

// renew gives the person's session a new cookie.
func (d *Door) renew(w http.ResponseWriter, r *http.Request, p *directory.Person) error {
	in, err := d.Directory.Renew(r.Context(), *p)
	if err == nil {
		d.carry(w, r, in)
		*p = in.Person
	}
	return err
}

// recoveryCodesBody is the one page that ever shows recovery codes.
type recoveryCodesBody struct {
	Codes []string
	Next  string
}

func (d *Door) recoveryCodesPage(w http.ResponseWriter, r *http.Request, p *directory.Person, next flow.Want) error {
	codes, err := d.Factors.NewRecoveryCodes(r.Context(), p.User.ID)
	if err != nil {
		return err
	}
	b := recoveryCodesBody{Next: "/profile"}
	if next.Kind != flow.WantSecurity {
		sealed, err := d.sealUnlessPortal(next)
		if err != nil {
			return err
		}
		b.Next = continueTo(sealed)
	}
	for _, c := range codes {
		b.Codes = append(b.Codes, c.Reveal())
	}
	d.draw(w, r, view{Page: "recovery-codes", Title: d.speak(r).say("Your recovery codes"), Person: p, Body: b})
	return nil
}

func (d *Door) newRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	v, err := d.change(w, r, flow.PageSecurity)
	if err != nil || v == nil {
		return err
	}
	if has, err := d.Factors.Of(r.Context(), v.Person.User.ID); err != nil || len(has.Factors) == 0 {
		return errors.Join(err, d.leadTo(w, flow.Want{Kind: flow.WantSecurity}))
	}
	if err := d.renew(w, r, v.Person); err != nil {
		return err
	}
	return d.recoveryCodesPage(w, r, v.Person, flow.Want{Kind: flow.WantSecurity})
}
