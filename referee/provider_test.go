package referee

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keyfob/credentials"
)

// provider is one of the Go package's, as another program would have it.
func (w *world) provider(profile string) *credentials.Provider {
	w.t.Helper()
	p, err := credentials.New(profile, func(o *credentials.Options) {
		o.Home, o.LookupEnv = w.home, func(string) (string, bool) { return "", false }
	})
	must(w.t, err)
	return p
}

// A client of the SDK's gets its credentials from the Go package, and leaves them to keyfob.
func TestGoProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	provider := w.provider("look")
	client := sts.NewFromConfig(aws.Config{Region: provider.Region(), Credentials: provider, BaseEndpoint: aws.String(w.URL)})
	_, err := client.GetCallerIdentity(t.Context(), nil)
	required := new(credentials.SignInRequiredError)
	if !errors.As(err, &required) || required.Command != "keyfob sso login --sso-session example" {
		t.Fatalf("not signed in: %v", err)
	}

	w.login(keyfob, "--profile", "look")
	w.calls()
	for range 2 {
		who, err := client.GetCallerIdentity(t.Context(), nil)
		must(t, err)
		if aws.ToString(who.Account) != "000000000042" || !strings.Contains(aws.ToString(who.Arn), "_ReadOnlyAccess_") {
			t.Errorf("%s in %s", aws.ToString(who.Arn), aws.ToString(who.Account))
		}
	}
	w.identifies(keyfob, "look", "000000000042", "ReadOnlyAccess")
	if called := w.calls(); !maps.Equal(called, map[string]int{"GetRoleCredentials": 1, "GetCallerIdentity": 3}) {
		t.Errorf("called %v", called)
	}
}

// The Go package in many programs, and keyfob among them, all find the same token expired: one refreshes it.
func TestGoProviderAndKeyfobRefreshOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(keyfob, "--profile", "look")
	w.expire("example")
	before := w.token("example")
	w.calls()
	got, errs := make([]aws.Credentials, 32), make([]error, 32)
	var all sync.WaitGroup
	for i := range got {
		p := w.provider("look")
		all.Go(func() { got[i], errs[i] = p.Retrieve(t.Context()) })
	}
	printed := w.ok(keyfob, "configure", "export-credentials", "--profile", "look")
	all.Wait()
	must(t, errors.Join(errs...))
	for _, c := range got {
		if c != got[0] || !strings.Contains(printed, c.AccessKeyID) {
			t.Fatal("not all got the same credentials")
		}
	}
	if called := w.calls(); !maps.Equal(called, map[string]int{"CreateToken:refresh_token": 1, "GetRoleCredentials": 1}) {
		t.Errorf("called %v", called)
	}
	if after := w.token("example"); after.RefreshToken == before.RefreshToken || after.RefreshToken == "" {
		t.Error("the new refresh token was not kept")
	}
}
