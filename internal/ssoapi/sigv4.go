package ssoapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"keyfob/internal/wire"
)

// Keys sign a request.
type Keys struct {
	AccessKeyID     string
	SecretAccessKey wire.Secret
	SessionToken    wire.Secret // "" for keys that do not expire
}

const algorithm = "AWS4-HMAC-SHA256"

// Sign adds a Signature Version 4 to the headers of a request: X-Amz-Date, X-Amz-Security-Token and
// Authorization. All headers that the request has by then are signed but User-Agent and those of the
// hop, which proxies change.
func Sign(r *http.Request, body []byte, keys Keys, service, region string, now time.Time) {
	date := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", date)
	if keys.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", keys.SessionToken.Reveal())
	}
	names, headers := canonicalHeaders(r)
	hash := sha256.Sum256(body)
	canonical := strings.Join([]string{
		r.Method, canonicalPath(r.URL), canonicalQuery(r.URL.Query()), headers, names, hex.EncodeToString(hash[:]),
	}, "\n")
	scope := strings.Join([]string{date[:8], region, service, "aws4_request"}, "/")
	r.Header.Set("Authorization", algorithm+" Credential="+keys.AccessKeyID+"/"+scope+", SignedHeaders="+names+", Signature="+signature(keys, scope, date, canonical))
}

// signature signs a canonical request. The scope is date[:8]/region/service/aws4_request.
func signature(keys Keys, scope, date, canonical string) string {
	digest := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{algorithm, date, scope, hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + keys.SecretAccessKey.Reveal())
	for _, part := range append(strings.Split(scope, "/"), toSign) {
		key = mac(key, part)
	}
	return hex.EncodeToString(key)
}

func mac(key []byte, data string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(data))
	return m.Sum(nil)
}

func canonicalHeaders(r *http.Request) (names, lines string) {
	values := map[string]string{"host": r.URL.Host}
	if r.Host != "" {
		values["host"] = r.Host
	}
	for name, vs := range r.Header {
		name = strings.ToLower(name)
		switch name {
		case "authorization", "user-agent", "connection", "expect", "transfer-encoding", "x-amzn-trace-id":
			continue
		}
		folded := make([]string, len(vs))
		for i, v := range vs {
			folded[i] = strings.Join(strings.Fields(v), " ")
		}
		values[name] = strings.Join(folded, ",")
	}
	sorted := make([]string, 0, len(values))
	for name := range values {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var b strings.Builder
	for _, name := range sorted {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(sorted, ";"), b.String()
}

func canonicalPath(u *url.URL) string {
	p := u.EscapedPath()
	if p == "" {
		return "/"
	}
	// Every service but S3 wants the path encoded a second time.
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = encode(s)
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(q url.Values) string {
	// Sorted by name and then by value; as "name=value" the sign would count as a letter.
	encoded := make(map[string][]string, len(q))
	for name, vs := range q {
		for _, v := range vs {
			encoded[encode(name)] = append(encoded[encode(name)], encode(v))
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(encoded)) {
		slices.Sort(encoded[name])
		for _, v := range encoded[name] {
			pairs = append(pairs, name+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

// encode is RFC 3986's: everything but unreserved characters, blanks as %20.
func encode(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}
