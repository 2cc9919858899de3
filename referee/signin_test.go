package referee

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
)

// form is a way to sign in.
type form struct {
	name          string
	profile       string
	args          []string
	key           string // what the token file is named after; "" for the center's start URL
	account, role string
	grant         string
	refreshable   bool
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func forms() []form {
	return []form{
		{"code", "dev", nil, "example", "111111111111", "AdministratorAccess", "authorization_code", true},
		{"device", "dev", []string{"--use-device-code"}, "example", "111111111111", "AdministratorAccess", deviceGrant, true},
		{"legacy", "legacy", nil, "", "000000000042", "ReadOnlyAccess", deviceGrant, false},
		{"start URL of AWS's form", "shaped", nil, "shaped", "111111111111", "ReadOnlyAccess", "authorization_code", true},
	}
}

func (f form) signIn(w *world, tool tool) string {
	w.t.Helper()
	return w.login(tool, append([]string{"--profile", f.profile}, f.args...)...)
}

func (f form) tokenKey(w *world) string {
	if f.key == "" {
		return w.StartURL
	}
	return f.key
}

// eachTool runs a test for several tools, each in a world of its own.
func eachTool(t *testing.T, tools []tool, also []tool, test func(t *testing.T, w *world, tool tool)) {
	for _, tl := range tools {
		t.Run(tl.name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, append([]tool{tl}, also...)...), tl)
		})
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			eachTool(t, clis(), nil, func(t *testing.T, w *world, cli tool) {
				startURL := w.StartURL
				if f.key == "shaped" {
					startURL = awsStartURL
				}
				if said := f.signIn(w, cli); !strings.Contains(said, "Successfully logged into Start URL: "+startURL+"\n") {
					t.Errorf("does not say so:\n%s", said)
				}
				called := w.calls()
				if called["RegisterClient"] != 1 || called["CreateToken:"+f.grant] < 1 || called["CreateToken:refresh_token"] != 0 {
					t.Errorf("called %v", called)
				}
				tok := w.token(f.tokenKey(w))
				if tok.StartURL != startURL || tok.Region != "us-east-1" || (tok.RefreshToken != "") != f.refreshable {
					t.Errorf("token of %q in %q, refreshable: %t", tok.StartURL, tok.Region, tok.RefreshToken != "")
				}
				w.credentials(cli, f.profile)
				w.identifies(cli, f.profile, f.account, f.role)
				if called := w.calls(); called["GetRoleCredentials"] != 1 || called["GetCallerIdentity"] != 1 || len(called) != 2 {
					t.Errorf("afterwards called %v", called)
				}
			})
		})
	}
}

func TestListAccountsAndRoles(t *testing.T) {
	t.Parallel()
	eachTool(t, clis(), nil, func(t *testing.T, w *world, cli tool) {
		w.login(keyfob, "--profile", "dev")
		call := func(command string, more ...string) string {
			return w.ok(cli, append([]string{"sso", command, "--access-token", w.token("example").AccessToken, "--profile", "dev"}, more...)...)
		}
		var accounts struct {
			AccountList []struct{ AccountID, AccountName, EmailAddress string }
		}
		w.decode(call("list-accounts"), &accounts)
		if a := accounts.AccountList; len(a) != 2 || a[0].AccountID != "000000000042" || a[1].AccountName != "Production" || a[1].EmailAddress != "production@example.com" {
			t.Errorf("accounts %+v", a)
		}
		var roles struct {
			RoleList []struct{ RoleName, AccountID string }
		}
		w.decode(call("list-account-roles", "--account-id", "000000000042"), &roles)
		if r := roles.RoleList; len(r) != 2 || r[0].RoleName != "AdministratorAccess" || r[1].RoleName != "ReadOnlyAccess" || r[0].AccountID != "000000000042" {
			t.Errorf("roles %+v", r)
		}
		var got struct{ RoleCredentials keys }
		w.decode(call("get-role-credentials", "--account-id", "111111111111", "--role-name", "ReadOnlyAccess"), &got)
		if got.RoleCredentials.SessionToken == "" {
			t.Error("no credentials")
		}
	})
}

