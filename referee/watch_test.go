package referee

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// sight is what a client finds for whoever is signed in, or what is in its way.
type sight struct {
	Roles struct { // by account
		Answer map[string][]string
		Error  string
	}
	Identity struct { // of a profile's role, fetched anew
		Answer struct{ Account, Arn string }
		Error  string
	}
}

// watcher lets a client look again and again. SDKs do that in one process, which is quick, and where
// something that was true before could be remembered.
type watcher struct {
	tool tool
	look func(t *testing.T, profile string, roles bool) sight
}

// watch starts a client. The AWS CLI looks at all roles only if it is asked for them; it takes long.
func (w *world) watch(tool tool) watcher {
	w.t.Helper()
	if !tool.sdk {
		return watcher{tool, func(t *testing.T, profile string, roles bool) sight {
			return (&world{w.center.in(t), w.home}).lookByCLI(tool, profile, roles)
		}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*toolTime)
	c := tool.command(ctx, w, []string{"sees", "own"})
	var errs strings.Builder
	c.Stderr = &errs
	in, err := c.StdinPipe()
	must(w.t, err)
	out, err := c.StdoutPipe()
	must(w.t, err)
	must(w.t, c.Start())
	w.t.Cleanup(func() {
		defer cancel()
		must(w.t, in.Close())
		if err := c.Wait(); err != nil {
			w.t.Errorf("%s ended with %v: %s", tool.name, err, &errs)
		}
	})
	answers := bufio.NewReader(out)
	return watcher{tool, func(t *testing.T, profile string, _ bool) (s sight) {
		t.Helper()
		if _, err := io.WriteString(in, profile+"\n"); err != nil {
			t.Fatal(tool.name, err)
		}
		line, err := answers.ReadBytes('\n')
		must(t, err)
		must(t, json.Unmarshal(line, &s))
		return s
	}}
}

func (w *world) lookByCLI(tool tool, profile string, roles bool) (s sight) {
	w.t.Helper()
	list := func(command string, into any, more ...string) {
		r := w.run(tool, append([]string{"sso", command, "--access-token", w.token("example").AccessToken, "--profile", profile, "--output", "json"}, more...)...)
		if r.code != 0 {
			s.Roles.Error = r.stderr
			return
		}
		w.decode(r.stdout, into)
	}
	var accounts struct{ AccountList []struct{ AccountID string } }
	list("list-accounts", &accounts)
	s.Roles.Answer = map[string][]string{}
	for _, a := range accounts.AccountList {
		s.Roles.Answer[a.AccountID] = nil
		if roles {
			var found struct{ RoleList []struct{ RoleName string } }
			list("list-account-roles", &found, "--account-id", a.AccountID)
			for _, r := range found.RoleList {
				s.Roles.Answer[a.AccountID] = append(s.Roles.Answer[a.AccountID], r.RoleName)
			}
		}
	}
	w.forgetRoles()
	if r := w.run(tool, "sts", "get-caller-identity", "--profile", profile, "--output", "json"); r.code != 0 {
		s.Identity.Error = r.stderr
	} else {
		w.decode(r.stdout, &s.Identity.Answer)
	}
	return s
}
