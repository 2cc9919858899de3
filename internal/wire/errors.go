package wire

import (
	"fmt"
	"strings"
)

// Code is the name of a modelled service error, as in the x-amzn-ErrorType header.
type Code string

// Errors of the OIDC service.
const (
	CodeAccessDenied          Code = "AccessDeniedException"
	CodeAuthorizationPending  Code = "AuthorizationPendingException"
	CodeExpiredToken          Code = "ExpiredTokenException"
	CodeInternalServer        Code = "InternalServerException"
	CodeInvalidClient         Code = "InvalidClientException"
	CodeInvalidClientMetadata Code = "InvalidClientMetadataException"
	CodeInvalidGrant          Code = "InvalidGrantException"
	CodeInvalidRedirectURI    Code = "InvalidRedirectUriException"
	CodeInvalidRequest        Code = "InvalidRequestException"
	CodeInvalidScope          Code = "InvalidScopeException"
	CodeSlowDown              Code = "SlowDownException"
	CodeUnauthorizedClient    Code = "UnauthorizedClientException"
	CodeUnsupportedGrantType  Code = "UnsupportedGrantTypeException"
)

// Errors of the access portal; it also answers CodeInvalidRequest. CodeForbidden is what the service
// answers for a role that is not assigned, although its model does not name it.
const (
	CodeUnauthorized     Code = "UnauthorizedException"
	CodeResourceNotFound Code = "ResourceNotFoundException"
	CodeTooManyRequests  Code = "TooManyRequestsException"
	CodeForbidden        Code = "ForbiddenException"
)

// HeaderErrorType names the error in every failed rest-json answer. Real clients look here first and
// do not look at the OAuth error member at all.
const HeaderErrorType = "x-amzn-ErrorType"

// HeaderRequestID names the request in every answer.
const HeaderRequestID = "x-amzn-RequestId"

// oauthErrors pairs each OIDC error with its OAuth code (RFC 6749 section 5.2, RFC 8628 section 3.5,
// RFC 7591 section 3.2.2) and its HTTP status in the service model.
func oauthErrors() []oauthError {
	return []oauthError{
		{CodeAccessDenied, "access_denied", 400},
		{CodeAuthorizationPending, "authorization_pending", 400},
		{CodeExpiredToken, "expired_token", 400},
		{CodeInternalServer, "server_error", 500},
		{CodeInvalidClient, "invalid_client", 401},
		{CodeInvalidClientMetadata, "invalid_client_metadata", 400},
		{CodeInvalidGrant, "invalid_grant", 400},
		{CodeInvalidRedirectURI, "invalid_redirect_uri", 400},
		{CodeInvalidRequest, "invalid_request", 400},
		{CodeInvalidScope, "invalid_scope", 400},
		{CodeSlowDown, "slow_down", 400},
		{CodeUnauthorizedClient, "unauthorized_client", 400},
		{CodeUnsupportedGrantType, "unsupported_grant_type", 400},
	}
}

type oauthError struct {
	code   Code
	oauth  string
	status int
}

// OAuth returns the OAuth error code that stands for c in an answer's "error" member, and c's HTTP
// status in the OIDC service's model. ok is false for an error the OIDC service does not have.
func (c Code) OAuth() (oauth string, status int, ok bool) {
	for _, e := range oauthErrors() {
		if e.code == c {
			return e.oauth, e.status, true
		}
	}
	return "", 0, false
}

// CodeFromOAuth returns the error that an OAuth error code stands for, or "" when it is none the
// service has.
func CodeFromOAuth(oauth string) Code {
	for _, e := range oauthErrors() {
		if e.oauth == oauth {
			return e.code
		}
	}
	return ""
}

// CodeFromType takes the error's name out of an x-amzn-ErrorType header or a __type member:
// "com.amazonaws.sso#InvalidGrantException:http://…" is InvalidGrantException.
func CodeFromType(t string) Code {
	if i := strings.IndexByte(t, ':'); i >= 0 {
		t = t[:i]
	}
	if i := strings.LastIndexByte(t, '#'); i >= 0 {
		t = t[i+1:]
	}
	return Code(strings.TrimSpace(t))
}

// ErrorBody is the body of a failed rest-json answer. The service's model has Error,
// ErrorDescription and Reason (OIDC) or Message (portal); a center sends Type and Message as well,
// because that is where clients of other generations look.
type ErrorBody struct {
	Type             string `json:"__type,omitempty"`
	Code             string `json:"code,omitempty"`
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"`
	Message          string `json:"message,omitempty"`
	Reason           string `json:"reason,omitempty"`
}

// ServiceError is a service's refusal, as both ends understand it.
type ServiceError struct {
	Operation string // "CreateToken"
	Status    int    // HTTP status
	Code      Code   // "" when the answer did not name one
	Message   string // may be empty; text from outside
	Reason    string // KMS_* detail of InvalidRequest and AccessDenied, mostly empty
	RequestID string
	Attempts  int // how often the call was sent; 1 when it was not retried
}

// Error is the AWS CLI's sentence for a service error.
func (e *ServiceError) Error() string {
	code := string(e.Code)
	if code == "" {
		code = fmt.Sprint(e.Status)
	}
	retried := ""
	if e.Attempts > 1 {
		retried = fmt.Sprintf(" (reached max retries: %d)", e.Attempts-1)
	}
	s := fmt.Sprintf("An error occurred (%s) when calling the %s operation%s: %s", code, e.Operation, retried, e.Message)
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s
}
