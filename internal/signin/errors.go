package signin

// ExpiredError says that the person did not approve in time.
type ExpiredError struct{}

// Error is the AWS CLI's text.
func (*ExpiredError) Error() string {
	return "The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted."
}

// AuthorizeError is what the authorization endpoint sent back instead of a code (RFC 6749 section
// 4.1.2.1). Both members are text from outside.
type AuthorizeError struct {
	Code        string
	Description string
}

// Error begins with the AWS CLI's text and adds what the service said.
func (e *AuthorizeError) Error() string {
	s := "Error loading authorization code: Failed to retrieve an authorization code. " + e.Code
	if e.Description != "" {
		s += ": " + e.Description
	}
	return s
}

// Denied reports whether the person said no.
func (e *AuthorizeError) Denied() bool { return e.Code == "access_denied" }

// ListenError says that there is no way to wait for the browser.
type ListenError struct{ Err error }

// Error is the AWS CLI's text.
func (e *ListenError) Error() string {
	return "Unable to initialize the OAuth 2.0 authorization callback handler: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }
