package referee

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// through is a tool that keyfob exec runs, with no profile of its own.
func through(inner tool, flags ...string) tool {
	return tool{
		name: inner.name + " by keyfob exec " + strings.Join(flags, " "), sdk: inner.sdk, missing: inner.missing,
		command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
			c := inner.command(ctx, w, args)
			// The home folder of keyfob is the one that it knows; the tool's is as the tool sees it.
			toolHome := ""
			for _, e := range c.Env {
				if strings.HasPrefix(e, "HOME=") {
					toolHome = e
				}
			}
			argv := append(append([]string{"exec"}, flags...), "--", "env", toolHome, c.Path)
			if strings.HasSuffix(c.Path, "/chroot") {
				// In its other root folder it does not see the copy of the config file without [default].
				argv = append(argv[:len(argv)-1], "AWS_CONFIG_FILE=/dev/null", c.Path)
			}
			out := keyfob.command(ctx, w, append(argv, c.Args[1:]...))
			out.Stdin = c.Stdin
			out.Env = append(out.Env, "AWS_ENDPOINT_URL_STS="+w.URL, "AWS_PROFILE=look")
			return out
		},
	}
}

// Every tool uses what keyfob exec hands it: keys in its environment, or a server of them, whatever the
// config file's [default] and stray variables say.
func TestToolsByExec(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(keyfob, "--profile", "dev")
	f, err := os.OpenFile(w.path("config"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("\n[default]\nsso_session = example\nsso_account_id = 000000000042\nsso_role_name = ReadOnlyAccess\nservices = example\n")
	must(t, err)
	must(t, f.Close())
	w.ok(keyfob, "configure", "export-credentials", "--profile", "dev")
	for _, inner := range append([]tool{awsCLI}, sdks()...) {
		for _, flags := range [][]string{{"--profile", "dev"}, {"--server", "--profile", "dev"}} {
			outer := through(inner, flags...)
			t.Run(outer.name, func(t *testing.T) {
				needs(t, inner)
				w := &world{w.center.in(t), w.home}
				w.calls()
				args := []string{"identity", ""}
				if !inner.sdk {
					args = []string{"sts", "get-caller-identity"}
				}
				var who struct{ Account, Arn string }
				w.decode(w.ok(outer, args...), &who)
				if who.Account != "111111111111" || !strings.Contains(who.Arn, "/AWSReservedSSO_AdministratorAccess_") {
					t.Errorf("is %+v", who)
				}
				if called := w.calls(); !maps.Equal(called, map[string]int{"GetCallerIdentity": 1}) {
					t.Errorf("called %v", called)
				}
			})
		}
	}
}
