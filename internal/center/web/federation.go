package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"keyfob/internal/center/federation"
	"keyfob/internal/wire"
)

// Federation is what the pages need of federation.Sessions.
type Federation interface {
	SigninToken(ctx context.Context, session wire.Secret, duration time.Duration) (wire.Secret, error)
	Redeem(ctx context.Context, token wire.Secret) (federation.Session, error)
}

// federatedBody is the page in place of AWS's console.
type federatedBody struct {
	Account, ARN        string
	Until               instant
	Issuer, Destination string // text from outside
}

// federate is AWS's federation endpoint: Action=getSigninToken is for programs, Action=login for the
// browser that they send here. Nobody is ever redirected: the destination is shown, and that is all.
func (d *Door) federate(w http.ResponseWriter, r *http.Request) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errForm
	}
	for name, v := range r.PostForm { // of a POST, read by page
		values[name] = append(values[name], v...)
	}
	for _, v := range values {
		if len(v) != 1 {
			return errForm
		}
	}
	switch values.Get("Action") {
	case "getSigninToken":
		d.signinToken(w, r, values)
		return nil
	case "login":
		if r.Method != http.MethodGet { // looking for what is there must not use a token up
			return errMethod
		}
		return d.federatedPage(w, r, values)
	}
	return errNotFound
}

func (d *Door) signinToken(w http.ResponseWriter, r *http.Request, values url.Values) {
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to tell
	}
	duration := time.Duration(0)
	err := error(nil)
	if values.Has("SessionDuration") {
		seconds, bad := strconv.Atoi(values.Get("SessionDuration"))
		if duration = time.Duration(min(max(seconds, 1), 1<<20)) * time.Second; bad != nil {
			err = federation.ErrDuration
		}
	}
	var token wire.Secret
	if err == nil {
		token, err = d.Federation.SigninToken(r.Context(), wire.Secret(values.Get("Session")), duration)
	}
	switch {
	case errors.Is(err, federation.ErrCredentials), errors.Is(err, federation.ErrDuration):
		answer(http.StatusBadRequest, map[string]string{"message": err.Error()})
	case err != nil:
		d.Logger.ErrorContext(r.Context(), "federation", "error", err)
		answer(http.StatusInternalServerError, map[string]string{"message": "The request could not be served; the center's log says why."})
	default:
		answer(http.StatusOK, map[string]wire.Secret{"SigninToken": token})
	}
}

func (d *Door) federatedPage(w http.ResponseWriter, r *http.Request, values url.Values) error {
	s, err := d.Federation.Redeem(r.Context(), wire.Secret(values.Get("SigninToken")))
	if err != nil {
		return err
	}
	b := federatedBody{Account: s.Account, ARN: visible(s.ARN), Until: instant{s.ExpiresAt}}
	for name, to := range map[string]*string{"Issuer": &b.Issuer, "Destination": &b.Destination} {
		if values.Get(name) != "" {
			*to = visible(values.Get(name))
		}
	}
	d.draw(w, r, view{Page: "federated", Title: d.speak(r).say("Federated session"), Body: b})
	return nil
}
