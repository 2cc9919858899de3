package grant

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotSignedIn: the person's session is over, or the person disabled.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrUnknownCode: no device waits with that user code, any more.
	ErrUnknownCode = errors.New("no device is waiting with this code")
)

// ThrottledError is returned when there were too many wrong user codes. Until is when to try again.
type ThrottledError struct{ Until time.Time }

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many wrong codes: try again at %s", e.Until.UTC().Format(time.RFC3339))
}

// PageError is an authorization request that nobody may be redirected for, because who asks or where
// the answer should go is in doubt (RFC 6749 section 4.1.2.1). Message is for the person, and says
// nothing that came with the request. It is English, with a blank for each of Args, and stands in the source
// as it is, so that the web door can say it in other languages.
type PageError struct {
	Message string
	Args    []any
}

func (e *PageError) Error() string {
	if len(e.Args) == 0 {
		return "authorization request: " + e.Message
	}
	return "authorization request: " + fmt.Sprintf(e.Message, e.Args...)
}

// RedirectError is a refusal that the client itself should hear of: redirect the browser to Location,
// which carries the error and the state.
type RedirectError struct {
	Location string
	OAuth    string // "invalid_request", "access_denied", …
}

func (e *RedirectError) Error() string { return "authorization request: " + e.OAuth }
