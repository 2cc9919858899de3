// Package sts is the door of the Security Token Service: the query protocol with XML answers, its
// signatures checked for real. It serves GetCallerIdentity.
//
// Package center mounts it. It decodes, checks the signature with package sigv4, asks rolecreds whose
// keys they are, and encodes; it knows no other door and never looks into the store.
package sts

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"keyfob/internal/center/request"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/sts/sigv4"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const (
	service = "sts"
	// maxBody is more than the largest AssumeRole, and little enough to hash for anybody who asks.
	maxBody = 256 << 10
)

// Errors that are STS's own.
const (
	codeExpiredToken   wire.Code = "ExpiredToken"
	codeInvalidAction  wire.Code = "InvalidAction"
	codeMissingAction  wire.Code = "MissingAction"
	codeMalformedQuery wire.Code = "MalformedQueryString"
	codeInternal       wire.Code = "InternalFailure"
)

// Config is what the door is made of.
type Config struct {
	Credentials *rolecreds.Minter
	Clock       clock.Clock
	Logger      *slog.Logger
	Skew        time.Duration // sigv4.DefaultSkew when zero
}

// Door serves STS.
type Door struct {
	credentials *rolecreds.Minter
	clock       clock.Clock
	logger      *slog.Logger
	verifier    sigv4.Verifier
}

// New makes the door.
func New(c Config) *Door {
	partition := rolecreds.Partition(c.Credentials.Instance.Region)
	return &Door{
		credentials: c.Credentials, clock: c.Clock, logger: c.Logger,
		verifier: sigv4.Verifier{
			Clock: c.Clock, Service: service, Skew: c.Skew,
			// One center stands in for STS in every region of its partition, because clients sign with
			// their profile's region and not with the instance's.
			Region: func(region string) bool { return rolecreds.Partition(region) == partition },
		},
	}
}

// Routes mounts the door. GET / is shared with the pages: see [Door.Wants].
func (d *Door) Routes(mux *http.ServeMux) { mux.Handle("POST /{$}", d) }

// Wants reports whether a GET of / is a call for STS, and not a person with a browser.
func (d *Door) Wants(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("Action") || q.Has("X-Amz-Algorithm") || r.Header.Get("Authorization") != ""
}

// ServeHTTP answers one call.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := d.call(w, r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	d.write(w, r, http.StatusOK, answer)
}

func (d *Door) call(w http.ResponseWriter, r *http.Request) (any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, &wire.ServiceError{Status: http.StatusRequestEntityTooLarge, Code: codeMalformedQuery, Message: "The request could not be read, or is too large."}
	}
	if r.Header.Get("X-Amz-Target") != "" {
		return nil, WrongService(r)
	}
	action, err := parameters(r, body)
	if err != nil {
		return nil, err
	}
	switch action {
	case "":
		return nil, &wire.ServiceError{Status: http.StatusBadRequest, Code: codeMissingAction, Message: "The request has no Action. " + hint}
	case wire.ActionGetCallerIdentity:
	default:
		return nil, &wire.ServiceError{
			Status: http.StatusBadRequest, Code: codeInvalidAction,
			Message: "Could not find operation " + printable(action) + ": this center serves STS GetCallerIdentity. " + hint,
		}
	}
	caller, err := d.authenticate(r, body)
	if err != nil {
		return nil, err
	}
	return wire.GetCallerIdentityResponse{
		Result:   wire.GetCallerIdentityResult{UserID: caller.UserID, Account: caller.Account, ARN: caller.ARN},
		Metadata: wire.ResponseMetadata{RequestID: request.FromContext(r.Context()).ID},
	}, nil
}

// authenticate returns whose signature it is.
func (d *Door) authenticate(r *http.Request, body []byte) (rolecreds.Identity, error) {
	var keys rolecreds.Keys
	err := d.verifier.Verify(r, body, func(id string, token wire.Secret) (wire.Secret, error) {
		var err error
		if keys, err = d.credentials.Open(id, token); err != nil {
			return "", &wire.ServiceError{
				Status: http.StatusForbidden, Code: sigv4.CodeInvalidClientTokenID,
				Message: "The security token included in the request is invalid. (This center knows only credentials that its access portal handed out.)",
			}
		}
		return keys.Secret, nil
	})
	if err != nil {
		return rolecreds.Identity{}, err
	}
	if !d.clock.Now().Before(keys.ExpiresAt) {
		return rolecreds.Identity{}, &wire.ServiceError{
			Status: http.StatusForbidden, Code: codeExpiredToken, Message: "The security token included in the request is expired",
		}
	}
	return keys.Identity, nil
}

// parameters returns the Action, from the form of a POST or from the query. Anything that two parsers
// could read differently is refused.
func parameters(r *http.Request, body []byte) (action string, err error) {
	malformed := &wire.ServiceError{Status: http.StatusBadRequest, Code: codeMalformedQuery, Message: "The query string is malformed or gives a parameter twice."}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", malformed
	}
	if len(body) > 0 {
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
			return "", &wire.ServiceError{
				Status: http.StatusBadRequest, Code: codeMalformedQuery,
				Message: "STS takes a form (Content-Type: application/x-www-form-urlencoded). " + hint,
			}
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "", malformed
		}
		for k, v := range form {
			values[k] = append(values[k], v...)
		}
	}
	for _, v := range values {
		if len(v) > 1 {
			return "", malformed
		}
	}
	return values.Get("Action"), nil
}

func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *wire.ServiceError
	if !errors.As(err, &e) {
		d.logger.LogAttrs(r.Context(), slog.LevelError, "sts", slog.Any("error", err))
		e = &wire.ServiceError{Status: http.StatusInternalServerError, Code: codeInternal, Message: "The request could not be served; the center's log says why."}
	}
	WriteError(w, r, e)
}

func (d *Door) write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	if err := writeXML(w, status, answer); err != nil {
		d.logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelDebug, "sts answer", slog.Any("error", err))
	}
}

func writeXML(w http.ResponseWriter, status int, answer any) error {
	b, err := xml.Marshal(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}
