package attacks

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// browser keeps cookies and follows nothing by itself, so that a script sees every answer.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type answer struct {
	*http.Response
	body string
}

// do sends a request as it is.
func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func (b *browser) request(method, address, contentType, body string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodGet, address, "", ""))
}

// post sends a form as the browser does for a page of the same origin.
func (b *browser) post(address string, values url.Values) answer {
	b.t.Helper()
	req := b.request(http.MethodPost, address, "application/x-www-form-urlencoded", values.Encode())
	req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(req)
}

// postJSON sends what an AWS client would.
func (b *browser) postJSON(address, body string) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodPost, address, "application/json", body))
}

// follow goes where redirects within the same host lead.
func (b *browser) follow(a answer) answer {
	b.t.Helper()
	for range 10 {
		to, err := a.Location()
		if err != nil || to.Host != a.Request.URL.Host {
			return a
		}
		a = b.get(to.String())
	}
	b.t.Fatal("redirects go round in circles")
	return answer{}
}

// submit fills in the first form of a page that has all the fields of values, and sends it; a button is
// a field with its value.
func (b *browser) submit(a answer, values url.Values) answer {
	b.t.Helper()
	action, fields, ok := a.form(values)
	if !ok {
		b.t.Fatalf("%s %d has no form with %v:\n%s", a.Request.URL, a.StatusCode, values, a.body)
	}
	maps.Copy(fields, values)
	return b.post(action, fields)
}

// form is where the first form that has all the fields of values goes, and what it sends by itself.
func (a answer) form(values url.Values) (action string, fields url.Values, ok bool) {
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return "", nil, false
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		fields, names := url.Values{}, map[string]bool{}
		for f := range n.Descendants() {
			name := attribute(f, "name")
			names[name] = true
			if f.Data == "input" && attribute(f, "type") == "hidden" {
				fields.Add(name, attribute(f, "value"))
			}
		}
		all := true
		for name := range values {
			all = all && names[name]
		}
		to, err := a.Request.URL.Parse(attribute(n, "action"))
		if all && err == nil {
			return to.String(), fields, true
		}
	}
	return "", nil, false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// signIn signs somebody with a password alone in, at the address that asks for it, and goes on to where
// they were going.
func (b *browser) signIn(address, user, password string) answer {
	b.t.Helper()
	a := b.follow(b.get(address))
	return b.follow(b.submit(a, url.Values{"username": {user}, "password": {password}}))
}
