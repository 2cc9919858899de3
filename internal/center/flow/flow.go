// Package flow decides which page a browser sees next.
//
// It is a star: every page of the center's web door, whatever it has just done, comes back to
// [Next] with what the browser wants and who is signed in, and Next names the one page that follows.
// No page knows which page comes after it, so no page can be skipped: whoever lacks a second factor, or
// has to authenticate again, gets the page for that, whatever they want.
//
// What the browser wants travels between pages as a value that only this center can make
// ([Flow.Seal]). It is never a URL, so there is no open redirect to guard against. The door package
// web is its only caller; flow knows no HTTP and draws nothing.
package flow

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/clock"
)

// Kind is what brought the browser here.
type Kind string

// Kinds of want.
const (
	WantPortal        Kind = "portal"
	WantAuthorize     Kind = "authorize"
	WantDevice        Kind = "device"         // UserCode may be filled in, but nobody has looked it up
	WantDeviceChecked Kind = "device-checked" // UserCode was looked up in the session Session
	WantDeviceDecided Kind = "device-decided" // Approved says how
	WantSignedOut     Kind = "signed-out"     // to be told so
	WantKeys          Kind = "keys"           // credentials of Role in Account
	WantSessions      Kind = "sessions"       // to see one's sessions
	WantSecurity      Kind = "security"       // to see what one signs in with
	WantChange        Kind = "change"         // to change that, or what others may: Page says how
)

// Want is what the browser wants. Which fields count depends on Kind.
type Want struct {
	Kind      Kind                 `json:"k"`
	Authorize *grant.Authorization `json:"a,omitempty"`
	UserCode  string               `json:"c,omitempty"`
	Session   string               `json:"s,omitempty"`
	Approved  bool                 `json:"y,omitempty"`
	Account   string               `json:"n,omitempty"`
	Role      string               `json:"r,omitempty"`
	Page      Page                 `json:"p,omitempty"`
}

// Page names a page.
type Page string

// The pages.
const (
	PageSignIn        Page = "sign-in"
	PagePortal        Page = "portal"
	PageConsent       Page = "consent"
	PageDeviceCode    Page = "device-code"
	PageDeviceConfirm Page = "device-confirm"
	PageDeviceResult  Page = "device-result"
	PageSignedOut     Page = "signed-out"
	PageSecondFactor  Page = "second-factor" // show the second factor
	PageEnrol         Page = "enrol"         // set one up, as there must be one
	PageConfirm       Page = "confirm"       // authenticate again
	PageKeys          Page = "keys"
	PageSessions      Page = "sessions"
	PageSecurity      Page = "security"
	PageAddApp        Page = "add-app"
	PageAddPasskey    Page = "add-passkey"
	PagePassword      Page = "password"
	PageAdmin         Page = "admin" // the administration, to change something there
)

// Visitor is whose browser it is. Person is who is signed in, or nil; Half is a sign-in that lacks its
// second factor, or nil, which is none; Recent says that the person signed in a short while ago.
type Visitor struct {
	Person *directory.Person
	Half   *directory.Half
	Recent bool
}

// Next is the dispatcher: the page that follows for this visitor.
func Next(v Visitor, w Want) Page {
	p := v.Person
	switch {
	case p != nil:
	case w.Kind == WantSignedOut:
		return PageSignedOut
	case v.Half != nil && v.Half.Renews == "":
		return secondHalf(v.Half)
	default:
		return PageSignIn
	}
	if w.Kind == WantChange && !v.Recent {
		if v.Half != nil && v.Half.Renews == p.Session.ID {
			return secondHalf(v.Half)
		}
		return PageConfirm
	}
	switch {
	case w.Kind == WantAuthorize && w.Authorize != nil:
		return PageConsent
	case w.Kind == WantDeviceChecked && w.Session == p.Session.ID:
		return PageDeviceConfirm
	case w.Kind == WantDevice, w.Kind == WantDeviceChecked:
		// A code that was checked in another session has to be compared by this person again.
		return PageDeviceCode
	case w.Kind == WantDeviceDecided:
		return PageDeviceResult
	case w.Kind == WantKeys:
		return PageKeys
	case w.Kind == WantSessions:
		return PageSessions
	case w.Kind == WantSecurity:
		return PageSecurity
	case w.Kind == WantChange:
		switch w.Page {
		case PageAddApp, PageAddPasskey, PagePassword, PageAdmin:
			return w.Page
		}
		return PageSecurity
	}
	return PagePortal
}

func secondHalf(h *directory.Half) Page {
	if h.Enrol {
		return PageEnrol
	}
	return PageSecondFactor
}

// ErrReturn is returned for a return value that this center did not make, or made too long ago.
var ErrReturn = errors.New("the page has expired")

// Lifetime is how long a return value is honoured: time enough to find a password.
const Lifetime = time.Hour

// maxReturn is far above what the longest authorization request gives.
const maxReturn = 32 << 10

const purpose = "flow"

// Flow carries wants from page to page. It is safe for concurrent use.
type Flow struct {
	Keys  *keyring.Ring
	Clock clock.Clock
}

type sealed struct {
	Want
	At int64 `json:"t"` // epoch seconds
}

// Seal makes a return value: letters, digits, "-" and "_".
func (f Flow) Seal(w Want) (string, error) {
	b, err := json.Marshal(sealed{Want: w, At: f.Clock.Now().Unix()})
	if err != nil {
		return "", err
	}
	s, err := f.Keys.Seal(purpose, b)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s), nil
}

// Open is the reverse of [Flow.Seal]. An empty value is the wish to see the portal; anything that
// Seal did not make within the last [Lifetime] is [ErrReturn].
func (f Flow) Open(value string) (Want, error) {
	if value == "" {
		return Want{Kind: WantPortal}, nil
	}
	if len(value) > maxReturn {
		return Want{}, ErrReturn
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil {
		return Want{}, ErrReturn
	}
	b, err = f.Keys.Open(purpose, b)
	if err != nil {
		return Want{}, ErrReturn
	}
	var s sealed
	if err := json.Unmarshal(b, &s); err != nil {
		return Want{}, ErrReturn
	}
	if age := f.Clock.Now().Sub(time.Unix(s.At, 0)); age < -time.Minute || age >= Lifetime {
		return Want{}, ErrReturn
	}
	return s.Want, nil
}
