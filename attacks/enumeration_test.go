package attacks

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
)

// User enumeration, by what is answered and by when (CWE-204, CWE-208).
//
// Who: somebody outside who wants to know who works here, to send them a letter or to try passwords where it is
// worth it. How: they try names at the sign-in page, and look at the words, the status, the headers, and at the
// clock: a name that nobody has needs no password to be hashed. They go on until they are slowed down, and look
// whether that differs.
//
// What holds them off (46, 47): whoever it is, and whoever it is not, the answer is the same text and costs one
// hash; names are counted whether or not there is such a person. Links for new passwords tell nothing either.
func TestAttackUserEnumeration(t *testing.T) {
	center := centertest.New(t, centertest.Seed(strings.Replace(centertest.ExampleSeed(), "groups:\n", `  - {name: nopassword, email: np@example.com, display_name: Nobody Yet}
  - name: disabled
    email: disabled@example.com
    display_name: Dee
    disabled: true
    password_hash: $argon2id$v=19$m=19456,t=2,p=1$uOlqkg+OuTRci2Xd/4WvoQ$f2zhyAjqPlHwNNCUlo2RezPeFbrAqMiS2wInbDzoIDU
groups:
`, 1)))
	names := []string{"ada", "ada@example.com", "grace", "nobody", "nobody@example.com", "nopassword", "disabled", "adas", "ADMIN", "a'; --"}
	b := newBrowser(t)
	varies := regexp.MustCompile(`name="(csrf|return)" value="[^"]*"`)
	try := func(t *testing.T, name string) (string, time.Duration) {
		t.Helper()
		page := b.follow(b.get(center.URL + "/start"))
		action, fields, ok := page.form(url.Values{"username": nil})
		if !ok {
			t.Fatalf("no form to sign in: %d", page.StatusCode)
		}
		fields.Set("username", name)
		fields.Set("password", "not it, but long enough")
		begun := time.Now()
		a := b.post(action, fields)
		took := time.Since(begun)
		for _, h := range []string{"Date", "X-Amzn-Requestid", "Set-Cookie", "Content-Length"} {
			a.Header.Del(h)
		}
		var head strings.Builder
		_ = a.Header.Write(&head)
		said := varies.ReplaceAllString(a.body, "")
		// What was typed stands in the form again.
		for _, typed := range []string{name, strings.ReplaceAll(name, "'", "&#39;")} {
			said = strings.ReplaceAll(said, `value="`+typed+`"`, `value=""`)
		}
		return a.Status + "\n" + head.String() + "\n" + said, took
	}

	const rounds = 7
	took := map[string][]time.Duration{}
	for range rounds {
		center.Advance(25 * time.Hour)
		first := ""
		for _, name := range names {
			said, d := try(t, name)
			took[name] = append(took[name], d)
			if first == "" {
				if first = said; !strings.HasPrefix(said, "403") && !strings.HasPrefix(said, "401") {
					t.Fatalf("a wrong password is answered %s", said)
				}
			}
			if said != first {
				t.Fatalf("%q is answered\n%s\n%q\n%s", name, said, names[0], first)
			}
		}
	}
	median := func(name string) time.Duration { slices.Sort(took[name]); return took[name][rounds/2] }
	for _, name := range names {
		// Without a hash it would be a hundredth.
		if m, of := median(name), median("ada"); m < of/4 || m > 4*of {
			t.Errorf("%q takes %s, ada %s", name, m, of)
		}
	}

	// Until one is slowed down, and after that: from one place, the same for every name.
	slowed := map[string]string{}
	for _, name := range names {
		center.Advance(25 * time.Hour)
		for range 8 {
			said, _ := try(t, name)
			slowed[name] += said[:3] + " "
		}
	}
	for name, said := range slowed {
		if said != slowed["ada"] || !strings.Contains(said, "429") {
			t.Errorf("%q eight times is answered %s, ada %s", name, said, slowed["ada"])
		}
	}

	center.Advance(25 * time.Hour)
	for _, link := range []string{"x", strings.Repeat("A", 43), "kfc_link_" + strings.Repeat("A", 43)} {
		a := b.get(center.URL + "/password?" + url.Values{"link": {link}}.Encode())
		if a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusGone && a.StatusCode != http.StatusBadRequest || strings.Contains(a.body, "ada") {
			t.Errorf("a link that was made up is answered %d", a.StatusCode)
		}
	}
}
