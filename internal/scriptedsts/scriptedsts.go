// Package scriptedsts is an STS that assumes any role for anybody and says who wanted what: tests see
// there what a chain of roles asks for, whatever a real service would say to it. It also answers as the
// service of a container and as that of an instance.
//
// Tests alone use it. It checks no signature; keyfob-center's STS does.
package scriptedsts

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Service is the STS. A role whose name is "denied" is denied; the n-th answer has the access key id
// "ASIAn". It is safe for concurrent use.
type Service struct {
	Clock clock.Clock

	mu    sync.Mutex
	calls []string
}

// Calls returns a line for each call of STS so far: "AssumeRole by AKIA in us-east-1 RoleArn=…". Session
// names that clients make up are DEFAULT.
func (s *Service) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// Handler serves STS at /, a container at /container with the token "tok", and an instance.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", s.sts)
	mux.HandleFunc("GET /container", metadata("Authorization", "tok", "ASIACONTAINER"))
	mux.HandleFunc("PUT /latest/api/token", text("imds"))
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/{$}", text("web"))
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/web", metadata("X-aws-ec2-metadata-token", "imds", "ASIAINSTANCE"))
	return mux
}

func (s *Service) sts(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.PostForm.Get("Version") != wire.STSVersion {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	line := r.PostForm.Get("Action")
	if m := regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=(\w+)/\d+/([a-z0-9-]+)/sts/aws4_request, `).FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		line += " by " + m[1] + " in " + m[2]
	}
	for _, name := range []string{
		wire.ParamRoleARN, wire.ParamRoleSessionName, wire.ParamDurationSeconds, wire.ParamExternalID, wire.ParamSerialNumber, wire.ParamTokenCode, wire.ParamWebIdentityToken,
	} {
		if v := r.PostForm.Get(name); v != "" {
			line += " " + name + "=" + regexp.MustCompile(`^botocore-session-\d+$`).ReplaceAllString(v, "DEFAULT")
		}
	}
	s.mu.Lock()
	s.calls = append(s.calls, line)
	n := len(s.calls)
	s.mu.Unlock()

	if strings.HasSuffix(r.PostForm.Get(wire.ParamRoleARN), "/denied") {
		w.WriteHeader(http.StatusForbidden)
		_ = xml.NewEncoder(w).Encode(wire.STSErrorResponse{Error: wire.STSErrorDetail{Type: "Sender", Code: "AccessDenied", Message: "not you"}})
		return
	}
	keys := wire.STSCredentials{
		AccessKeyID: fmt.Sprintf("ASIA%d", n), SecretAccessKey: "secret", SessionToken: "token", Expiration: s.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second),
	}
	user := wire.AssumedRoleUser{AssumedRoleID: "AROA:x", ARN: "arn:aws:sts::111122223333:assumed-role/x/x"}
	var answer any = wire.AssumeRoleResponse{Result: wire.AssumeRoleResult{Credentials: keys, AssumedRoleUser: user}}
	if r.PostForm.Get("Action") == wire.ActionAssumeRoleWithWebIdentity {
		answer = wire.AssumeRoleWithWebIdentityResponse{Result: wire.AssumeRoleWithWebIdentityResult{Credentials: keys, AssumedRoleUser: user}}
	}
	_ = xml.NewEncoder(w).Encode(answer)
}

func text(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }
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
