package referee

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"keyfob/internal/person"
)

// world is a center, and a home folder whose config file leads there.
type world struct {
	*center
	home string
}

// awsStartURL is the start URL of AWS's form that the example organisation also goes by.
const awsStartURL = "https://example.awsapps.com/start"

// config has a profile for each form that a sign-in may take in it.
var config = template.Must(template.New("").Parse(`[profile dev]
sso_session = example
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = us-east-1
services = example

[profile look]
sso_session = example
sso_account_id = 000000000042
sso_role_name = ReadOnlyAccess
region = us-east-1
services = example

[profile legacy]
sso_start_url = {{.StartURL}}
sso_region = us-east-1
sso_account_id = 000000000042
sso_role_name = ReadOnlyAccess
region = us-east-1
services = example

[profile shaped]
sso_session = shaped
sso_account_id = 111111111111
sso_role_name = ReadOnlyAccess
region = us-east-1
services = example

[sso-session example]
sso_start_url = {{.StartURL}}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[sso-session shaped]
sso_start_url = ` + awsStartURL + `
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[services example]
sso_oidc =
  endpoint_url = {{.URL}}
sso =
  endpoint_url = {{.URL}}
sts =
  endpoint_url = {{.URL}}
`))

// newWorld skips the test if a tool is missing.
func newWorld(t *testing.T, tools ...tool) *world {
	t.Helper()
	needs(t, tools...)
	return newHome(t, newCenter(t))
}

// newHome makes a home folder for a center. It is where programs in the Debian folder see it too.
func newHome(t *testing.T, c *center) *world {
	t.Helper()
	parent := ""
	if noDebian() == "" {
		parent = filepath.Join(debian(), "tmp")
	}
	home, err := os.MkdirTemp(parent, "referee-home-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	w := &world{c, home}
	var b bytes.Buffer
	must(t, config.Execute(&b, w.center))
	must(t, os.Mkdir(w.path(), 0o700))
	must(t, os.WriteFile(w.path("config"), b.Bytes(), 0o600))
	if c.lab {
		ca, err := os.ReadFile(c.ca())
		must(t, err)
		must(t, os.WriteFile(filepath.Join(home, "ca.pem"), ca, 0o600))
	}
	return w
}

// path is a path below ~/.aws.
func (w *world) path(elem ...string) string {
	return filepath.Join(append([]string{w.home, ".aws"}, elem...)...)
}

// inside is the home folder as programs in the Debian folder see it.
func (w *world) inside() string { return strings.TrimPrefix(w.home, debian()) }

// command runs a program with an environment that has nothing of this process's: no settings of
// anybody's own AWS tools, no proxy.
func (w *world) command(ctx context.Context, home, program string, args []string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = []string{
		"HOME=" + home, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "AWS_EC2_METADATA_DISABLED=true",
		"PYTHONDONTWRITEBYTECODE=1", "AWS_MAX_ATTEMPTS=1",
		"HTTPS_PROXY=http://127.0.0.1:1", // nothing listens there: what is meant for AWS itself fails at once
		"NO_PROXY=127.0.0.1",
	}
	if w.lab {
		ca := filepath.Join(home, "ca.pem")
		c.Env = append(c.Env, "AWS_CA_BUNDLE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	}
	return c
}

type result struct {
	stdout, stderr string
	code           int
}

// toolTime bounds what one program may take on a busy machine.
const toolTime = 2 * time.Minute

// run runs a program to its end, whatever that is.
func (w *world) run(tool tool, args ...string) result {
	w.t.Helper()
	return w.runWith("", tool, args...)
}

// runWith is run for a program that reads its input.
func (w *world) runWith(stdin string, tool tool, args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), toolTime)
	defer cancel()
	c := tool.command(ctx, w, args)
	if stdin != "" {
		c.Stdin = strings.NewReader(stdin)
	}
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		w.t.Fatalf("%s %s: %v\n%s%s", tool.name, args, err, &out, &errs)
	}
	return result{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// ok runs a program that must succeed and returns what it prints.
func (w *world) ok(tool tool, args ...string) string {
	w.t.Helper()
	return w.okWith("", tool, args...)
}

func (w *world) okWith(stdin string, tool tool, args ...string) string {
	w.t.Helper()
	r := w.runWith(stdin, tool, args...)
	if r.code != 0 {
		w.t.Fatalf("%s %s ended with %d\n%s%s", tool.name, args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// fails runs a program that must fail and returns what it says about that.
func (w *world) fails(tool tool, args ...string) result {
	w.t.Helper()
	r := w.run(tool, args...)
	if r.code == 0 {
		w.t.Fatalf("%s %s succeeded\n%s", tool.name, args, r.stdout)
	}
	return r
}

// Where a person is sent: the authorization request, or the page that has the device's code filled in.
var signInURL = regexp.MustCompile(`^https?://\S+/(authorize\?|device\?user_code=)\S+$`)

// login signs in: the tool says where to go, ada goes there. It returns what the tool printed.
func (w *world) login(tool tool, args ...string) string {
	w.t.Helper()
	return w.loginAs(w.person("ada", built.passwords["ada"]), tool, args...)
}

// person is somebody with a browser in which nobody is signed in.
func (w *world) person(name, password string) *person.Person {
	w.t.Helper()
	p, err := person.New(name, password)
	must(w.t, err)
	if w.lab {
		must(w.t, p.Trust(w.ca()))
	}
	return p
}

// loginAs is login with somebody who goes there.
func (w *world) loginAs(who *person.Person, tool tool, args ...string) string {
	w.t.Helper()
	said, err := w.tryLogin(who, tool, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return said
}

func (w *world) tryLogin(who *person.Person, tool tool, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), toolTime)
	defer cancel()
	c := tool.command(ctx, w, append([]string{"sso", "login", "--no-browser"}, args...))
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return "", err
	}
	var said strings.Builder
	var wrong error
	visits := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if signInURL.MatchString(lines.Text()) {
			visits++
			if page, err := who.Approve(ctx, lines.Text()); err != nil || page.Status != 200 {
				wrong = fmt.Errorf("the browser shows %d %s %q, %v", page.Status, page.URL, page.Text, err)
			}
		}
	}
	if err := c.Wait(); err != nil || visits != 1 || wrong != nil {
		return "", fmt.Errorf("%s sso login %s: %v, %d URLs to visit, %v\n%s%s", tool.name, args, err, visits, wrong, &said, &errs)
	}
	return said.String(), nil
}
