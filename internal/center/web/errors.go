package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/federation"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

var (
	errForgery  = errors.New("the form was not made for this browser's session")
	errForm     = errors.New("the form could not be read")
	errMethod   = errors.New("method not allowed")
	errNotFound = errors.New("not found")
)

// problem is an error page.
type problem struct {
	Status    int
	Heading   string
	Text      string
	RequestID string // for whoever has to look into the log
	Back      string // what the way out is called; "" is none
	Href      string // where it leads; "" is the portal
	Wait      time.Duration
}

// explain is the one table from error to page. Nothing of an unexpected error is shown.
func explain(l *words, err error, now time.Time) problem {
	if wait := blockedFor(err, now); wait > 0 {
		return problem{
			Status: http.StatusTooManyRequests, Heading: l.say("Too many attempts"), Wait: wait,
			Text: l.say("For safety, wait %s before you try again.", waiting(l, wait)), Back: l.say("Back to start"),
		}
	}
	if p, ok := explainAdmin(l, err); ok {
		return p
	}
	var page *grant.PageError
	var swapped *swappedError
	var service *wire.ServiceError
	switch {
	case errors.As(err, &page):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This link cannot be used"),
			Text: l.say(page.Message, page.Args...) + " " + l.say("Close this window and start again from the program that sent you here."),
		}
	case errors.As(err, &swapped):
		return problem{
			Status: http.StatusForbidden, Heading: l.say("This page was meant for another sign-in"),
			Text: l.say("Since it was opened, somebody has signed in or out in this browser. Nothing was approved. Look at the request again before you decide."),
			Back: l.say("Look again"), Href: continueTo(swapped.Return),
		}
	case errors.Is(err, errForgery):
		return problem{
			Status: http.StatusForbidden, Heading: l.say("That did not come from this page"),
			Text: l.say("The form was opened in another browser or session, or cookies are switched off. Nothing was changed."), Back: l.say("Start again"),
		}
	case errors.Is(err, flow.ErrReturn):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This page has expired"),
			Text: l.say("It was open for too long. Start again from the program that sent you here."), Back: l.say("Go to the portal"),
		}
	case errors.Is(err, grant.ErrUnknownCode):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This code is no longer good"),
			Text: l.say("It has expired, or was answered already. Start again on your device."), Back: l.say("Enter another code"), Href: "/device",
		}
	case errors.As(err, &service) && service.Status == http.StatusBadRequest:
		return problem{Status: http.StatusBadRequest, Heading: l.say("This link cannot be used"), Text: l.say("A part of it is missing or too old."), Back: l.say("Go to the portal")}
	case errors.Is(err, federation.ErrToken):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This link has been used up"),
			Text: l.say("A link to the console works once, and for a quarter of an hour. Ask the program that made it for a new one."), Back: l.say("Go to the portal"),
		}
	case errors.Is(err, directory.ErrLink):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This link does not work any more"),
			Text: l.say("It works once, and not for long. Ask whoever runs this center for a new one."), Back: l.say("Go to the portal"),
		}
	case errors.Is(err, mfa.ErrExpired):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("This page has expired"),
			Text: l.say("It was open for too long, or was answered already. Nothing was changed."), Back: l.say("Start again"),
		}
	case errors.Is(err, mfa.ErrLimit):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("That device could not be added"),
			Text: l.say("It is there already, or there are too many: remove one that you no longer use."), Back: l.say("Back to your devices"), Href: "/profile",
		}
	case errors.Is(err, mfa.ErrNoPasskeys):
		return problem{
			Status: http.StatusBadRequest, Heading: l.say("There are no passkeys here"),
			Text: l.say("Browsers have passkeys only for centers that are reached by a name, over https."), Back: l.say("Back to your devices"), Href: "/profile",
		}
	case errors.As(err, &service) && service.Status == http.StatusForbidden:
		return problem{
			Status: http.StatusForbidden, Heading: l.say("You have no access to that"),
			Text: l.say("Nobody has given you this role in this account, or it was taken away."), Back: l.say("Back to your accounts"),
		}
	case errors.Is(err, errForm):
		return problem{Status: http.StatusBadRequest, Heading: l.say("That form could not be read"), Text: l.say("Nothing was changed."), Back: l.say("Start again")}
	case errors.Is(err, errNotFound):
		return problem{Status: http.StatusNotFound, Heading: l.say("Page not found"), Text: l.say("There is nothing at this address."), Back: l.say("Go to the portal")}
	case errors.Is(err, errMethod):
		return problem{
			Status: http.StatusMethodNotAllowed, Heading: l.say("That is not how this page works"),
			Text: l.say("It was asked for in a way it does not answer."), Back: l.say("Go to the portal"),
		}
	}
	return problem{
		Status: http.StatusInternalServerError, Heading: l.say("Something went wrong here"),
		Text: l.say("It is not your doing. Try again in a moment; if it stays, tell whoever runs this center the number below."), Back: l.say("Try again"),
	}
}

// blockedFor is how long a throttled person has to wait, or 0.
func blockedFor(err error, now time.Time) time.Duration {
	var signIn *directory.ThrottledError
	var code *grant.ThrottledError
	var second *mfa.ThrottledError
	switch {
	case errors.As(err, &second):
		return max(time.Second, second.Until.Sub(now))
	case errors.As(err, &signIn):
		return max(time.Second, signIn.Until.Sub(now))
	case errors.As(err, &code):
		return max(time.Second, code.Until.Sub(now))
	}
	return 0
}

// swappedError is a form of a session that is not the browser's any more.
type swappedError struct{ Return string }

func (*swappedError) Error() string { return "the form belongs to another session" }

// fail draws the page for an error.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	var redirect *grant.RedirectError
	if errors.As(err, &redirect) {
		seeOther(w, redirect.Location)
		return
	}
	p := explain(d.speak(r), err, d.Clock.Now())
	p.RequestID = request.FromContext(r.Context()).ID
	if p.Status >= http.StatusInternalServerError {
		d.Logger.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "error", err, "request_id", p.RequestID)
	}
	if p.Wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int((p.Wait+time.Second-1)/time.Second)))
	}
	d.draw(w, r, view{Page: "error", Title: p.Heading, Status: p.Status, Body: p})
}
