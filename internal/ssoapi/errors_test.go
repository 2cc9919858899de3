package ssoapi

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/wire"
)

func TestDecodeError(t *testing.T) {
	const header = wire.HeaderErrorType
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		want   wire.ServiceError
	}{
		{
			"by header", 401,
			http.Header{http.CanonicalHeaderKey(header): {"UnauthorizedException"}, "X-Amzn-Requestid": {"id-1"}},
			`{"message":"Session token not found or invalid"}`,
			wire.ServiceError{Status: 401, Code: wire.CodeUnauthorized, Message: "Session token not found or invalid", RequestID: "id-1"},
		},
		{
			"by header with a namespace", 400,
			http.Header{http.CanonicalHeaderKey(header): {"com.amazonaws.ssooidc#InvalidGrantException:http://internal.amazon.com/"}},
			`{}`,
			wire.ServiceError{Status: 400, Code: wire.CodeInvalidGrant},
		},
		{
			"the header counts more than the body", 400,
			http.Header{http.CanonicalHeaderKey(header): {"SlowDownException"}},
			`{"__type":"Other","error":"invalid_grant"}`,
			wire.ServiceError{Status: 400, Code: wire.CodeSlowDown},
		},
		{
			"by __type", 400, nil, `{"__type":"com.amazonaws.sso#InvalidRequestException","message":"no"}`,
			wire.ServiceError{Status: 400, Code: wire.CodeInvalidRequest, Message: "no"},
		},
		{"by code", 400, nil, `{"code":"InvalidRequestException","Message":"no"}`, wire.ServiceError{Status: 400, Code: wire.CodeInvalidRequest, Message: "no"}},
		{"by Code", 400, nil, `{"Code":"InvalidRequestException","errorMessage":"no"}`, wire.ServiceError{Status: 400, Code: wire.CodeInvalidRequest, Message: "no"}},
		{
			"by OAuth's error alone", 400, nil, `{"error":"authorization_pending","error_description":"wait"}`,
			wire.ServiceError{Status: 400, Code: wire.CodeAuthorizationPending, Message: "wait"},
		},
		{"an unknown OAuth error", 400, nil, `{"error":"teapot","error_description":"short and stout"}`, wire.ServiceError{Status: 400, Message: "short and stout"}},
		{
			"a reason", 400, nil, `{"__type":"InvalidRequestException","error_description":"no","reason":"KMS_KeyNotFoundException"}`,
			wire.ServiceError{Status: 400, Code: wire.CodeInvalidRequest, Message: "no", Reason: "KMS_KeyNotFoundException"},
		},
		{
			"a member of a wrong type hides nothing", 400, nil, `{"__type":42,"code":["x"],"error":"invalid_grant","message":{"a":1},"error_description":"gone"}`,
			wire.ServiceError{Status: 400, Code: wire.CodeInvalidGrant, Message: "gone"},
		},
		{
			"STS", 403, nil, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
			wire.ServiceError{Status: 403, Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid."},
		},
		{"HTML of a proxy", 403, nil, `<!doctype html><h1>Blocked</h1>`, wire.ServiceError{Status: 403, Message: "Forbidden"}},
		{"nothing", 502, nil, ``, wire.ServiceError{Status: 502, Message: "Bad Gateway"}},
		{"cut off", 400, nil, `{"__type":"Invalid`, wire.ServiceError{Status: 400, Message: "Bad Request"}},
		{"an array", 400, nil, `["x"]`, wire.ServiceError{Status: 400, Message: "Bad Request"}},
		{
			"what a terminal would obey", 400,
			http.Header{"X-Amzn-Requestid": {"id\x1b[2J\r\n" + strings.Repeat("x", 99)}},
			`{"__type":"Invalid\u001b[31mRequest","message":"\u001b]0;title\u0007 \u202egnp.exe \r\nnext\u0000 line\u009b31m","reason":"\u001bc"}`,
			wire.ServiceError{Status: 400, Code: "Invalid [31mRequest", Message: "]0;title   gnp.exe   next  line 31m", Reason: "c", RequestID: "id [2J  " + strings.Repeat("x", 56)},
		},
		{"an essay", 400, nil, `{"message":"` + strings.Repeat("ä", 600) + `"}`, wire.ServiceError{Status: 400, Message: strings.Repeat("ä", 500) + "…"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Operation, c.want.Attempts = "Op", 1
			got := decodeError("Op", &http.Response{StatusCode: c.status, Header: c.header}, []byte(c.body))
			if d := cmp.Diff(c.want, *got); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzDecodeError(f *testing.F) {
	for _, s := range []string{
		`{"__type":"com.amazonaws.sso#InvalidRequestException","message":"no"}`, `{"error":"slow_down"}`, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>X</Code></Error></ErrorResponse>`,
		"\x1b[2J", `{"message":"\u202e\ud800"}`, "",
	} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, typ, id, body string) {
		e := decodeError("Op", &http.Response{StatusCode: 400, Header: http.Header{http.CanonicalHeaderKey(wire.HeaderErrorType): {typ}, "X-Amzn-Requestid": {id}}}, []byte(body))
		for _, shown := range []string{string(e.Code), e.Message, e.Reason, e.RequestID, e.Error()} {
			if strings.ContainsFunc(shown, unicode.IsControl) || !utf8.ValidString(shown) || len(shown) > 8000 {
				t.Errorf("%q may be shown", shown)
			}
		}
		if e.Code == "" && e.Message == "" {
			t.Errorf("nothing is said of %q %q", typ, body)
		}
	})
}
