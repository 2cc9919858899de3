// Package scriptedaws stands in for the AWS services that keyfob asks on behalf of other tools: ECR, ECR
// Public, CodeArtifact, and the console's federation endpoint. It checks signatures as the center's STS does, and that a call is what AWS's
// service model says, which is not written down anywhere else in this repository.
//
// Tests alone use it.
package scriptedaws

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"keyfob/internal/center/sts/sigv4"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Service answers at one address for all of the services, whose names clients tell by what they sign.
// Its fields are set once; it is safe for concurrent use.
type Service struct {
	Clock clock.Clock
	// Secret returns the secret key that belongs to an access key and a session token.
	Secret func(accessKeyID string, sessionToken wire.Secret) (wire.Secret, error)

	mu    sync.Mutex
	calls []string
}

// Password is the password that the registries of a region hand out.
func Password(region string) string { return "password-of-" + region + "\u00fc+/=" }

// CodeArtifactToken is the token for a domain.
func CodeArtifactToken(domain string) string { return "token-of-" + domain }

// Calls returns a line for each call that was answered: "ecr eu-west-1 AKIA POST / {}".
func (s *Service) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// operation is what a service does with a call that is signed for it.
type operation struct {
	target string // of the JSON protocol
	line   string // method and path
	answer func(r *http.Request, region string, now time.Time) any
}

func operations() map[string]operation {
	registry := func(region string) string {
		return base64.StdEncoding.EncodeToString([]byte("AWS:" + Password(region)))
	}
	return map[string]operation{
		"ecr": {"AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "POST /", func(_ *http.Request, region string, now time.Time) any {
			return map[string]any{"authorizationData": []any{map[string]any{
				"authorizationToken": registry(region), "expiresAt": float64(now.Add(12*time.Hour).UnixMilli()) / 1000,
				"proxyEndpoint": "https://000000000042.dkr.ecr." + region + ".amazonaws.com",
			}}}
		}},
		"ecr-public": {"SpencerFrontendService.GetAuthorizationToken", "POST /", func(_ *http.Request, region string, now time.Time) any {
			return map[string]any{"authorizationData": map[string]any{
				"authorizationToken": registry(region), "expiresAt": float64(now.Add(12*time.Hour).UnixMilli()) / 1000,
			}}
		}},
		"codeartifact": {"", "POST /v1/authorization-token", func(r *http.Request, _ string, now time.Time) any {
			return map[string]any{"authorizationToken": CodeArtifactToken(r.URL.Query().Get("domain")), "expiration": float64(now.Add(12*time.Hour).UnixMilli()) / 1000}
		}},
	}
}

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/federation" {
		s.federation(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var answer any
	if err == nil {
		answer, err = s.call(r, body)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if refused := new(wire.ServiceError); errors.As(err, &refused) {
		w.WriteHeader(refused.Status)
		answer = map[string]string{"__type": "com.amazonaws#" + string(refused.Code), "message": refused.Message}
	} else if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": "ValidationException", "message": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Service) call(r *http.Request, body []byte) (any, error) {
	// Credential=ID/DATE/REGION/SERVICE/aws4_request: what is claimed there is verified below.
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		return nil, &wire.ServiceError{Status: http.StatusForbidden, Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
	}
	id, region, service := parts[0], parts[2], parts[3]
	o, ok := operations()[service]
	if !ok {
		return nil, fmt.Errorf("there is no service %q", service)
	}
	v := sigv4.Verifier{Clock: s.Clock, Service: service, Region: func(string) bool { return true }}
	if err := v.Verify(r, body, s.Secret); err != nil {
		return nil, err
	}
	if got := r.Method + " " + r.URL.Path; got != o.line || r.Header.Get("X-Amz-Target") != o.target {
		return nil, fmt.Errorf("%s with target %q is not an operation of %s", got, r.Header.Get("X-Amz-Target"), service)
	}
	if o.target != "" && (r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || !json.Valid(body)) {
		return nil, fmt.Errorf("a body of %q is not the protocol's", r.Header.Get("Content-Type"))
	}
	if d := r.URL.Query().Get("domain"); service == "codeartifact" && (d == "" || d == "unknown") {
		return nil, &wire.ServiceError{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Domain not found. Domain owner and name do not match."}
	}
	s.mu.Lock()
	s.calls = append(s.calls, strings.TrimSpace(strings.Join([]string{service, region, id, r.Method, r.URL.RequestURI(), string(body)}, " ")))
	s.mu.Unlock()
	return o.answer(r, region, s.Clock.Now()), nil
}
