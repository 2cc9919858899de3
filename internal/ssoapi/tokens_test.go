package ssoapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/scriptedaws"
	"keyfob/internal/wire"
)

// aws is a client, the services it calls, and keys that they know.
func aws(t *testing.T) (rig, *scriptedaws.Service, string, Keys) {
	t.Helper()
	r := newRig(t)
	s := &scriptedaws.Service{Clock: r.clock, Secret: func(id string, token wire.Secret) (wire.Secret, error) {
		if id != "AKIA" || token != secretToken {
			return "", errors.New("whose keys are these")
		}
		return secretKey, nil
	}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return r, s, server.URL, Keys{"AKIA", secretKey, secretToken}
}

func TestTokensForTools(t *testing.T) {
	r, s, endpoint, keys := aws(t)
	ctx := t.Context()
	if p, err := r.ECRPassword(ctx, endpoint, "eu-west-1", keys); err != nil || p != (RegistryPassword{"AWS", wire.Secret(scriptedaws.Password("eu-west-1"))}) {
		t.Errorf("%v, %v", p, err)
	}
	if p, err := r.ECRPublicPassword(ctx, endpoint, "us-east-1", keys); err != nil || p != (RegistryPassword{"AWS", wire.Secret(scriptedaws.Password("us-east-1"))}) {
		t.Errorf("%v, %v", p, err)
	}
	want := CodeArtifactToken{"token-of-d", time.Date(2026, 3, 4, 17, 6, 7, 0, time.UTC)}
	if got, err := r.CodeArtifactToken(ctx, endpoint, "eu-west-1", keys, CodeArtifactTokenRequest{Domain: "d"}); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := r.CodeArtifactToken(ctx, endpoint, "eu-west-1", keys, CodeArtifactTokenRequest{Domain: "d", Owner: "000000000042", Seconds: "900"}); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{
		"ecr eu-west-1 AKIA POST / {}", "ecr-public us-east-1 AKIA POST / {}", "codeartifact eu-west-1 AKIA POST /v1/authorization-token?domain=d",
		"codeartifact eu-west-1 AKIA POST /v1/authorization-token?domain=d&domain-owner=000000000042&duration=900",
	}, s.Calls()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	_, err := r.ECRPassword(ctx, endpoint, "eu-west-1", Keys{"AKIA", "wrong", secretToken})
	if e := new(wire.ServiceError); !errors.As(err, &e) || e.Code != "SignatureDoesNotMatch" {
		t.Errorf("%v", err)
	}
	_, err = r.CodeArtifactToken(ctx, endpoint, "eu-west-1", keys, CodeArtifactTokenRequest{Domain: "unknown"})
	if e := new(wire.ServiceError); !errors.As(err, &e) || e.Code != "ResourceNotFoundException" || e.Operation != "GetAuthorizationToken" {
		t.Errorf("%v", err)
	}
	r.withoutSecrets(t, err)
}

func TestTokensThatAreNone(t *testing.T) {
	keys := Keys{"AKIA", secretKey, secretToken}
	for _, body := range []string{
		"{}", "", "nobody-may-see", `{"authorizationData":[]}`, `{"authorizationData":{}}`, `{"authorizationData":[{"authorizationToken":"%%"}]}`,
		`{"authorizationData":[{"authorizationToken":"QVdT"}]}`, `{"authorizationData":[{"authorizationToken":"QVdTOg=="}]}`, `{"authorizationData":{"authorizationToken":"OnB3"}}`,
		`{"authorizationToken":1}`, `{"authorizationToken":""}`, `{"SigninToken":""}`,
	} {
		s := newScript(t, answer(200, body))
		for name, call := range map[string]func(r rig) error{
			"ecr":        func(r rig) error { _, err := r.ECRPassword(t.Context(), s.URL, "eu-west-1", keys); return err },
			"ecr-public": func(r rig) error { _, err := r.ECRPublicPassword(t.Context(), s.URL, "us-east-1", keys); return err },
			"codeartifact": func(r rig) error {
				_, err := r.CodeArtifactToken(t.Context(), s.URL, "us-east-1", keys, CodeArtifactTokenRequest{Domain: "d"})
				return err
			},
			"signin": func(r rig) error { _, err := r.SigninToken(t.Context(), s.URL, secretToken, 0); return err },
		} {
			r := newRig(t)
			err := call(r)
			if !errors.As(err, new(*MalformedError)) {
				t.Errorf("%s takes %s: %v", name, body, err)
			}
			r.withoutSecrets(t, err)
		}
	}
	// An expiry that is no time is none.
	s := newScript(t, answer(200, `{"authorizationToken":"t","expiration":1e300}`))
	if got, err := newRig(t).CodeArtifactToken(t.Context(), s.URL, "us-east-1", keys, CodeArtifactTokenRequest{Domain: "d"}); err != nil || !got.ExpiresAt.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSigninToken(t *testing.T) {
	var query string
	var form url.Values
	var signed string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		query, signed = r.URL.RequestURI(), r.Header.Get("Authorization")
		form, _ = url.ParseQuery(string(b))
		_ = json.NewEncoder(w).Encode(map[string]string{"SigninToken": "signin-token-that-nobody-may-see"})
	}))
	t.Cleanup(server.Close)
	r := newRig(t)
	got, err := r.SigninToken(t.Context(), server.URL, `{"sessionKey":"`+secretKey+`"}`, 900)
	if err != nil || !strings.HasPrefix(got.Reveal(), "signin-token") {
		t.Errorf("%s, %v", got.Reveal(), err)
	}
	want := url.Values{"Action": {"getSigninToken"}, "Session": {`{"sessionKey":"` + secretKey + `"}`}, "SessionDuration": {"900"}}
	if d := cmp.Diff(want, form); d != "" || query != "/federation" || signed != "" {
		t.Errorf("%s, signed %q (-want +got):\n%s", query, signed, d)
	}
	if _, err := r.SigninToken(t.Context(), server.URL, "s", 0); err != nil || form.Has("SessionDuration") {
		t.Errorf("%v, %v", form, err)
	}
	r.withoutSecrets(t, nil)
}
