package sts

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// hint is for whoever set AWS_ENDPOINT_URL, which sends the calls of every service here.
const hint = "If it was meant for AWS, AWS_ENDPOINT_URL (or endpoint_url in the profile) sends every service's calls here: " +
	"set AWS_ENDPOINT_URL_SSO_OIDC, AWS_ENDPOINT_URL_SSO and AWS_ENDPOINT_URL_STS instead, or a services section."

// WrongService is the answer to a signed call of a service that a center does not have.
func WrongService(r *http.Request) *wire.ServiceError {
	what := "This call"
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		what = "The operation " + printable(target)
	}
	return &wire.ServiceError{
		Status: http.StatusNotFound, Code: "UnknownOperationException",
		Message: what + " is for a service that this Identity Center does not serve (it serves sso-oidc, sso and sts). " + hint,
	}
}

// WriteError answers in the encoding that the call's protocol can read: XML, or JSON for a call with a
// target or a JSON body.
func WriteError(w http.ResponseWriter, r *http.Request, e *wire.ServiceError) {
	kind := "Sender"
	if e.Status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	w.Header().Set(wire.HeaderErrorType, string(e.Code))
	if r.Header.Get("X-Amz-Target") == "" && !strings.Contains(r.Header.Get("Content-Type"), "json") {
		_ = writeXML(w, e.Status, wire.STSErrorResponse{ // the client is gone: nobody is left to tell
			Error:     wire.STSErrorDetail{Type: kind, Code: string(e.Code), Message: e.Message},
			RequestID: request.FromContext(r.Context()).ID,
		})
		return
	}
	b, err := json.Marshal(wire.ErrorBody{Type: string(e.Code), Message: e.Message})
	if err != nil {
		http.Error(w, string(e.Code), e.Status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(e.Status)
	_, _ = w.Write(b)
}

// printable shortens text from outside and takes out what a terminal would obey.
func printable(s string) string {
	const most = 80
	s = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
