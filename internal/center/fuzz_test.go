package center_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"keyfob/internal/wire"
)

// Whatever comes in at whatever door, a center answers, and never that it broke: with what it says of all
// answers in the head, with nothing of what came in it that could end a line, and in time.
func FuzzRequest(f *testing.F) {
	for _, c := range calls() {
		for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded"} {
			f.Add(c[0], c[1], contentType, "Bearer x", "x", "keyfob-session=x; keyfob-visit=x.y", []byte(c[2]))
		}
	}
	const signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	f.Add("POST", "/", "application/x-www-form-urlencoded", signed, "", "", []byte("Action=AssumeRole&RoleArn=arn:aws:iam::111111111111:role/x&RoleSessionName=x"))
	f.Add("GET", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Date=x&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0", "", "", "", "", []byte{})
	f.Add("POST", "/sign-in", "application/x-www-form-urlencoded", "", "", "keyfob-visit=\x01", []byte("username=ada&password=\xff&csrf=%00&return=AAAA"))
	f.Add("POST", "/device", "multipart/form-data; boundary=x", "", "", "", []byte("--x\r\nContent-Disposition: form-data; name=\"user_code\"\r\n\r\nBCDF\r\n--x--"))
	f.Add("GET", wire.PathAuthorize+"?response_type=code&client_id=%f0%9f&redirect_uri=http://127.0.0.1:1/&code_challenge=x&scopes=a%0ab", "", "", "", "", []byte{})
	g := newRig(f, nil)
	f.Fuzz(func(t *testing.T, method, target, contentType, authorization, bearer, cookie string, body []byte) {
		to, err := url.ParseRequestURI("https://center.example.com" + target)
		if err != nil || method == "" || strings.ContainsFunc(method, func(r rune) bool { return r > 'z' || !unicode.IsLetter(r) }) || to.Host != "center.example.com" {
			return // net/http does not let it in
		}
		r := httptest.NewRequest(http.MethodGet, "https://center.example.com/", bytes.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, to, to.RequestURI()
		for name, value := range map[string]string{
			"Content-Type": contentType, "Authorization": authorization, "x-amz-sso_bearer_token": bearer, "Cookie": cookie,
			"X-Forwarded-For": cookie, "User-Agent": authorization, "Accept-Language": contentType, "Origin": bearer,
		} {
			if value != "" && !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				r.Header.Set(name, value)
			}
		}
		g.log.Reset()
		w := httptest.NewRecorder()
		g.center.ServeHTTP(w, r)
		a := w.Result()
		if a.StatusCode >= 500 && a.StatusCode != http.StatusNotImplemented || strings.Contains(g.log.String(), `"msg":"panic"`) {
			t.Fatalf("%s %s is answered %d %s\n%s", method, target, a.StatusCode, w.Body, g.log)
		}
		if a.Header.Get(wire.HeaderRequestID) == "" {
			t.Error("the answer has no request id")
		}
		for name, values := range a.Header {
			if v := strings.Join(values, ""); strings.ContainsAny(v, "\r\n\x00") {
				t.Errorf("%s is %q", name, v)
			}
		}
		if to := a.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://") && !strings.HasPrefix(to, "https://center.example.com/") &&
			!strings.HasPrefix(to, "https://console.aws.amazon.com/") && !strings.HasPrefix(to, "https://example.awsapps.com/") {
			t.Errorf("a stranger is sent to %s", to)
		}
	})
}
