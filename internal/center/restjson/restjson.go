// Package restjson is how the center's JSON doors speak on the wire: requests of AWS's REST-JSON
// protocol are read strictly, answers and errors are written so that clients of every generation
// understand them.
//
// The doors oidc and portal call it. It knows no operation and decides nothing.
package restjson

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// Write answers with status 200 and v as the body.
func Write(w http.ResponseWriter, r *http.Request, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only for a type that JSON cannot express
	}
	write(w, r, http.StatusOK, b)
}

// Errors writes errors for one service.
type Errors struct {
	// Shape is put before the error's name in the member __type ("com.amazonaws.sso#").
	Shape string
	// OAuth adds the members error and error_description (RFC 6749 section 5.2).
	OAuth  bool
	Logger *slog.Logger
}

// Write answers with err if it is a *wire.ServiceError. Anything else is the center's own trouble: it
// is logged, and the client learns no more than under which request id.
func (e Errors) Write(w http.ResponseWriter, r *http.Request, err error) {
	var s *wire.ServiceError
	if !errors.As(err, &s) {
		id := request.FromContext(r.Context()).ID
		if r.Context().Err() == nil { // else the client has hung up, which is why
			e.Logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "request_id", id, "error", err)
		}
		s = &wire.ServiceError{
			Code: wire.CodeInternalServer, Status: http.StatusInternalServerError,
			Message: "Internal error; the server's log has more under request " + id,
		}
	}
	body := wire.ErrorBody{Type: e.Shape + string(s.Code), Message: s.Message, Reason: s.Reason}
	if oauth, _, ok := s.Code.OAuth(); ok && e.OAuth {
		body.Error, body.ErrorDescription = oauth, s.Message
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings only
	}
	w.Header().Set(wire.HeaderErrorType, string(s.Code))
	write(w, r, s.Status, b)
}

// Empty answers with status 200 and no body.
func Empty(w http.ResponseWriter, r *http.Request) {
	headers(w, r)
	w.WriteHeader(http.StatusOK)
}

func write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	headers(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to tell
}

// headers are on every answer. no-store and no-cache are RFC 6749 section 5.1; every answer of these
// doors has, or concerns, a secret.
func headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	if id := request.FromContext(r.Context()).ID; id != "" {
		h.Set(wire.HeaderRequestID, id)
	}
}
