package ssoapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"unicode"

	"keyfob/internal/wire"
)

// ConnectError is a service that was not reached.
type ConnectError struct {
	URL string
	Err error
}

// Error is the AWS CLI's text and the reason.
func (e *ConnectError) Error() string {
	var timeout net.Error
	if errors.As(e.Err, &timeout) && timeout.Timeout() {
		var op *net.OpError
		if errors.As(e.Err, &op) && op.Op == "dial" {
			return fmt.Sprintf("Connect timeout on endpoint URL: %q", e.URL)
		}
		return fmt.Sprintf("Read timeout on endpoint URL: %q", e.URL)
	}
	return fmt.Sprintf("Could not connect to the endpoint URL: %q (%s)", e.URL, reason(e.Err))
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// TLSError is a server whose certificate cannot be trusted, or that does not speak TLS.
type TLSError struct {
	URL string
	Err error
}

// Error is the AWS CLI's text and the reason.
func (e *TLSError) Error() string {
	return fmt.Sprintf("SSL validation failed for %s: certificate or TLS error: %s", e.URL, reason(e.Err))
}

// Unwrap returns the cause.
func (e *TLSError) Unwrap() error { return e.Err }

// BundleError is a CA bundle that cannot be used.
type BundleError struct {
	Path string
	Err  error
}

// Error names the file.
func (e *BundleError) Error() string {
	return fmt.Sprintf("the CA bundle %s cannot be used: %s", e.Path, reason(e.Err))
}

// Unwrap returns the cause.
func (e *BundleError) Unwrap() error { return e.Err }

// ProxyError is a proxy variable that says nothing usable. Its value may hold a password, so it is not
// shown.
type ProxyError struct{ Variable string }

// Error names the variable.
func (e *ProxyError) Error() string {
	return "the proxy in " + e.Variable + " (or " + strings.ToLower(e.Variable) + ") is no address: it must be of the form http://<hostname>:<port>"
}

// EndpointError is an endpoint that is no http or https URL.
type EndpointError struct{ Endpoint string }

// Error is the AWS CLI's text.
func (e *EndpointError) Error() string { return "Invalid endpoint: " + shown(e.Endpoint) }

// checkEndpoint refuses what can never be reached, before it is tried again and again.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return &EndpointError{Endpoint: endpoint}
	}
	return nil
}

// MalformedError is an answer that says success and makes no sense.
type MalformedError struct {
	Operation, Endpoint string
	Err                 error
}

// Error says whose answer it was.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("the answer to %s from %s is not what the service sends; is the endpoint right?", e.Operation, shown(e.Endpoint))
}

// Unwrap returns the cause.
func (e *MalformedError) Unwrap() error { return e.Err }

// RedirectError is a service that sends a call elsewhere, where no secret is taken.
type RedirectError struct {
	Operation, Endpoint string
	Status              int
}

// Error says what happened.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("the answer to %s from %s is a redirect (HTTP %d), which is not followed; is the endpoint right?", e.Operation, shown(e.Endpoint), e.Status)
}

// asNetworkError sorts out why no answer came.
func asNetworkError(ctx context.Context, endpoint string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if hopeless(err) {
		return err // nothing was sent, because of a setting that the error names
	}
	endpoint = shown(endpoint)
	var verify *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &verify) || errors.As(err, &header) || errors.As(err, &alert) || errors.As(err, &authority) ||
		strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return &TLSError{URL: endpoint, Err: err}
	}
	return &ConnectError{URL: endpoint, Err: err}
}

// shown is an endpoint as messages have it: without a password or a query, which may hold what is
// nobody's business.
func shown(endpoint string) string {
	endpoint, _, _ = strings.Cut(endpoint, "?")
	if u, err := url.Parse(endpoint); err == nil {
		return u.Redacted()
	}
	if i := strings.LastIndexByte(endpoint, '@'); i >= 0 {
		return "…" + endpoint[i:]
	}
	return endpoint
}

// reason is the innermost part of a network error that still means something to a person.
func reason(err error) string {
	var dns *net.DNSError
	var errno syscall.Errno
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy: " + reason(op.Err)
	case errors.As(err, &dns):
		return "the name " + dns.Name + " could not be resolved"
	case errors.As(err, &errno):
		return errno.Error()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

// decodeError reads a refusal. Its name is looked for where clients of every generation have put it:
// the header, the body's __type, code or Code, at last OAuth's error member. STS answers in XML.
func decodeError(operation string, resp *http.Response, body []byte) *wire.ServiceError {
	e := &wire.ServiceError{
		Operation: operation, Status: resp.StatusCode, Attempts: 1,
		Code:      wire.CodeFromType(resp.Header.Get(wire.HeaderErrorType)),
		RequestID: printableID(resp.Header.Get(wire.HeaderRequestID)),
	}
	if b := (wire.STSErrorResponse{}); xml.Unmarshal(body, &b) == nil && b.Error.Code != "" {
		e.Code, e.Message = wire.Code(b.Error.Code), b.Error.Message
	} else {
		decodeJSONError(e, body)
	}
	e.Code, e.Message, e.Reason = wire.Code(printable(string(e.Code))), printable(e.Message), printable(e.Reason)
	if e.Message == "" && e.Code == "" {
		e.Message = http.StatusText(resp.StatusCode)
	}
	return e
}

func decodeJSONError(e *wire.ServiceError, body []byte) {
	// A map, since a member of an unexpected type must not hide the others.
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return
	}
	text := func(names ...string) string {
		for _, n := range names {
			var s string
			if json.Unmarshal(members[n], &s) == nil && s != "" {
				return s
			}
		}
		return ""
	}
	if e.Code == "" {
		e.Code = wire.CodeFromType(text("__type", "code", "Code"))
	}
	if e.Code == "" {
		e.Code = wire.CodeFromOAuth(text("error"))
	}
	e.Message = text("message", "Message", "error_description", "errorMessage")
	e.Reason = text("reason")
}

const maxText = 500

// printable takes the sting out of text from outside.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxText {
		s = string(r[:maxText]) + "…"
	}
	return strings.TrimSpace(s)
}

func printableID(s string) string {
	if s = printable(s); len(s) > 64 {
		s = s[:64]
	}
	return s
}