// Each refresh uses the refresh token up, so a second one works only with what the first has saved.
func TestRefresh(t *testing.T) {
	t.Parallel()
	for _, f := range forms()[:2] {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			eachTool(t, clis(), nil, func(t *testing.T, w *world, cli tool) {
				f.signIn(w, cli)
				w.calls()
				for range 2 {
					w.refreshes(cli)
				}
			})
		})
	}
}

// refreshes expires the token and lets a tool get credentials all the same.
func (w *world) refreshes(tool tool) {
	w.t.Helper()
	before := w.token("example")
	w.expire("example")
	w.credentials(tool, "dev")
	after := w.token("example")
	if after.AccessToken == before.AccessToken || after.RefreshToken == before.RefreshToken || after.RefreshToken == "" {
		w.t.Errorf("%s has not refreshed the token, or lost the new refresh token", tool.name)
	}
	if after.ExpiresAt <= before.ExpiresAt[:10] || after.ClientID != before.ClientID || after.ClientSecret != before.ClientSecret || after.StartURL != before.StartURL {
		w.t.Errorf("%s has saved a token until %s for the client %s", tool.name, after.ExpiresAt, after.ClientID)
	}
	want := map[string]int{"CreateToken:refresh_token": 1, "GetRoleCredentials": 1}
	if called := w.calls(); !maps.Equal(called, want) {
		w.t.Errorf("%s called %v", tool.name, called)
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	eachTool(t, clis(), []tool{awsCLI}, func(t *testing.T, w *world, cli tool) {
		first := other(cli) // each ends what the other has begun
		w.login(first, "--profile", "dev")
		w.login(first, "--profile", "legacy")
		w.credentials(first, "dev")
		w.ok(keyfob, "process", "--profile", "dev")
		if all := w.everyFile(); len(all) == len(w.files()) {
			t.Errorf("keyfob keeps no answer of its own: %q", all)
		}
		session := w.token("example")
		tokens := []string{session.AccessToken, w.token(w.StartURL).AccessToken}
		w.calls()
		// The AWS CLI signs out of everything in any case, but takes the endpoint from a profile.
		signOut := map[string][]string{keyfob.name: {"sso", "logout"}, awsCLI.name: {"sso", "logout", "--profile", "dev"}}
		w.ok(cli, signOut[cli.name]...)
		if called := w.calls(); called["Logout"] != 2 || len(called) != 1 {
			t.Errorf("called %v", called)
		}
		for _, path := range []string{w.tokenPath("example"), w.tokenPath(w.StartURL)} {
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("the token file is still there: %v", err)
			}
		}
		for _, f := range w.everyFile() {
			if strings.HasPrefix(f, "cli/cache/") {
				t.Errorf("role credentials are still there: %s", f)
			}
		}
		refresh, err := json.Marshal(fields{
			"grantType": "refresh_token", "clientId": session.ClientID, "clientSecret": session.ClientSecret, "refreshToken": session.RefreshToken,
		})
		must(t, err)
		if said := w.ok(goSDK, "call", "dev", "CreateToken", string(refresh)); !strings.Contains(said, "InvalidGrantException") {
			t.Errorf("the old refresh token gets %s", said)
		}
		for _, after := range clis() {
			for _, tok := range tokens {
				if r := w.fails(after, "sso", "list-accounts", "--access-token", tok, "--profile", "dev"); r.code != 254 || !strings.Contains(r.stderr, "UnauthorizedException") {
					t.Errorf("%s with the old token: %d %s", after.name, r.code, r.stderr)
				}
			}
			if r := w.fails(after, "configure", "export-credentials", "--profile", "dev"); r.code != 255 || !strings.Contains(r.stderr, "Token for example does not exist") {
				t.Errorf("%s afterwards: %d %s", after.name, r.code, r.stderr)
			}
		}
	})
}
