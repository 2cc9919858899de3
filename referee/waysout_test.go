package referee

import (
	"bufio"
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
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
			out.Env = append(out.Env, "AWS_PROFILE=look")
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

// Every tool uses a standing server, with the token of a client in a file, as a container does: without
// config files. Each client's token is its own.
func TestToolsByServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.login(keyfob, "--profile", "dev")
	ctx, cancel := context.WithCancel(context.Background()) // it is to end well
	serve := keyfob.command(ctx, w, []string{
		"serve", "credentials", "--profile", "dev", "--profile", "look", "--client", "container", "--client", "other", "--token-dir", w.home + "/tokens", "--for", "docker",
	})
	out, err := serve.StdoutPipe()
	must(t, err)
	must(t, serve.Start())
	t.Cleanup(func() {
		must(t, serve.Process.Signal(os.Interrupt))
		must(t, serve.Wait())
		cancel()
	})
	uri := ""
	for lines := bufio.NewScanner(out); uri == "" && lines.Scan(); {
		if strings.HasSuffix(lines.Text(), "/credentials/dev") {
			uri = strings.TrimSpace(lines.Text())
		}
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // so that it is never in the way
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(w.home + "/tokens/other/token"); err == nil || time.Now().After(until) {
			break
		}
	}
	for _, inner := range append([]tool{awsCLI}, sdks()...) {
		for profile, account := range map[string]string{"dev": "111111111111", "look": "000000000042", "legacy": ""} {
			client := inner
			client.command = func(ctx context.Context, w *world, args []string) *exec.Cmd {
				c := inner.command(ctx, w, args)
				home := w.home
				if strings.HasSuffix(c.Path, "/chroot") {
					home = w.inside()
				}
				c.Env = append(c.Env, "AWS_CONFIG_FILE=/dev/null", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL_STS="+w.URL,
					"AWS_CONTAINER_CREDENTIALS_FULL_URI="+strings.TrimSuffix(uri, "dev")+profile, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="+home+"/tokens/container/token")
				return c
			}
			t.Run(inner.name+" "+profile, func(t *testing.T) {
				needs(t, inner)
				w := &world{w.center.in(t), w.home}
				args := []string{"identity", ""}
				if !inner.sdk {
					args = []string{"sts", "get-caller-identity"}
				}
				if account == "" { // it is not served
					w.fails(client, args...)
					return
				}
				var who struct{ Account string }
				w.decode(w.ok(client, args...), &who)
				if who.Account != account {
					t.Errorf("is in %s, want %s", who.Account, account)
				}
			})
		}
	}
}
