package keyfob_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keyfob/internal/wire"
)

var signedBy = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=(\w+)/\d+/([a-z0-9-]+)/sts/aws4_request, `)

// scriptedSTS assumes any role for anybody, and writes down who wanted what: what a chain of roles asks
// for is seen here, whatever a real service would say to it.
type scriptedSTS struct {
	mu    sync.Mutex
	log   string // path
	calls int
}

func (s *scriptedSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.ParseForm() != nil || r.PostForm.Get("Version") != wire.STSVersion {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.calls++
	line := r.PostForm.Get("Action")
	if m := signedBy.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		line += " by " + m[1] + " in " + m[2]
	}
	for _, name := range []string{"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "SerialNumber", "TokenCode", "WebIdentityToken"} {
		if v := r.PostForm.Get(name); v != "" {
			line += " " + name + "=" + regexp.MustCompile(`^botocore-session-\d+$`).ReplaceAllString(v, "DEFAULT")
		}
	}
	f, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, line)
	}
	if err != nil || f.Close() != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	arn := r.PostForm.Get("RoleArn")
	if strings.HasSuffix(arn, "/denied") {
		w.WriteHeader(http.StatusForbidden)
		_ = xml.NewEncoder(w).Encode(wire.STSErrorResponse{Error: wire.STSErrorDetail{Type: "Sender", Code: "AccessDenied", Message: "not you"}})
		return
	}
	keys := wire.STSCredentials{
		AccessKeyID: fmt.Sprintf("ASIA%d", s.calls), SecretAccessKey: "secret", SessionToken: "token", Expiration: time.Now().Add(time.Hour).UTC().Truncate(time.Second),
	}
	user := wire.AssumedRoleUser{AssumedRoleID: "AROA:x", ARN: "arn:aws:sts::111122223333:assumed-role/x/x"}
	var answer any = wire.AssumeRoleResponse{Result: wire.AssumeRoleResult{Credentials: keys, AssumedRoleUser: user}}
	if strings.HasPrefix(line, "AssumeRoleWithWebIdentity ") {
		answer = wire.AssumeRoleWithWebIdentityResponse{Result: wire.AssumeRoleWithWebIdentityResult{Credentials: keys, AssumedRoleUser: user}}
	}
	_ = xml.NewEncoder(w).Encode(answer)
}

// metadata answers with credentials when a header has the right value.
func metadata(header, value, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(header) != value {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"Code": "Success", "AccessKeyId": %q, "SecretAccessKey": "s", "Token": "t", "Expiration": "2999-01-01T00:00:00Z"}`, id)
	}
}

// cmdSTS starts an STS that does whatever it is told, as AWS_ENDPOINT_URL_STS. The file sts.log has a
// line for each call. The same address is a container's service (/container) and an instance's.
func cmdSTS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: sts")
	}
	check(ts, os.WriteFile(ts.MkAbs("sts.log"), nil, 0o600))
	mux := http.NewServeMux()
	mux.Handle("POST /", &scriptedSTS{log: ts.MkAbs("sts.log")})
	mux.HandleFunc("GET /container", metadata("Authorization", "tok", "ASIACONTAINER"))
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "imds") })
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "web") })
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/web", metadata("X-aws-ec2-metadata-token", "imds", "ASIAINSTANCE"))
	s := httptest.NewServer(mux)
	ts.Defer(s.Close)
	ts.Setenv("AWS_ENDPOINT_URL_STS", s.URL)
}
