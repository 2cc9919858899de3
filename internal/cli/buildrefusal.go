package cli

import (
	"errors"
	"net/http"
	"strings"

	"keyfob/internal/awsconfig"
	"keyfob/internal/credentials"
	"keyfob/internal/loopback"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// refusal is what a program is told that asked a server for credentials. SDKs ask again after an error of
// the server's and give up after one of theirs, so the status says whether that would help.
func (a *app) refusal(err error) loopback.Refusal {
	r := loopback.Refusal{Status: http.StatusInternalServerError, Code: "CredentialsUnavailable"}
	var service *wire.ServiceError
	switch {
	case errors.As(err, new(*session.SignInRequiredError)):
		r.Status, r.Code = http.StatusForbidden, "SignInRequired"
	case errors.As(err, new(*credentials.CodeNeededError)):
		r.Status, r.Code = http.StatusForbidden, "MFACodeRequired"
	case errors.As(err, new(*awsconfig.ProfileNotFoundError)):
		r.Status, r.Code = http.StatusNotFound, "ProfileNotFound"
	case errors.As(err, new(*credentials.NotFoundError)):
		r.Status, r.Code = http.StatusNotFound, "NoCredentials"
	case errors.As(err, &service) && service.Status >= 400 && service.Status < 500 && service.Status != http.StatusTooManyRequests:
		r.Status, r.Code = http.StatusForbidden, "AccessDenied"
	case errors.As(err, &service):
		r.Status = http.StatusBadGateway
	}
	_, hints := a.advise(err)
	r.Message = printable(strings.Join(append([]string{err.Error()}, hints...), "; "))
	return r
}
