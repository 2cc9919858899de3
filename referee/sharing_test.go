package referee

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// One signs in, the other gets credentials: first its own, then the very ones that are cached.
func TestSignInIsShared(t *testing.T) {
	t.Parallel()
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			eachTool(t, clis(), clis(), func(t *testing.T, w *world, first tool) {
				second := other(first)
				f.signIn(w, first)
				w.calls()
				k := w.credentials(second, f.profile)
				if called := w.calls(); !maps.Equal(called, map[string]int{"GetRoleCredentials": 1}) {
					t.Errorf("%s called %v", second.name, called)
				}
				if again := w.credentials(first, f.profile); again != k {
					t.Errorf("%s does not use the credentials that %s has cached", first.name, second.name)
				}
				if called := w.calls(); len(called) != 0 {
					t.Errorf("%s called %v", first.name, called)
				}

				// Signing in again takes the other's registration, and all files keep their names.
				files := w.files()
				tok := w.token(f.tokenKey(w))
				f.signIn(w, second)
				if called := w.calls(); called["RegisterClient"] != 0 || called["CreateToken:"+f.grant] < 1 {
					t.Errorf("to sign in %s called %v", second.name, called)
				}
				if now := w.token(f.tokenKey(w)); now.ClientID != tok.ClientID || now.AccessToken == tok.AccessToken {
					t.Errorf("the token is the client's %s, was %s's; new: %t", now.ClientID, tok.ClientID, now.AccessToken != tok.AccessToken)
				}
				w.credentials(second, f.profile)
				if now := w.files(); len(files) != 3 || !slices.Equal(now, files) {
					t.Errorf("files were %q, are %q", files, now)
				}
			})
		})
	}
}

func other(cli tool) tool {
	all := clis()
	return all[slices.IndexFunc(all, func(t tool) bool { return t.name != cli.name })]
}

// Both write the same files: names, modes, members in order, and every value that is not made up anew.
func TestFilesAreTheSame(t *testing.T) {
	t.Parallel()
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			needs(t, awsCLI)
			c := newCenter(t)
			var shapes []map[string]string
			for _, cli := range clis() {
				w := newHome(t, c)
				f.signIn(w, cli)
				w.credentials(cli, f.profile)
				shapes = append(shapes, w.shapes())
			}
			if len(shapes[0]) != 3 || !maps.Equal(shapes[0], shapes[1]) {
				t.Errorf("keyfob writes\n%s\nthe AWS CLI\n%s", lines(shapes[0]), lines(shapes[1]))
			}
		})
	}
}

// Since 2.24 or so the AWS CLI also writes the account's id, and so does keyfob.
var sinceThen = regexp.MustCompile(`, "AccountId": "\d{12}"`)

var madeUp = regexp.MustCompile(`("(?:clientId|clientSecret|accessToken|refreshToken|AccessKeyId|SecretAccessKey|SessionToken)": )"[^"]+"|\d\d:\d\d:\d\dZ`)

// shapes returns the cached files with everything blanked out that differs from one time to the next.
func (w *world) shapes() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for _, f := range w.files() {
		b, err := os.ReadFile(w.path(f))
		must(w.t, err)
		st, err := os.Stat(w.path(f))
		must(w.t, err)
		if !json.Valid(b) {
			w.t.Errorf("%s is not JSON", f)
		}
		all[f] = st.Mode().String() + " " + madeUp.ReplaceAllString(sinceThen.ReplaceAllString(string(b), ""), "$1…")
	}
	return all
}

func lines(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "  %s %s\n", k, m[k])
	}
	return b.String()
}

// The refresh token goes from hand to hand.
func TestRefreshIsShared(t *testing.T) {
	t.Parallel()
	eachTool(t, clis(), clis(), func(t *testing.T, w *world, first tool) {
		w.login(first, "--profile", "dev")
		w.calls()
		for _, next := range []tool{other(first), first, other(first)} {
			w.refreshes(next)
		}
	})
}
