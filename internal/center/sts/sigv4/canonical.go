package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is step 1 of the algorithm. Headers were checked by checkSignedHeaders.
func canonicalRequest(r *http.Request, c claims, payload string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(r.URL) + "\n" + c.query.canonical() + "\n")
	for _, name := range c.signedHeaders {
		values, _ := header(r, name)
		b.WriteString(name + ":" + canonicalHeader(values) + "\n")
	}
	b.WriteString("\n" + strings.Join(c.signedHeaders, ";") + "\n" + payload)
	return b.String()
}

// canonicalPath encodes the path as sent once more, as every service but S3 does. It is not
// normalised: the center serves fixed paths only.
func canonicalPath(u *url.URL) string {
	if u.EscapedPath() == "" {
		return "/"
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		segments[i] = encode(s)
	}
	return strings.Join(segments, "/")
}

// checkSignedHeaders wants host and every x-amz-… header that is there to be signed, each once and in
// order, and every signed header to be there.
func checkSignedHeaders(r *http.Request, c claims) error {
	for i, name := range c.signedHeaders {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= c.signedHeaders[i-1] {
			return refuse(CodeIncompleteSignature, "SignedHeaders must be lower-case names in alphabetical order.")
		}
		if _, ok := header(r, name); !ok {
			return refuse(CodeIncompleteSignature, "The signed header %q is not in the request.", name)
		}
	}
	if !slices.Contains(c.signedHeaders, "host") {
		return refuse(CodeSignatureDoesNotMatch, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(c.signedHeaders, name) {
			return refuse(CodeSignatureDoesNotMatch, "%q must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	return nil
}

// header returns the values of a header, also of those that net/http keeps elsewhere.
func header(r *http.Request, name string) (values []string, ok bool) {
	switch name {
	case "host":
		return []string{r.Host}, r.Host != ""
	case "content-length":
		return []string{strconv.FormatInt(r.ContentLength, 10)}, r.ContentLength >= 0
	}
	values = r.Header.Values(name)
	return values, len(values) > 0
}

// canonicalHeader joins repeated headers and folds the white space within them.
func canonicalHeader(values []string) string {
	folded := make([]string, len(values))
	for i, v := range values {
		folded[i] = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }), " ")
	}
	return strings.Join(folded, ",")
}

// query is the decoded query in the order it was sent.
type query []parameter

type parameter struct{ name, value string }

// parseQuery decodes a query exactly as the door that will act on it does ("+" is a space), so that
// what is signed is what is done.
func parseQuery(raw string) (query, error) {
	var q query
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		n, v, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(n)
		if err != nil {
			return nil, refuse(CodeIncompleteSignature, "The query is not properly encoded.")
		}
		value, err := url.QueryUnescape(v)
		if err != nil {
			return nil, refuse(CodeIncompleteSignature, "The query is not properly encoded.")
		}
		q = append(q, parameter{name, value})
	}
	return q, nil
}

func (q query) values(name string) []string {
	var all []string
	for _, p := range q {
		if p.name == name {
			all = append(all, p.value)
		}
	}
	return all
}

func (q query) has(name string) bool {
	return slices.ContainsFunc(q, func(p parameter) bool { return p.name == name })
}

// canonical is the query sorted by its encoded names, then values, without the signature itself.
func (q query) canonical() string {
	encoded := make(query, 0, len(q))
	for _, p := range q {
		if p.name != querySignature {
			encoded = append(encoded, parameter{encode(p.name), encode(p.value)})
		}
	}
	slices.SortFunc(encoded, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	pairs := make([]string, len(encoded))
	for i, p := range encoded {
		pairs[i] = p.name + "=" + p.value
	}
	return strings.Join(pairs, "&")
}

// encode percent-encodes every byte but RFC 3986's unreserved ones.
func encode(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
	}
	return b.String()
}
