package referee

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/person"
)

// organisation is three people, each with a role of their own and one that all have through a group.
const organisation = `
instance: {name: Example, region: us-east-1}
accounts:
  - {id: "111111111111", name: Engine}
  - {id: "222222222222", name: Compiler}
  - {id: "333333333333", name: Kernel}
  - {id: "000000000042", name: Library}
permission_sets:
  - {name: AdministratorAccess}
  - {name: ReadOnlyAccess}
users:
  - {name: ada, password_file: password.txt}
  - {name: grace, password_file: password.txt}
  - {name: linus, password_file: password.txt}
groups:
  - {name: Readers, members: [ada, grace, linus]}
assignments:
  - {account: "111111111111", permission_set: AdministratorAccess, users: [ada]}
  - {account: "222222222222", permission_set: AdministratorAccess, users: [grace]}
  - {account: "222222222222", permission_set: ReadOnlyAccess, users: [ada]}
  - {account: "333333333333", permission_set: ReadOnlyAccess, users: [linus]}
  - {account: "000000000042", permission_set: ReadOnlyAccess, groups: [Readers]}
`

const firstPassword = "a horse that counts"

// resident is one of them, at a computer of their own.
type resident struct {
	*world
	name     string
	password string
	factor   func() string // what they type as second factor; nil without
	browser  *person.Person
}

// account is what a resident has to themselves: the profile "own".
type account struct{ id, role string }

// settle gives somebody a center with everybody in it, and a home folder.
func settle(t *testing.T, name string, own account) *resident {
	t.Helper()
	c := startCenter(t, func(c *center) {
		must(t, os.WriteFile(filepath.Join(c.dir, "center.yaml"), []byte(organisation), 0o600))
		must(t, os.WriteFile(filepath.Join(c.dir, "password.txt"), []byte(firstPassword), 0o600))
	})
	r := &resident{world: newHome(t, c), name: name, password: firstPassword}
	f, err := os.OpenFile(r.path("config"), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = fmt.Fprintf(f, "\n[profile shared]\nsso_session = example\nsso_account_id = 000000000042\nsso_role_name = ReadOnlyAccess\nregion = us-east-1\nservices = example\n\n[profile own]\nsso_session = example\nsso_account_id = %s\nsso_role_name = %s\nregion = us-east-1\nservices = example\n", own.id, own.role)
	must(t, err)
	must(t, f.Close())
	return r
}

// opens gives them a browser in which nobody is signed in.
func (r *resident) opens() *person.Person {
	r.t.Helper()
	r.browser = r.person(r.name, r.password)
	r.browser.Code = r.factor
	return r.browser
}

// visits fills in a form of the portal, in the browser that is open.
func (r *resident) visits(path, want string, answers func(person.Page) url.Values) person.Page {
	r.t.Helper()
	page, err := r.browser.Fill(r.t.Context(), r.URL+path, answers)
	if err != nil || page.Status != http.StatusOK || !strings.Contains(page.Text, want) {
		r.t.Fatalf("%s at %s sees %d %q, %v; want %q", r.name, path, page.Status, page.Text, err, want)
	}
	return page
}

var (
	shownSecret   = regexp.MustCompile(`\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b`)
	shownRecovery = regexp.MustCompile(`\b[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}\b`)
)

// addsApp sets up an authenticator app, and returns what shows its codes, and the recovery codes.
func (r *resident) addsApp() (codes func() string, recovery []string) {
	r.t.Helper()
	secret := ""
	codes = func() string {
		// Every code is good once: they wait for the next one.
		r.control(http.MethodPost, "/clock", fields{"advance": "30s"}, nil)
		return mfaCode(r.t, secret, r.now())
	}
	r.opens()
	page := r.visits("/profile/app", "Your recovery codes", func(p person.Page) url.Values {
		if secret = strings.ReplaceAll(shownSecret.FindString(p.Text), " ", ""); secret == "" {
			return url.Values{"code": nil, "name": nil} // it is another page
		}
		return url.Values{"code": {codes()}, "name": {"Phone"}}
	})
	if recovery = shownRecovery.FindAllString(page.Text, -1); len(recovery) != 10 {
		r.t.Fatalf("%d recovery codes", len(recovery))
	}
	return codes, recovery
}

// now is the center's time.
func (c *center) now() time.Time {
	c.t.Helper()
	var clock struct{ Now time.Time }
	c.control(http.MethodGet, "/clock", nil, &clock)
	return clock.Now
}

// signsIn signs in at a tool, in a new browser, with everything that takes.
func (r *resident) signsIn(tool tool, args ...string) {
	r.t.Helper()
	r.loginAs(r.opens(), tool, append([]string{"--profile", "own"}, args...)...)
}

// apply makes the center what the file says once the text old in it is new.
func (c *center) apply(old, new string) {
	c.t.Helper()
	if strings.Count(organisation, old) != 1 {
		c.t.Fatalf("%q is not once in the file", old)
	}
	c.declare(strings.Replace(organisation, old, new, 1))
}

func (c *center) declare(yaml string) {
	c.t.Helper()
	must(c.t, os.WriteFile(filepath.Join(c.dir, "center.yaml"), []byte(yaml), 0o600))
	c.admin("apply", "--yes")
}

// The password alone opens nothing to those who have a second factor.
func (r *resident) needsSecondFactor() {
	r.t.Helper()
	page, err := r.person(r.name, r.password).Approve(r.t.Context(), r.URL+"/start")
	must(r.t, err)
	if asked := strings.Contains(page.Text, "One more step"); asked != (r.factor != nil) {
		r.t.Errorf("%s with the password alone sees %q", r.name, page.Text)
	}
}
