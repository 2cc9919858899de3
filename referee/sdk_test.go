package referee

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// keyfob signs in; an SDK needs nothing else.
func TestSDKUsesSignIn(t *testing.T) {
	t.Parallel()
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.signIn(w, keyfob)
			for _, sdk := range sdks() {
				t.Run(sdk.name, func(t *testing.T) {
					needs(t, sdk)
					w := &world{w.center.in(t), w.home}
					w.calls()
					w.identifies(sdk, f.profile, f.account, f.role)
					if called := w.calls(); !maps.Equal(called, map[string]int{"GetRoleCredentials": 1, "GetCallerIdentity": 1}) {
						t.Errorf("called %v", called)
					}
				})
			}
		})
	}
}

// Keyfob and an SDK take turns: each goes on from the refresh token that the other has left.
func TestSDKRefreshes(t *testing.T) {
	t.Parallel()
	eachTool(t, sdks(), nil, func(t *testing.T, w *world, sdk tool) {
		w.login(keyfob, "--profile", "dev")
		w.calls()
		for _, next := range []tool{sdk, keyfob, sdk} {
			w.refreshes(next)
		}
		w.ok(keyfob, "sso", "logout")
		w.fails(sdk, "credentials", "dev")
	})
}

func TestSDKListsAccounts(t *testing.T) {
	t.Parallel()
	eachTool(t, sdks(), nil, func(t *testing.T, w *world, sdk tool) {
		w.login(keyfob, "--profile", "dev")
		w.calls()
		var pages [][]string
		w.decode(w.ok(sdk, "accounts", "dev"), &pages)
		if !slices.EqualFunc(pages, [][]string{{"000000000042"}, {"111111111111"}}, slices.Equal) {
			t.Errorf("pages %q", pages)
		}
		if called := w.calls(); called["ListAccounts"] != 2 {
			t.Errorf("called %v", called)
		}
	})
}

// Presigned URLs of GetCallerIdentity are how Vault and Kubernetes let AWS identities in.
func TestPresigned(t *testing.T) {
	t.Parallel()
	eachTool(t, []tool{boto3, goSDK}, nil, func(t *testing.T, w *world, sdk tool) {
		w.login(keyfob, "--profile", "dev")
		var signed string
		w.decode(w.ok(sdk, "presign", "dev"), &signed)
		for url, want := range map[string]string{
			signed: ":assumed-role/AWSReservedSSO_AdministratorAccess_",
			strings.Replace(signed, "Version=2011-06-15", "Version=2011-06-15&X=1", 1): "SignatureDoesNotMatch",
			strings.Replace(signed, "Version=2011-06-15", "Version=2011-06-16", 1):     "SignatureDoesNotMatch",
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			must(t, err)
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			body, err := io.ReadAll(resp.Body)
			must(t, err)
			must(t, resp.Body.Close())
			if !strings.Contains(string(body), want) || (resp.StatusCode == 200) != (url == signed) {
				t.Errorf("%s: %s: %s", url, resp.Status, body)
			}
		}
	})
}
