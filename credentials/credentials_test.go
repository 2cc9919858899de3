package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/credentials"
)

// service is an OIDC service and a portal that count what they are asked. Refresh tokens work once.
type service struct {
	*httptest.Server
	refreshes, fetches atomic.Int32
	slow               time.Duration
}

func newService(t *testing.T) *service {
	s := &service{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		if s.refreshes.Add(1) > 1 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
			return
		}
		_, _ = w.Write([]byte(`{"accessToken":"new","refreshToken":"next","tokenType":"Bearer","expiresIn":3600}`))
	})
	mux.HandleFunc("GET /federation/credentials", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(s.slow):
		case <-r.Context().Done():
			return
		}
		_, _ = fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"ASIA%d","secretAccessKey":"secret","sessionToken":"session","expiration":%d}}`,
			s.fetches.Add(1), time.Now().Add(time.Hour).UnixMilli())
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// home is a home folder with the profile dev. The token of its session expires when told to, or is not there.
func (s *service) home(t *testing.T, expires time.Time) string {
	t.Helper()
	dir := t.TempDir()
	config := "[profile dev]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = ReadOnly\nregion = eu-west-1\nservices = here\n" +
		"[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n" +
		"[services here]\nsso =\n  endpoint_url = " + s.URL + "\nsso_oidc =\n  endpoint_url = " + s.URL + "\n" +
		"[profile keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = secret\n"
	write(t, filepath.Join(dir, ".aws", "config"), config)
	if !expires.IsZero() {
		write(t, filepath.Join(dir, ".aws", "sso", "cache", "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), fmt.Sprintf(
			`{"startUrl":"https://corp.awsapps.com/start","region":"eu-west-1","accessToken":"old","expiresAt":%q,"refreshToken":"first",`+
				`"clientId":"c","clientSecret":"s","registrationExpiresAt":%q}`,
			expires.UTC().Format(time.RFC3339), time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)))
	}
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func provider(t *testing.T, home, profile string) *credentials.Provider {
	t.Helper()
	p, err := credentials.New(profile, func(o *credentials.Options) {
		o.Home, o.LookupEnv = home, func(string) (string, bool) { return "", false }
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Any number of goroutines and providers: one refresh of a token that works once, one call for credentials,
// all succeed; and the next program finds them.
func TestManyAskOnce(t *testing.T) {
	s := newService(t)
	home := s.home(t, time.Now().Add(-time.Minute))
	both := []*credentials.Provider{provider(t, home, "dev"), provider(t, home, "dev")}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			c, err := both[i%2].Retrieve(t.Context())
			if err != nil || c.AccessKeyID != "ASIA1" || c.SessionToken != "session" || c.AccountID != "000000000042" ||
				c.Source != credentials.Source || !c.CanExpire || time.Until(c.Expires) < 50*time.Minute {
				t.Errorf("%+v, %v", c.AccessKeyID, err)
			}
		})
	}
	wg.Wait()
	if r, f := s.refreshes.Load(), s.fetches.Load(); r != 1 || f != 1 {
		t.Errorf("%d refreshes, %d calls", r, f)
	}
	files, err := filepath.Glob(filepath.Join(home, ".aws", "cli", "cache", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("cached in %q, %v", files, err)
	}
	if b, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(b), `"ProviderType": "sso"`) || !strings.Contains(string(b), "ASIA1") {
		t.Errorf("cached as %s, %v", b, err)
	}
}

func TestSignInRequired(t *testing.T) {
	s := newService(t)
	_, err := provider(t, s.home(t, time.Time{}), "dev").Retrieve(t.Context())
	required := new(credentials.SignInRequiredError)
	if !errors.As(err, &required) || required.Profile != "dev" || required.Command != "keyfob sso login --sso-session corp" {
		t.Errorf("%v", err)
	}
	if n := s.fetches.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestKeysAndRegion(t *testing.T) {
	home := newService(t).home(t, time.Time{})
	p := provider(t, home, "keys")
	c, err := p.Retrieve(t.Context())
	if err != nil || c.AccessKeyID != "AKIAKEYS" || c.CanExpire || p.Region() != "" || p.Profile() != "keys" {
		t.Errorf("%v, %v, region %q of %q", c.AccessKeyID, err, p.Region(), p.Profile())
	}
	if p := provider(t, home, "dev"); p.Region() != "eu-west-1" {
		t.Errorf("region %q", p.Region())
	}
	if _, err := credentials.New("nope", func(o *credentials.Options) { o.Home = home }); err == nil {
		t.Error("a profile that there is not")
	}
}

// What is set to its zero value is as if nobody had set it.
func TestZeroOptions(t *testing.T) {
	s := newService(t)
	t.Setenv("AWS_PROFILE", "keys")
	p, err := credentials.New("", func(o *credentials.Options) {
		*o = credentials.Options{Home: s.home(t, time.Time{})}
	})
	if err != nil || p.Profile() != "keys" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Who gives up does not wait.
func TestGivenUp(t *testing.T) {
	s := newService(t)
	s.slow = time.Minute
	p := provider(t, s.home(t, time.Now().Add(time.Hour)), "dev")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := p.Retrieve(ctx); err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
}
