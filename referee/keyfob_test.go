package referee

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// However many processes find the token too old, one of them refreshes it.
func TestRefreshOnceAmongProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(keyfob, "--profile", "dev")
	w.expire("example")
	w.calls()
	var wg sync.WaitGroup
	failed := make([]result, 10)
	for i := range failed {
		profile := []string{"dev", "look"}[i%2]
		wg.Go(func() { failed[i] = w.run(keyfob, "configure", "export-credentials", "--profile", profile) })
	}
	wg.Wait()
	for _, r := range failed {
		if r.code != 0 {
			t.Errorf("%d %s", r.code, r.stderr)
		}
	}
	if called := w.calls(); called["CreateToken:refresh_token"] != 1 {
		t.Errorf("called %v", called)
	}
}

func TestDisabledUser(t *testing.T) {
	t.Parallel()
	eachTool(t, clis(), nil, func(t *testing.T, w *world, cli tool) {
		w.login(keyfob, "--profile", "dev")
		w.credentials(cli, "look")
		tok := w.token("example").AccessToken
		w.admin("user", "disable", "ada")
		if r := w.fails(cli, "sso", "list-accounts", "--access-token", tok, "--profile", "dev"); r.code != 254 || !strings.Contains(r.stderr, "UnauthorizedException") {
			t.Errorf("%d %s", r.code, r.stderr)
		}
		if r := w.fails(cli, "configure", "export-credentials", "--profile", "dev"); r.code != 255 || !strings.Contains(r.stderr, "has expired or is otherwise invalid") {
			t.Errorf("%d %s", r.code, r.stderr)
		}
		// Nor is there a way back with the refresh token.
		w.expire("example")
		if r := w.fails(cli, "configure", "export-credentials", "--profile", "dev"); r.code != 255 || !strings.Contains(r.stderr, "Token has expired and refresh failed") {
			t.Errorf("%d %s", r.code, r.stderr)
		}
		// A person who is enabled again signs in again.
		w.admin("user", "enable", "ada")
		w.fails(cli, "sso", "list-accounts", "--access-token", tok, "--profile", "dev")
		w.login(keyfob, "--profile", "dev")
		w.credentials(cli, "dev")
	})
}

func TestRemovedAssignment(t *testing.T) {
	t.Parallel()
	eachTool(t, clis(), nil, func(t *testing.T, w *world, cli tool) {
		w.login(keyfob, "--profile", "dev")
		w.credentials(cli, "dev")
		w.forgetRoles()
		w.restart(func() {
			path := filepath.Join(w.dir, "center.yaml")
			b, err := os.ReadFile(path)
			must(t, err)
			before := string(b)
			after := strings.Replace(before, "  - account: \"111111111111\"\n    permission_set: AdministratorAccess\n    users: [ada]\n", "", 1)
			if after == before {
				t.Fatal("the example no longer has that assignment")
			}
			must(t, os.WriteFile(path, []byte(after), 0o600))
		})
		if r := w.fails(cli, "configure", "export-credentials", "--profile", "dev"); r.code != 254 || !strings.Contains(r.stderr, "ForbiddenException") {
			t.Errorf("%d %s", r.code, r.stderr)
		}
		w.credentials(cli, "look") // the token is as good as before
		roles := w.ok(cli, "sso", "list-account-roles", "--access-token", w.token("example").AccessToken, "--account-id", "111111111111", "--profile", "dev")
		if strings.Contains(roles, "AdministratorAccess") || !strings.Contains(roles, "ReadOnlyAccess") {
			t.Errorf("roles: %s", roles)
		}
	})
}

// A registration lasts for 90 days, a center's database perhaps not. The AWS CLI of this version fails
// until somebody removes the file.
func TestStaleRegistration(t *testing.T) {
	t.Parallel()
	for _, f := range forms() {
		if f.grant != deviceGrant {
			continue // the browser shows the error, and keyfob cannot know
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.signIn(w, keyfob)
			w.restart(func() {
				found, err := filepath.Glob(filepath.Join(w.dir, "center.db*"))
				must(t, err)
				if len(found) == 0 {
					t.Fatal("there is no database")
				}
				for _, path := range found {
					must(t, os.Remove(path))
				}
			})
			w.fails(keyfob, "sso", "list-accounts", "--profile", f.profile)
			f.signIn(w, keyfob)
			if called := w.calls(); called["RegisterClient"] != 1 {
				t.Errorf("called %v", called)
			}
			w.identifies(keyfob, f.profile, f.account, f.role)
		})
	}
}
