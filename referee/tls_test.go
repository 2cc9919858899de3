package referee

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ca is the certificate of the center's lab CA.
func (c *center) ca() string { return filepath.Join(c.dir, "ca", "ca.pem") }

// newLab is a center that serves with its lab CA, and a home folder where that is trusted.
func newLab(t *testing.T, tools ...tool) *world {
	t.Helper()
	needs(t, tools...)
	return newHome(t, startCenter(t, func(c *center) {
		c.lab = true
		c.admin("ca", "init", "127.0.0.1")
	}))
}

// Real clients accept the lab CA, and only those that were told to trust it.
func TestTLSOfTheLabCA(t *testing.T) {
	t.Parallel()
	for _, cli := range clis() {
		t.Run(cli.name, func(t *testing.T) {
			t.Parallel()
			w := newLab(t, cli)
			if !strings.HasPrefix(w.StartURL, "https://127.0.0.1:") {
				t.Fatal(w.StartURL)
			}
			w.login(cli, "--profile", "dev")
			w.ok(cli, "sts", "get-caller-identity", "--profile", "dev")
			for _, sdk := range sdks() {
				t.Run(sdk.name, func(t *testing.T) {
					needs(t, sdk)
					w := &world{w.center.in(t), w.home}
					w.identifies(sdk, "dev", "111111111111", "AdministratorAccess")
					stranger := *w.center
					stranger.lab = false // nobody told it
					if r := (&world{&stranger, w.home}).fails(sdk, "credentials", "look"); !aboutCertificates.MatchString(r.stderr) {
						t.Errorf("without the CA it says %s", r.stderr)
					}
				})
			}
		})
	}
}

// aboutCertificates is how a client says that it does not trust the center's.
var aboutCertificates = regexp.MustCompile(`(?i)certificate|ssl`)

func TestTLSStrictPython(t *testing.T) {
	t.Parallel()
	must(t, newLab(t, boto3).strictPython())
}

// strictPython lets Python 3.13 call the center. It checks certificates strictly by default, unlike the
// OpenSSL below it.
func (w *world) strictPython() error {
	const script = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
assert context.verify_flags & ssl.VERIFY_X509_STRICT, "this Python is not strict"
assert context.check_hostname
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
print(opener.open(sys.argv[1] + "/healthz").status)
`
	ctx, cancel := context.WithTimeout(w.t.Context(), toolTime)
	defer cancel()
	out, err := w.command(ctx, w.inside(), "chroot", []string{debian(), "/usr/bin/python3", "-c", script, w.URL, w.inside() + "/ca.pem"}).CombinedOutput()
	if err == nil && strings.TrimSpace(string(out)) == "200" {
		return nil
	}
	return fmt.Errorf("strict Python: %v\n%s", err, out)
}

// What "client config" writes is all that clients need, ca_bundle included.
func TestClientConfig(t *testing.T) {
	t.Parallel()
	w := newLab(t, goSDK)
	ca := filepath.Join(w.home, "ca.pem")
	must(t, os.Remove(w.path("config")))
	center := func(args ...string) {
		t.Helper()
		c := w.command(t.Context(), w.home, filepath.Join(built.bin, "keyfob-center"), append([]string{"client"}, append(args, "--url", w.URL, "--ca", ca)...))
		c.Env = append(c.Env, "AWS_CONFIG_FILE="+w.path("config"))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	center("config", "--write", "--yes", "--profile", "made", "--account", "111111111111", "--role", "AdministratorAccess")
	center("config", "--write", "--yes", "--profile", "made2", "--account", "000000000042", "--role", "ReadOnlyAccess")
	w.login(keyfob, "--profile", "made")
	plain := *w.center
	plain.lab = false // no variable names the CA now
	w = &world{&plain, w.home}
	w.identifies(goSDK, "made", "111111111111", "AdministratorAccess")
	w.identifies(goSDK, "made2", "000000000042", "ReadOnlyAccess")
	w.ok(keyfob, "sts", "get-caller-identity", "--profile", "made2")
}
