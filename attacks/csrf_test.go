package attacks

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"keyfob/centertest"
)

// Cross-site request forgery (CWE-352).
//
// Who: the owner of any page that ada, an administrator, has open beside the portal. What they want: that her
// browser, which is signed in, changes something: approves their device, makes keys, gives them a role, takes her
// second factor away. How: their page sends every form that there is, with and without what they can know of it.
//
// What holds them off (49, 57, 64, 65): the session's cookie does not go along with what other sites post; a form
// wants a token that was shown to this session for this action; the browser's own word that another site sent it is
// enough to refuse. Nothing is done for a GET. The calls that programs make take no cookies.
//
// The forms are those that the pages themselves have, found by following every link: a form that is added is tried.
func TestAttackCSRF(t *testing.T) {
	center := centertest.New(t, centertest.Seed(centertest.ExampleSeed()+"\nadministrators:\n  users: [ada]\n"))
	her, attacker := newBrowser(t), newBrowser(t)
	her.signIn(center.URL+"/start", "ada", centertest.Password)
	attacker.signIn(center.URL+"/start", "grace", centertest.Password)

	forms := formsOf(her, center.URL, "/start", "/profile", "/admin", "/device")
	for _, must := range []string{"/sign-out", "/keys", "/profile/password", "/profile/app", "/profile/sessions", "/device", "/admin/change"} {
		if _, ok := forms[must]; !ok {
			t.Errorf("no form that goes to %s was found among %q", must, slices.Sorted(maps.Keys(forms)))
		}
	}
	own := formsOf(attacker, center.URL, "/start", "/profile", "/device")
	before := her.follow(her.get(center.URL + "/profile/sessions")).body
	for path, fields := range forms {
		without := maps.Clone(fields)
		without.Del("csrf")
		another := maps.Clone(without)
		another.Set("csrf", own[path].Get("csrf"))
		for _, try := range []struct {
			what   string
			values url.Values
			header map[string]string
		}{
			{"without a token", without, nil},
			{"with an empty one", merged(without, "csrf", ""), nil},
			{"with one of the attacker's own", another, nil},
			{"with hers, from another site", fields, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}},
			{"with hers, from a sister site", fields, map[string]string{"Sec-Fetch-Site": "same-site", "Origin": center.URL}},
			{"with hers, from an old browser", fields, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
			{"with hers, from a sandbox", fields, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}},
		} {
			req := her.request(http.MethodPost, center.URL+path, "application/x-www-form-urlencoded", try.values.Encode())
			req.Header.Set("Sec-Fetch-Site", "same-origin")
			req.Header.Set("Origin", center.URL)
			for k, v := range try.header {
				if req.Header.Set(k, v); v == "" {
					req.Header.Del(k)
				}
			}
			if a := her.do(req); a.StatusCode != http.StatusForbidden || len(a.Header["Set-Cookie"]) > 0 {
				t.Errorf("%s %s is answered %d", path, try.what, a.StatusCode)
			}
		}
		for _, contentType := range []string{"text/plain", "application/json", "multipart/form-data; boundary=x", ""} {
			req := her.request(http.MethodPost, center.URL+path, contentType, without.Encode())
			req.Header.Set("Sec-Fetch-Site", "cross-site")
			if a := her.do(req); a.StatusCode/100 != 4 {
				t.Errorf("%s as %q is answered %d", path, contentType, a.StatusCode)
			}
		}
		// The same by an image's address changes nothing: see the sessions below.
		her.get(center.URL + path + "?" + fields.Encode())
	}
	if a := her.follow(her.get(center.URL + "/start")); !strings.Contains(a.body, "Production") {
		t.Fatal("ada was signed out by another site")
	}
	if after := her.follow(her.get(center.URL + "/profile/sessions")).body; strings.Count(after, "<form") != strings.Count(before, "<form") {
		t.Error("her sessions were changed by another site")
	}

	// Programs' calls: a session's cookie is worth nothing there, and another site cannot read an answer.
	for _, path := range []string{"/assignment/accounts", "/assignment/roles?account_id=111111111111", "/federation/credentials?account_id=111111111111&role_name=AdministratorAccess"} {
		req := her.request(http.MethodGet, center.URL+path, "", "")
		req.Header.Set("Origin", "https://evil.example")
		a := her.do(req)
		if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s with her cookie alone is answered %d", path, a.StatusCode)
		}
	}
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded"} { // what a form can send
		a := her.do(her.request(http.MethodPost, center.URL+"/client/register", contentType, `{"clientName":"x","clientType":"public"}`))
		if a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("a registration as %s is answered %d", contentType, a.StatusCode)
		}
	}
}

func merged(v url.Values, key, value string) url.Values {
	v = maps.Clone(v)
	v.Set(key, value)
	return v
}

// formsOf follows the links of pages and returns, by path, what their forms send by post.
func formsOf(b *browser, base string, from ...string) map[string]url.Values {
	b.t.Helper()
	forms := map[string]url.Values{}
	seen := map[string]bool{}
	for len(from) > 0 && len(seen) < 200 {
		path := from[0]
		if from = from[1:]; seen[path] {
			continue
		}
		seen[path] = true
		a := b.follow(b.get(base + path))
		doc, err := html.Parse(strings.NewReader(a.body))
		if err != nil {
			b.t.Fatal(err)
		}
		for n := range doc.Descendants() {
			switch n.Data {
			case "a":
				if to, err := a.Request.URL.Parse(attribute(n, "href")); err == nil && to.Host == a.Request.URL.Host && to.Path != "/sign-out" {
					from = append(from, to.RequestURI())
				}
			case "form":
				if !strings.EqualFold(attribute(n, "method"), "post") {
					continue
				}
				values := url.Values{}
				for f := range n.Descendants() {
					if name := attribute(f, "name"); name != "" && (f.Data == "input" || f.Data == "button") {
						values.Set(name, attribute(f, "value"))
					}
				}
				if to, err := a.Request.URL.Parse(attribute(n, "action")); err == nil {
					forms[to.Path] = values
				}
			}
		}
	}
	return forms
}
