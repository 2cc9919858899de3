package sigv4

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/wire"
)

const (
	headerDate          = "X-Amz-Date"
	headerSecurityToken = "X-Amz-Security-Token"
	headerContentSHA256 = "X-Amz-Content-Sha256"

	queryAlgorithm     = "X-Amz-Algorithm"
	queryCredential    = "X-Amz-Credential"
	queryDate          = "X-Amz-Date"
	queryExpires       = "X-Amz-Expires"
	querySignedHeaders = "X-Amz-SignedHeaders"
	querySignature     = "X-Amz-Signature"
	querySecurityToken = "X-Amz-Security-Token"
	queryContentSHA256 = "X-Amz-Content-Sha256"
)

// claims is what a request says about its own signature; nothing of it is believed yet.
type claims struct {
	presigned     bool
	accessKeyID   string
	sessionToken  wire.Secret
	date          string // as sent
	at            time.Time
	lifetime      time.Duration // of a presigned request
	signedHeaders []string
	signature     []byte
	query         query

	scopeDate, region, service, scopeTerminator string
}

func (c claims) scope() string {
	return strings.Join([]string{c.scopeDate, c.region, c.service, c.scopeTerminator}, "/")
}

// claim reads the Authorization header or the presigned query.
func claim(r *http.Request) (claims, error) {
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return claims{}, err
	}
	inHeader, inQuery := r.Header.Values("Authorization"), q.has(queryAlgorithm) || q.has(querySignature)
	switch {
	case len(inHeader) == 0 && !inQuery:
		return claims{}, refuse(CodeMissingAuthenticationToken, "Request is missing Authentication Token")
	case len(inHeader) > 1 || len(inHeader) == 1 && inQuery:
		return claims{}, refuse(CodeIncompleteSignature, "The request is signed more than once: in the Authorization header or in the query, not both.")
	case inQuery:
		return claimFromQuery(q)
	}
	return claimFromHeader(r, q, inHeader[0])
}

func claimFromHeader(r *http.Request, q query, authorization string) (claims, error) {
	name, rest, _ := strings.Cut(authorization, " ")
	if err := checkAlgorithm(name); err != nil {
		return claims{}, err
	}
	fields := map[string]string{}
	for _, f := range strings.Split(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(f), "=")
		if _, twice := fields[k]; !ok || twice {
			return claims{}, refuse(CodeIncompleteSignature, "Authorization header is not a list of Credential=, SignedHeaders= and Signature=.")
		}
		fields[k] = v
	}
	c := claims{query: q}
	var err error
	if c.date, err = once(headerDate, r.Header.Values(headerDate)); err != nil {
		return claims{}, err
	}
	if tokens := r.Header.Values(headerSecurityToken); len(tokens) > 0 {
		token, err := once(headerSecurityToken, tokens)
		if err != nil {
			return claims{}, err
		}
		c.sessionToken = wire.Secret(token)
	}
	if c.sessionToken == "" {
		// A request signed in its header may carry the token in its query; it is signed there too.
		if tokens := q.values(querySecurityToken); len(tokens) == 1 {
			c.sessionToken = wire.Secret(tokens[0])
		}
	} else if q.has(querySecurityToken) {
		return claims{}, refuse(CodeIncompleteSignature, "The request carries two session tokens.")
	}
	return c.parse(fields["Credential"], fields["SignedHeaders"], fields["Signature"])
}

func claimFromQuery(q query) (claims, error) {
	c := claims{query: q, presigned: true}
	need := map[string]string{}
	for _, name := range []string{queryAlgorithm, queryCredential, queryDate, querySignedHeaders, querySignature} {
		v, err := once(name, q.values(name))
		if err != nil {
			return claims{}, err
		}
		need[name] = v
	}
	if err := checkAlgorithm(need[queryAlgorithm]); err != nil {
		return claims{}, err
	}
	c.date = need[queryDate]
	c.lifetime = defaultLifetime
	if q.has(queryExpires) {
		v, err := once(queryExpires, q.values(queryExpires))
		if err != nil {
			return claims{}, err
		}
		seconds, err := strconv.Atoi(v)
		if err != nil || seconds < 1 || seconds > int(maxLifetime/time.Second) {
			return claims{}, refuse(CodeIncompleteSignature, "X-Amz-Expires must be 1 to %d seconds.", int(maxLifetime/time.Second))
		}
		c.lifetime = time.Duration(seconds) * time.Second
	}
	if q.has(querySecurityToken) {
		token, err := once(querySecurityToken, q.values(querySecurityToken))
		if err != nil {
			return claims{}, err
		}
		c.sessionToken = wire.Secret(token)
	}
	return c.parse(need[queryCredential], need[querySignedHeaders], need[querySignature])
}

func checkAlgorithm(name string) error {
	switch {
	case name == algorithm:
		return nil
	case strings.HasPrefix(name, "AWS4-ECDSA-"):
		return refuse(CodeIncompleteSignature, "Signature Version 4A (%s) is not supported here: sign with Signature Version 4 (%s).", name, algorithm)
	}
	return refuse(CodeIncompleteSignature, "Unsupported signature algorithm: sign with %s.", algorithm)
}

// parse takes the credential scope, the signed headers and the signature apart.
func (c claims) parse(credential, signedHeaders, signature string) (claims, error) {
	for name, v := range map[string]string{"Credential": credential, "SignedHeaders": signedHeaders, "Signature": signature} {
		if v == "" {
			return claims{}, refuse(CodeIncompleteSignature, "Authorization requires %s.", name)
		}
	}
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || slices.Contains(parts, "") {
		return claims{}, refuse(CodeIncompleteSignature, "Credential must be access-key-id/date/region/service/aws4_request.")
	}
	c.accessKeyID, c.scopeDate, c.region, c.service, c.scopeTerminator = parts[0], parts[1], parts[2], parts[3], parts[4]
	var err error
	if c.at, err = time.Parse(timeFormat, c.date); err != nil || c.at.Format(timeFormat) != c.date {
		return claims{}, refuse(CodeIncompleteSignature, "X-Amz-Date must be in ISO 8601 basic format, like 20261123T090000Z.")
	}
	if c.signature, err = hex.DecodeString(signature); err != nil || len(c.signature) != 32 || strings.ToLower(signature) != signature {
		return claims{}, refuse(CodeIncompleteSignature, "Signature must be 64 lower-case hex digits.")
	}
	c.signedHeaders = strings.Split(signedHeaders, ";")
	return c, nil
}

func once(name string, values []string) (string, error) {
	switch {
	case len(values) == 0 || values[0] == "":
		return "", refuse(CodeIncompleteSignature, "The signature requires %s.", name)
	case len(values) > 1:
		return "", refuse(CodeIncompleteSignature, "%s is given twice.", name)
	}
	return values[0], nil
}
