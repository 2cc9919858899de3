// Package person is somebody at a browser without a screen: it follows a center's pages, fills in its
// forms and presses its buttons, over plain HTTP, as a person would.
//
// `make try` signs in with it where there is no browser, and so do tests. It knows no route and no
// field but user name, password, code and the buttons that say yes, so pages may change around those.
package person

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Person is one browser and whoever sits at it. It keeps cookies; use one Person for one session. A
// Person is for one goroutine.
type Person struct {
	Name     string
	Password string
	// Code is what their authenticator app shows at the moment, or a recovery code; nil without either.
	Code func() string
	http *http.Client
}

// New returns somebody who has not signed in yet.
func New(name, password string) (*Person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Person{Name: name, Password: password, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}, nil
}

// Trust makes the browser trust the CA in a PEM file, and no other.
func (p *Person) Trust(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		return fmt.Errorf("no certificate in %s", file)
	}
	p.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	return nil
}

// Page is what the person sees at the end.
type Page struct {
	URL    *url.URL
	Status int
	Text   string // the page's words, without markup
}

// maxSteps bounds how many pages one errand may take.
const maxSteps = 10

// Approve opens an address, signs in if asked to, says yes if asked to, and returns the last page.
// That is all that a sign-in needs: for /authorize the last page is the one of the program that waits
// on the loopback address.
func (p *Person) Approve(ctx context.Context, address string) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, err
	}
	for range maxSteps {
		page, doc, err := p.load(req)
		if err != nil {
			return Page{}, err
		}
		f := p.pick(forms(doc))
		if f == nil {
			return page, nil
		}
		if req, err = p.submit(ctx, page, f); err != nil {
			return page, err
		}
	}
	return Page{}, errors.New("the pages go round in circles; are password and code right?")
}

// Fill opens an address, signs in if asked to, fills in the first form that has all the fields that
// answers gives (a button is a field with its value), sends it, and returns the page that follows.
func (p *Person) Fill(ctx context.Context, address string, answers func(Page) url.Values) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, err
	}
	for range maxSteps {
		page, doc, err := p.load(req)
		if err != nil {
			return Page{}, err
		}
		all, given := forms(doc), answers(page)
		i := slices.IndexFunc(all, func(f *form) bool { return f.has(given) })
		f := p.pick(all)
		if i >= 0 {
			f = &form{action: all[i].action, values: all[i].values}
			maps.Copy(f.values, given)
		} else if f == nil {
			return page, fmt.Errorf("there is no such form at %s", page.URL.Path)
		}
		if req, err = p.submit(ctx, page, f); err != nil {
			return page, err
		}
		if i >= 0 {
			page, _, err = p.load(req)
			return page, err
		}
	}
	return Page{}, errors.New("the pages go round in circles; are password and code right?")
}

func (p *Person) load(req *http.Request) (Page, *html.Node, error) {
	resp, err := p.http.Do(req)
	if err != nil {
		return Page{}, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return Page{}, nil, err
	}
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		return Page{}, nil, err
	}
	return Page{URL: resp.Request.URL, Status: resp.StatusCode, Text: strings.Join(strings.Fields(words(doc)), " ")}, doc, nil
}

func (p *Person) submit(ctx context.Context, from Page, f *form) (*http.Request, error) {
	if f.wantsPassword {
		f.values.Set(f.nameField, p.Name)
		f.values.Set(f.passwordField, p.Password)
	}
	if f.wantsCode && p.Code != nil {
		f.values.Set(codeField, p.Code())
	}
	target, err := from.URL.Parse(f.action)
	if err != nil {
		return nil, fmt.Errorf("form action: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(f.values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// What a browser says about a form of the same site.
	req.Header.Set("Origin", from.URL.Scheme+"://"+from.URL.Host)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req, nil
}

type form struct {
	action                   string
	values                   url.Values
	nameField, passwordField string
	wantsPassword, saysYes   bool
	hasCode                  bool // a code field that the address has filled in
	wantsCode                bool // one for the second factor
	// The names of fields, and of buttons with their values ("end=all").
	fields map[string]bool
}

// has reports whether these fields can be filled in.
func (f *form) has(given url.Values) bool {
	for name := range given {
		if !f.fields[name] && !f.fields[name+"="+given.Get(name)] {
			return false
		}
	}
	return true
}

// codeField is where a second factor is typed.
const codeField = "code"

// pick chooses the form that leads on: the sign-in, its second factor, one with a button that says yes, or
// one with the code that came with the address.
func (p *Person) pick(all []*form) *form {
	for _, f := range all {
		if f.wantsPassword || f.saysYes || f.hasCode || f.wantsCode && p.Code != nil {
			return f
		}
	}
	return nil
}

func forms(n *html.Node) (all []*form) {
	if n.Type == html.ElementNode && n.Data == "form" && strings.EqualFold(attr(n, "method"), "post") {
		f := &form{action: attr(n, "action"), values: url.Values{}, fields: map[string]bool{}}
		f.read(n)
		all = append(all, f)
	}
	for c := range n.ChildNodes() {
		all = append(all, forms(c)...)
	}
	return all
}

func (f *form) read(n *html.Node) {
	name, value := attr(n, "name"), attr(n, "value")
	switch n.Data {
	case "input":
		f.fields[name] = true
	case "button":
		f.fields[name+"="+value] = true
	}
	switch {
	case n.Type != html.ElementNode:
	case n.Data == "input" && attr(n, "type") == "password":
		f.wantsPassword, f.passwordField = true, name
	case n.Data == "input" && attr(n, "autocomplete") == "username":
		f.nameField = name
	case n.Data == "input" && attr(n, "type") != "submit":
		f.values.Set(name, value)
		f.wantsCode = f.wantsCode || name == codeField
		f.hasCode = f.hasCode || attr(n, "autocomplete") == "one-time-code" && value != ""
	case n.Data == "button" && (value == "allow" || value == "approve"):
		f.saysYes = true
		f.values.Set(name, value)
	}
	for c := range n.ChildNodes() {
		f.read(c)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data + " "
	}
	if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script" || n.Data == "title") {
		return ""
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(words(c))
	}
	return b.String()
}
