package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// RetrievalError is a source that gives no credentials.
type RetrievalError struct {
	Provider string // as the AWS CLI names it: "custom-process"
	Err      error
}

// Error is the AWS CLI's text.
func (e *RetrievalError) Error() string {
	return "Error when retrieving credentials from " + e.Provider + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *RetrievalError) Unwrap() error { return e.Err }

// document is the JSON that processes, containers and instances answer with. They differ in what they
// call the session token; a process says a version, an instance what went wrong.
type document struct {
	Version         json.RawMessage
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey wire.Secret
	SessionToken    wire.Secret
	Token           wire.Secret
	Expiration      string
	AccountID       string `json:"AccountId"`
	Code, Message   string
}

// errNotDocument quotes nothing: what is not as it should be may hold secrets all the same.
var errNotDocument = errors.New("its answer is not JSON with credentials")

func parseDocument(b []byte) (d document, err error) {
	if json.Unmarshal(b, &d) != nil {
		return document{}, errNotDocument
	}
	return d, nil
}

// credentials checks what every document has to say.
func (d *document) credentials(c clock.Clock, token wire.Secret) (Credentials, error) {
	got := Credentials{AccessKeyID: d.AccessKeyID, SecretAccessKey: d.SecretAccessKey, SessionToken: token, AccountID: d.AccountID}
	for _, m := range []struct{ name, value string }{{"AccessKeyId", d.AccessKeyID}, {"SecretAccessKey", d.SecretAccessKey.Reveal()}} {
		if m.value == "" {
			//lint:ignore ST1005 the AWS CLI's text
			return Credentials{}, fmt.Errorf("Missing required key in response: '%s'", m.name)
		}
	}
	if d.Expiration == "" {
		return got, nil
	}
	var err error
	if got.ExpiresAt, err = ParseTime(d.Expiration); err != nil {
		return Credentials{}, errors.New("its Expiration is not a time")
	}
	if !c.Now().Before(got.ExpiresAt) {
		return Credentials{}, ErrExpiredOnArrival
	}
	return got, nil
}

// ParseTime reads an instant in any form that the AWS CLI or an SDK has written, ever: RFC 3339, the
// older "…UTC", offsets without a colon, a blank for the T, fractions. One without a zone is UTC.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05UTC", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e9 && n < 1e11 { // epoch seconds, as some tools write
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

// version is the version as it is shown, or as botocore names one that is not there.
func (d *document) version() string {
	if len(d.Version) == 0 {
		return "<Version key not provided>"
	}
	if v := strings.Trim(string(d.Version), `"`); len(v) <= 16 {
		return v
	}
	return "…"
}
