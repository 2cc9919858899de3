// Package sts is the door of the Security Token Service: the query protocol with XML answers, its
// signatures checked for real. It serves GetCallerIdentity, AssumeRole, AssumeRoleWithWebIdentity (which
// is not signed: its token speaks for itself) and GetSessionToken.
//
// Package center mounts it. It decodes, checks the signature with package sigv4, asks rolecreds whose
// keys they are and trust what they may do, and encodes; it knows no other door.
//
// Not served are session policies, session tags and source identities. Nothing here would enforce a
// policy, and credentials that can do more than was asked for are worse than none, so a call that
// carries them is refused.
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

	"keyfob/internal/center/audit"
	"keyfob/internal/center/request"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/sts/sigv4"
	"keyfob/internal/center/trust"
	"keyfob/internal/center/webidentity"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const (
	service = "sts"
	// maxBody is more than the largest AssumeRole, and little enough to hash for anybody who asks.
	maxBody = 256 << 10
)

// Errors of the query protocol.
const (
	codeInvalidAction  wire.Code = "InvalidAction"
	codeMissingAction  wire.Code = "MissingAction"
	codeMalformedQuery wire.Code = "MalformedQueryString"
	codeInternal       wire.Code = "InternalFailure"
)

// Roles decides who may assume what: trust.Roles.
type Roles interface {
	Assume(ctx context.Context, caller rolecreds.Identity, q trust.Request) (store.Role, error)
	AssumeWithWebIdentity(ctx context.Context, roleARN string, token wire.Secret) (store.Role, webidentity.Claims, error)
	CheckMFA(ctx context.Context, caller rolecreds.Identity, serial, code string) error
}

// ServiceUsers knows whose a long-lived access key is.
type ServiceUsers interface {
	ServiceUserByKey(ctx context.Context, accessKeyID string) (store.ServiceUser, error)
}

// Config is what the door is made of.
type Config struct {
	Credentials *rolecreds.Minter
	Roles       Roles
	Users       ServiceUsers
	Audit       *audit.Log
	Clock       clock.Clock
	Logger      *slog.Logger
	Skew        time.Duration // sigv4.DefaultSkew when zero
}

// Door serves STS.
type Door struct {
	Config
	verifier sigv4.Verifier
}

// New makes the door.
func New(c Config) *Door {
	partition := rolecreds.Partition(c.Credentials.Instance.Region)
	return &Door{
		Config: c,
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
	values, err := parameters(r, body)
	if err != nil {
		return nil, err
	}
	metadata := wire.ResponseMetadata{RequestID: request.FromContext(r.Context()).ID}
	switch action := values.Get("Action"); action {
	case "":
		return nil, &wire.ServiceError{Status: http.StatusBadRequest, Code: codeMissingAction, Message: "The request has no Action. " + hint}
	case wire.ActionAssumeRoleWithWebIdentity:
		result, err := d.assumeRoleWithWebIdentity(r.Context(), values)
		return wire.AssumeRoleWithWebIdentityResponse{Result: result, Metadata: metadata}, err
	case wire.ActionGetCallerIdentity, wire.ActionAssumeRole, wire.ActionGetSessionToken:
		caller, err := d.authenticate(r, body)
		if err != nil {
			return nil, err
		}
		return d.signed(r.Context(), action, caller, values, metadata)
	default:
		return nil, &wire.ServiceError{
			Status: http.StatusBadRequest, Code: codeInvalidAction,
			Message: "Could not find operation " + printable(action) + ": this center serves STS GetCallerIdentity, AssumeRole, " +
				"AssumeRoleWithWebIdentity and GetSessionToken. " + hint,
		}
	}
}

// signed answers the operations whose caller is known.
func (d *Door) signed(ctx context.Context, action string, caller rolecreds.Identity, values url.Values, m wire.ResponseMetadata) (any, error) {
	switch action {
	case wire.ActionAssumeRole:
		result, err := d.assumeRole(ctx, caller, values)
		return wire.AssumeRoleResponse{Result: result, Metadata: m}, err
	case wire.ActionGetSessionToken:
		result, err := d.getSessionToken(ctx, caller, values)
		return wire.GetSessionTokenResponse{Result: result, Metadata: m}, err
	}
	return wire.GetCallerIdentityResponse{
		Result: wire.GetCallerIdentityResult{UserID: caller.UserID, Account: caller.Account, ARN: caller.ARN}, Metadata: m,
	}, nil
}

// authenticate returns whose signature it is.
func (d *Door) authenticate(r *http.Request, body []byte) (rolecreds.Identity, error) {
	var keys rolecreds.Keys
	err := d.verifier.Verify(r, body, func(id string, token wire.Secret) (wire.Secret, error) {
		var err error
		if keys, err = d.keys(r.Context(), id, token); errors.Is(err, rolecreds.ErrInvalid) {
			return "", &wire.ServiceError{
				Status: http.StatusForbidden, Code: sigv4.CodeInvalidClientTokenID,
				Message: "The security token included in the request is invalid. (This center knows only credentials that it handed out itself, and access keys of its service users.)",
			}
		}
		return keys.Secret, err
	})
	if err != nil {
		return rolecreds.Identity{}, err
	}
	if !keys.ExpiresAt.IsZero() && !d.Clock.Now().Before(keys.ExpiresAt) {
		return rolecreds.Identity{}, &wire.ServiceError{
			Status: http.StatusForbidden, Code: wire.CodeExpiredSessionToken, Message: "The security token included in the request is expired",
		}
	}
	return keys.Identity, nil
}

// keys finds the secret of an access key id: in the session token, or in the store when there is none.
func (d *Door) keys(ctx context.Context, id string, token wire.Secret) (rolecreds.Keys, error) {
	if token != "" {
		return d.Credentials.Open(id, token)
	}
	u, err := d.Users.ServiceUserByKey(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return rolecreds.Keys{}, rolecreds.ErrInvalid
	} else if err != nil {
		return rolecreds.Keys{}, err
	}
	return d.Credentials.OpenKey(u, id)
}

// parameters returns what the form of a POST and the query say. Anything that two parsers could read
// differently is refused.
func parameters(r *http.Request, body []byte) (url.Values, error) {
	malformed := &wire.ServiceError{Status: http.StatusBadRequest, Code: codeMalformedQuery, Message: "The query string is malformed or gives a parameter twice."}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, malformed
	}
	if len(body) > 0 {
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
			return nil, &wire.ServiceError{
				Status: http.StatusBadRequest, Code: codeMalformedQuery,
				Message: "STS takes a form (Content-Type: application/x-www-form-urlencoded). " + hint,
			}
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, malformed
		}
		for k, v := range form {
			values[k] = append(values[k], v...)
		}
	}
	for _, v := range values {
		if len(v) > 1 {
			return nil, malformed
		}
	}
	return values, nil
}

func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *wire.ServiceError
	if !errors.As(err, &e) {
		d.Logger.LogAttrs(r.Context(), slog.LevelError, "sts", slog.Any("error", err))
		e = &wire.ServiceError{Status: http.StatusInternalServerError, Code: codeInternal, Message: "The request could not be served; the center's log says why."}
	}
	if e.Reason != "" { // for the operator; why an issuer cannot be reached is nothing for strangers
		d.Logger.LogAttrs(r.Context(), slog.LevelWarn, "sts", slog.String("code", string(e.Code)), slog.String("error", e.Reason))
	}
	WriteError(w, r, e)
}

func (d *Door) write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	if err := writeXML(w, status, answer); err != nil {
		d.Logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelDebug, "sts answer", slog.Any("error", err))
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
