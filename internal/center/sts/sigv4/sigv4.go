// Package sigv4 checks AWS Signature Version 4, in the Authorization header or in a presigned query.
//
// Doors that serve signed calls use it (STS now). It knows HTTP and the algorithm, and learns the
// secret that belongs to an access key id from its caller; it knows nothing of who anybody is. Source:
// "AWS Signature Version 4 for API requests" in the IAM user guide; checked against AWS's published
// test suite.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Errors of a verifier, as STS's common errors name them.
const (
	CodeMissingAuthenticationToken wire.Code = "MissingAuthenticationToken"
	CodeIncompleteSignature        wire.Code = "IncompleteSignature"
	CodeInvalidClientTokenID       wire.Code = "InvalidClientTokenId"
	CodeSignatureDoesNotMatch      wire.Code = "SignatureDoesNotMatch"
	CodeRequestExpired             wire.Code = "RequestExpired"
	// CodeRequestTimeTooSkewed is for a request from the future; SDKs correct their clock on it.
	CodeRequestTimeTooSkewed wire.Code = "RequestTimeTooSkewed"
)

// DefaultSkew is how far the client's clock may be off, either way.
const DefaultSkew = 5 * time.Minute

const (
	algorithm   = "AWS4-HMAC-SHA256"
	timeFormat  = "20060102T150405Z"
	terminator  = "aws4_request"
	unsigned    = "UNSIGNED-PAYLOAD"
	maxLifetime = 7 * 24 * time.Hour // of a presigned URL
	// defaultLifetime is STS's, for URLs that do not say: the SDK for Go makes such.
	defaultLifetime = 15 * time.Minute
)

// Verifier checks signatures for one service. Its fields are set once; it is safe for concurrent use.
type Verifier struct {
	Clock   clock.Clock
	Service string                   // the signing name: "sts"
	Region  func(region string) bool // whether the region in the credential scope is one of ours
	Skew    time.Duration            // DefaultSkew when zero
}

// Verify checks that body and r were signed with the secret that secret returns for the access key id
// and session token (which may be empty) that r names. body is the whole, already read body. The
// error is a *wire.ServiceError, or what secret returned.
func (v Verifier) Verify(r *http.Request, body []byte, secret func(accessKeyID string, sessionToken wire.Secret) (wire.Secret, error)) error {
	c, err := claim(r)
	if err != nil {
		return err
	}
	if err := v.checkScope(c); err != nil {
		return err
	}
	if err := v.checkTime(c); err != nil {
		return err
	}
	if err := checkSignedHeaders(r, c); err != nil {
		return err
	}
	payload, err := payloadHash(r, c, body)
	if err != nil {
		return err
	}
	key, err := secret(c.accessKeyID, c.sessionToken)
	if err != nil {
		return err
	}
	toSign := strings.Join([]string{
		algorithm, c.date, c.scope(), hexSum([]byte(canonicalRequest(r, c, payload))),
	}, "\n")
	if !hmac.Equal(mac(signingKey(key, c), toSign), c.signature) {
		return refuse(CodeSignatureDoesNotMatch, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method.")
	}
	return nil
}

func (v Verifier) checkScope(c claims) error {
	switch {
	case c.scopeTerminator != terminator:
		return refuse(CodeSignatureDoesNotMatch, "Credential should be scoped with a valid terminator: 'aws4_request', not %q.", c.scopeTerminator)
	case c.service != v.Service:
		return refuse(CodeSignatureDoesNotMatch, "Credential should be scoped to correct service: %q, not %q.", v.Service, c.service)
	case !v.Region(c.region):
		return refuse(CodeSignatureDoesNotMatch, "Credential should be scoped to a valid region, not %q.", c.region)
	case !strings.HasPrefix(c.date, c.scopeDate+"T"):
		return refuse(CodeSignatureDoesNotMatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: %q != %q.", c.scopeDate, c.date)
	}
	return nil
}

// checkTime holds the signing time against the clock: within the skew for a signed request, within
// its own lifetime for a presigned one.
func (v Verifier) checkTime(c claims) error {
	skew := v.Skew
	if skew == 0 {
		skew = DefaultSkew
	}
	now := v.Clock.Now().UTC()
	if c.at.After(now.Add(skew)) {
		return refuse(CodeRequestTimeTooSkewed, "Signature not yet current: %s is still later than %s (%s + %s). Check this computer's clock.",
			c.date, now.Add(skew).Format(timeFormat), now.Format(timeFormat), skew)
	}
	last := c.at.Add(skew)
	if c.presigned {
		last = c.at.Add(c.lifetime)
	}
	if now.After(last) {
		return refuse(CodeRequestExpired, "Signature expired: %s was good until %s; it is now %s. Check this computer's clock.",
			c.date, last.Format(timeFormat), now.Format(timeFormat))
	}
	return nil
}

// payloadHash returns what stands for the body in the canonical request. Its own hash, whatever the
// client claims; only a presigned request without a body may leave it out of the signature.
func payloadHash(r *http.Request, c claims, body []byte) (string, error) {
	sum := hexSum(body)
	claimed := append(r.Header.Values(headerContentSHA256), c.query.values(queryContentSHA256)...)
	if len(claimed) == 0 {
		return sum, nil
	}
	for _, h := range claimed[1:] {
		if h != claimed[0] {
			return "", refuse(CodeIncompleteSignature, "X-Amz-Content-Sha256 is given twice.")
		}
	}
	switch h := claimed[0]; {
	case h == unsigned && c.presigned && len(body) == 0:
		return unsigned, nil
	case h == unsigned:
		return "", refuse(CodeSignatureDoesNotMatch, "An unsigned payload is not accepted: sign the hash of the body.")
	case strings.HasPrefix(h, "STREAMING-"):
		return "", refuse(CodeSignatureDoesNotMatch, "Chunked signatures (aws-chunked) are not accepted: sign the hash of the body.")
	case h != sum:
		return "", refuse(CodeSignatureDoesNotMatch, "The hash of the body is not the one in X-Amz-Content-Sha256.")
	}
	return sum, nil
}

func signingKey(secret wire.Secret, c claims) []byte {
	k := mac([]byte("AWS4"+secret.Reveal()), c.scopeDate)
	for _, part := range []string{c.region, c.service, terminator} {
		k = mac(k, part)
	}
	return k
}

func mac(key []byte, data string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(data))
	return m.Sum(nil)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// refuse returns the refusal with the status that STS gives its code.
func refuse(code wire.Code, format string, args ...any) error {
	status := http.StatusForbidden
	switch code {
	case CodeIncompleteSignature, CodeRequestExpired, CodeRequestTimeTooSkewed:
		status = http.StatusBadRequest
	}
	return &wire.ServiceError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}
