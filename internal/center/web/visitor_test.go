package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// visitor is a browser without eyes: cookies, forms, and no redirect followed that it is not told to.
type visitor struct {
	*testing.T
	w      *world
	client *http.Client
	header http.Header
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &visitor{T: w.T, w: w, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// cookie is what the browser holds under a name.
func (v *visitor) cookie(name string) string {
	v.Helper()
	for _, c := range v.client.Jar.Cookies(v.w.base) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// answer is a response with its page read.
type answer struct {
	*http.Response
	Text string
	Form map[string]form // by action
}

type form struct {
	Action string
	Values url.Values
}

func (v *visitor) do(method, path string, body url.Values) *answer {
	v.Helper()
	if !strings.HasPrefix(path, "http") {
		path = v.w.URL + path
	}
	var in io.Reader
	if body != nil {
		in = strings.NewReader(body.Encode())
	}
	r, err := http.NewRequestWithContext(v.Context(), method, path, in)
	if err != nil {
		v.Fatal(err)
	}
	for k, vs := range v.header {
		r.Header[k] = vs
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatal(err)
	}
	return &answer{Response: res, Text: string(b), Form: forms(v.T, string(b))}
}

func (v *visitor) get(path string) *answer { v.Helper(); return v.do(http.MethodGet, path, nil) }

// follow gets pages until one is no redirect within the center.
func (v *visitor) follow(a *answer) *answer {
	v.Helper()
	for a.StatusCode == http.StatusSeeOther && strings.HasPrefix(a.Header.Get("Location"), "/") {
		a = v.get(a.Header.Get("Location"))
	}
	return a
}

// submit posts the page's form for an action, with some fields filled in.
func (v *visitor) submit(a *answer, action string, fields ...string) *answer {
	v.Helper()
	f, ok := a.Form[action]
	if !ok {
		v.Fatalf("no form for %s on this page (%d):\n%s", action, a.StatusCode, a.Text)
	}
	for i := 0; i < len(fields); i += 2 {
		f.Values.Set(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, action, f.Values)
}

// signIn signs in on the page and returns where that leads.
func (v *visitor) signIn(a *answer, name string) *answer {
	v.Helper()
	a = v.submit(a, "/sign-in", "username", name, "password", password)
	if a.StatusCode != http.StatusSeeOther {
		v.Fatalf("signing in is answered %d:\n%s", a.StatusCode, a.Text)
	}
	return v.follow(a)
}

func (a *answer) heading() string {
	m := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`).FindStringSubmatch(a.Text)
	if m == nil {
		return ""
	}
	return strings.Join(strings.Fields(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], ""))), " ")
}

// forms reads the forms of a page as a browser does.
func forms(t *testing.T, page string) map[string]form {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]form{}
	attr := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		f := form{Action: attr(n, "action"), Values: url.Values{}}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" {
				f.Values.Set(attr(in, "name"), attr(in, "value"))
			}
		}
		all[f.Action] = f
	}
	return all
}
