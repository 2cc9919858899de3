package ssoapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/wire"
)

// Presign puts a Signature Version 4 into the query of a request without a body, so that its URL is a
// proof that somebody else can use, good for so many whole seconds. Host and the headers that the request
// has are signed, as for [Sign]; whoever uses the URL has to send them. What is in the query already stays
// in front as it is, and the parameters of the signature follow in the AWS SDK for Python's order: there
// are services that take the URL for a password.
func Presign(r *http.Request, keys Keys, service, region string, now time.Time, lifetime time.Duration) {
	date := now.UTC().Format("20060102T150405Z")
	scope := strings.Join([]string{date[:8], region, service, "aws4_request"}, "/")
	names, headers := canonicalHeaders(r)
	add := func(name, value string) {
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += name + "=" + encode(value)
	}
	add("X-Amz-Algorithm", algorithm)
	add("X-Amz-Credential", keys.AccessKeyID+"/"+scope)
	add("X-Amz-Date", date)
	add("X-Amz-Expires", strconv.Itoa(int(lifetime/time.Second)))
	add("X-Amz-SignedHeaders", names)
	if keys.SessionToken != "" {
		add("X-Amz-Security-Token", keys.SessionToken.Reveal())
	}
	empty := sha256.Sum256(nil)
	canonical := strings.Join([]string{
		r.Method, canonicalPath(r.URL), canonicalQuery(r.URL.Query()), headers, names, hex.EncodeToString(empty[:]),
	}, "\n")
	add("X-Amz-Signature", signature(keys, scope, date, canonical))
}

// lifetimes of presigned URLs, in both cases AWS's own.
const (
	callerIdentityLifetime = time.Minute
	dbConnectLifetime      = 15 * time.Minute
)

// PresignGetCallerIdentity returns the URL of a call to sts GetCallerIdentity, which proves to a service
// who is asking. It only counts together with the headers, one value each. Error: *EndpointError.
func PresignGetCallerIdentity(endpoint, region string, keys Keys, headers map[string]string, now time.Time) (wire.Secret, error) {
	if err := checkEndpoint(endpoint); err != nil {
		return "", err
	}
	query := "Action=" + wire.ActionGetCallerIdentity + "&Version=" + wire.STSVersion
	r, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(endpoint, "/")+"/?"+query, http.NoBody)
	if err != nil {
		return "", &EndpointError{Endpoint: endpoint}
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	Presign(r, keys, "sts", region, now, callerIdentityLifetime)
	return wire.Secret(r.URL.String()), nil
}

// PresignDBConnect returns what a database of RDS takes for the password of a user, who must be allowed
// to sign in with IAM: a presigned URL without its scheme, good for 15 minutes. The host has no port.
func PresignDBConnect(host string, port int, user, region string, keys Keys, now time.Time) wire.Secret {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	r := &http.Request{
		Method: http.MethodGet, Header: http.Header{}, Host: strings.ToLower(address),
		URL: &url.URL{Scheme: "https", Host: address, Path: "/", RawQuery: "Action=connect&DBUser=" + encode(user)},
	}
	if port == 443 { // the scheme's own, which a Host header leaves out
		r.Host = strings.TrimSuffix(r.Host, ":443")
	}
	Presign(r, keys, "rds-db", region, now, dbConnectLifetime)
	return wire.Secret(address + r.URL.RequestURI())
}
