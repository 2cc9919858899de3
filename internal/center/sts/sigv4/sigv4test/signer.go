// Package sigv4test signs requests for tests. It is written from the algorithm's description and shares
// no code with package sigv4, so that a mistake in one is not a mistake in both; AWS's published
// vectors hold each of them.
package sigv4test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

// Signer signs with one set of keys. The zero values of Algorithm and Terminator are the right ones.
type Signer struct {
	AccessKeyID, Secret, SessionToken string
	Region, Service                   string
	At                                time.Time
	ScopeDate                         string   // of At when empty
	Unsigned                          []string // headers to leave out of the signature
	Payload                           string   // instead of the body's hash
}

// Sign adds X-Amz-Date, X-Amz-Security-Token and Authorization.
func (s Signer) Sign(r *http.Request) *http.Request {
	r.Header.Set("X-Amz-Date", s.At.UTC().Format("20060102T150405Z"))
	if s.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", s.SessionToken)
	}
	names, signature := s.sign(r, s.sum(r))
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		s.AccessKeyID, s.scope(), names, signature))
	return r
}

// Presign puts the signature into the query; with a negative lifetime it does not say how long it is
// good for.
func (s Signer) Presign(r *http.Request, lifetime time.Duration) *http.Request {
	q := []string{
		"X-Amz-Algorithm=AWS4-HMAC-SHA256",
		"X-Amz-Credential=" + escape(s.AccessKeyID+"/"+s.scope()),
		"X-Amz-Date=" + s.At.UTC().Format("20060102T150405Z"),
		"X-Amz-SignedHeaders=" + escape(s.names(r)),
	}
	if lifetime >= 0 {
		q = append(q, fmt.Sprintf("X-Amz-Expires=%d", int(lifetime.Seconds())))
	}
	if s.SessionToken != "" {
		q = append(q, "X-Amz-Security-Token="+escape(s.SessionToken))
	}
	if r.URL.RawQuery != "" {
		q = append([]string{r.URL.RawQuery}, q...)
	}
	r.URL.RawQuery = strings.Join(q, "&")
	_, signature := s.sign(r, s.sum(r))
	r.URL.RawQuery += "&X-Amz-Signature=" + signature
	return r
}

func (s Signer) scope() string {
	date := s.ScopeDate
	if date == "" {
		date = s.At.UTC().Format("20060102")
	}
	return date + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

func (s Signer) sum(r *http.Request) string {
	if s.Payload != "" {
		return s.Payload
	}
	if r.Body == nil {
		return fmt.Sprintf("%x", sha256.Sum256(nil))
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func (s Signer) names(r *http.Request) string {
	names := []string{"host"}
	for n := range r.Header {
		names = append(names, strings.ToLower(n))
	}
	var kept []string
	for _, n := range names {
		if !strings.Contains(";"+strings.Join(s.Unsigned, ";")+";", ";"+n+";") {
			kept = append(kept, n)
		}
	}
	sort.Strings(kept)
	return strings.Join(kept, ";")
}

func (s Signer) sign(r *http.Request, payload string) (names, signature string) {
	names = s.names(r)
	var headers string
	for _, n := range strings.Split(names, ";") {
		values := r.Header[http.CanonicalHeaderKey(n)]
		if n == "host" {
			values = []string{r.Host}
		}
		var trimmed []string
		for _, v := range values {
			trimmed = append(trimmed, strings.Join(strings.Fields(v), " "))
		}
		headers += n + ":" + strings.Join(trimmed, ",") + "\n"
	}
	var pairs []string
	for k, vs := range r.URL.Query() {
		for _, v := range vs {
			// \x00 sorts before every character a name may have, as the end of a name should.
			pairs = append(pairs, escape(k)+"\x00"+escape(v))
		}
	}
	sort.Strings(pairs)
	query := strings.ReplaceAll(strings.Join(pairs, "&"), "\x00", "=")
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	path = strings.ReplaceAll(path, "%", "%25")
	canonical := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s", r.Method, path, query, headers, names, payload)
	toSign := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", s.At.UTC().Format("20060102T150405Z"), s.scope(), sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4" + s.Secret)
	for _, part := range append(strings.Split(s.scope(), "/"), toSign) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(part))
		key = m.Sum(nil)
	}
	return names, fmt.Sprintf("%x", key)
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
