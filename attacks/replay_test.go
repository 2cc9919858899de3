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
	"keyfob/internal/wire"
)

// Replay of refresh tokens (RFC 9700 section 4.14).
//
// Who: somebody who has a copy of ada's ~/.aws/sso/cache, from a backup or a stolen laptop: her refresh token, and
// the client's id and secret beside it. What they want: to stay signed in as her. How: they refresh before her or
// after her, at once with her, as another client, and after she has noticed.
//
// What holds them off (33, 34, 35, 38, 39, 40): every refresh replaces the token. When both have used the same one, more
// than the grace apart, the whole family ends, theirs as hers, and she has to sign in anew, which the audit log
// says. It is bound to its client, and ends with her session, her sign-out, herself;
// and gives nothing that she has lost. What the center cannot tell is
// a thief who alone uses what was stolen; that ends with the session.
func TestAttackRefreshReplay(t *testing.T) {
	center := centertest.New(t, centertest.Seed(centertest.ExampleSeed()+"\nadministrators:\n  users: [grace]\n"))
	signedIn := func(t *testing.T) (program, wire.CreateTokenResponse) {
		t.Helper()
		p := register(t, center, "keyfob")
		d := p.device()
		if err := center.ApproveDevice("ada", d.UserCode); err != nil {
			t.Fatal(err)
		}
		tokens, refused := p.poll(d)
		p.must(refused)
		return p, tokens
	}
	over := func(t *testing.T, p program, all ...wire.CreateTokenResponse) {
		t.Helper()
		for i, tokens := range all {
			if status := p.credentials(tokens.AccessToken); status != http.StatusUnauthorized {
				t.Errorf("access token %d is answered %d", i, status)
			}
			if _, refused := p.refresh(tokens.RefreshToken); refused != "invalid_grant" {
				t.Errorf("refresh token %d is answered %q", i, refused)
			}
		}
	}

	for _, first := range []string{"she is first", "they are first"} {
		t.Run(first, func(t *testing.T) {
			p, stolen := signedIn(t)
			next, refused := p.refresh(stolen.RefreshToken)
			p.must(refused)
			center.Advance(10 * time.Minute) // long after the grace that is for a lost answer
			if _, refused := p.refresh(stolen.RefreshToken); refused != "invalid_grant" {
				t.Errorf("the second is told %q", refused)
			}
			over(t, p, stolen, next)
		})
	}
	t.Run("generations later", func(t *testing.T) {
		p, stolen := signedIn(t)
		latest := stolen
		for range 5 {
			center.Advance(5 * time.Minute)
			next, refused := p.refresh(latest.RefreshToken)
			p.must(refused)
			latest = next
		}
		if _, refused := p.refresh(stolen.RefreshToken); refused != "invalid_grant" {
			t.Errorf("an old copy is told %q", refused)
		}
		over(t, p, latest)
	})
	t.Run("within the grace, and no longer", func(t *testing.T) {
		p, stolen := signedIn(t)
		hers, refused := p.refresh(stolen.RefreshToken)
		p.must(refused)
		theirs, refused := p.refresh(stolen.RefreshToken) // as a program that did not get the answer would
		p.must(refused)
		center.Advance(10 * time.Minute)
		if _, refused := p.refresh(stolen.RefreshToken); refused != "invalid_grant" {
			t.Errorf("the third is told %q", refused)
		}
		over(t, p, hers, theirs)
	})
	t.Run("as another client", func(t *testing.T) {
		p, stolen := signedIn(t)
		other := register(t, center, "other")
		if _, refused := other.refresh(stolen.RefreshToken); refused != "invalid_grant" {
			t.Errorf("another client is told %q", refused)
		}
		if _, refused := p.token(wire.CreateTokenRequest{GrantType: wire.GrantDeviceCode, DeviceCode: stolen.RefreshToken}); refused != "invalid_grant" {
			t.Errorf("as a device code it is told %q", refused)
		}
		if status := p.credentials(stolen.RefreshToken); status != http.StatusUnauthorized {
			t.Errorf("as an access token it is answered %d", status)
		}
		if _, refused := p.refresh(stolen.RefreshToken); refused != "" {
			t.Errorf("and ada is signed out by that: %q", refused)
		}
	})
	t.Run("after she has signed out", func(t *testing.T) {
		p, stolen := signedIn(t)
		next, refused := p.refresh(stolen.RefreshToken)
		p.must(refused)
		req := p.request(http.MethodPost, center.URL+"/logout", "application/json", "")
		req.Header.Set("x-amz-sso_bearer_token", next.AccessToken.Reveal())
		if a := p.do(req); a.StatusCode != http.StatusOK {
			t.Fatalf("signing out is answered %d %s", a.StatusCode, a.body)
		}
		over(t, p, stolen, next)
	})
	t.Run("after the session is over", func(t *testing.T) {
		p, stolen := signedIn(t)
		latest := stolen
		for refused := ""; refused == ""; {
			var next wire.CreateTokenResponse
			center.Advance(50 * time.Minute)
			if next, refused = p.refresh(latest.RefreshToken); refused == "" {
				latest = next
			}
			if time.Until(center.Now()) > 200*24*time.Hour {
				t.Fatal("it goes on for ever")
			}
		}
		over(t, p, latest)
	})
	// These change who ada is, so they come last.
	// change is what grace, an administrator, does with the form that has these values, on a page or on ada's.
	change := func(t *testing.T, page string, values []string, fill url.Values) {
		t.Helper()
		b := newBrowser(t)
		b.signIn(center.URL+"/start", "grace", centertest.Password)
		a := b.follow(b.get(center.URL + page))
		if m := regexp.MustCompile(`href="(/admin/users/[^"]+)"[^>]*>(?:<bdi>)?ada<`).FindStringSubmatch(a.body); m != nil {
			a = b.follow(b.get(center.URL + m[1]))
		}
		for _, form := range strings.Split(a.body, "<form")[1:] {
			form, _, _ = strings.Cut(form, "</form>")
			if slices.ContainsFunc(values, func(v string) bool { return !strings.Contains(form, `value="`+v+`"`) }) {
				continue
			}
			if a = b.submit(answer{a.Response, "<form" + form + "</form>"}, fill); !strings.HasSuffix(a.Header.Get("Location"), "?done=yes") {
				t.Fatalf("grace cannot do that: %d %s", a.StatusCode, a.body)
			}
			return
		}
		t.Fatalf("%s has no form with %q:\n%s", page, values, a.body)
	}
	t.Run("after her role was taken away", func(t *testing.T) {
		p, stolen := signedIn(t)
		if status := p.credentials(stolen.AccessToken); status != http.StatusOK {
			t.Fatalf("before, it is answered %d", status)
		}
		change(t, "/admin/assignments", []string{"unassign", "111111111111", "USER"}, nil)
		next, refused := p.refresh(stolen.RefreshToken)
		p.must(refused) // she is still somebody
		for _, tokens := range []wire.CreateTokenResponse{stolen, next} {
			if status := p.credentials(tokens.AccessToken); status != http.StatusForbidden {
				t.Errorf("the role that she has lost is answered %d", status)
			}
		}
	})
	t.Run("after she was disabled", func(t *testing.T) {
		p, stolen := signedIn(t)
		change(t, "/admin/users", []string{"disable-user"}, nil)
		over(t, p, stolen)
		change(t, "/admin/users", []string{"enable-user"}, nil)
		over(t, p, stolen) // what has ended does not come back
	})
	t.Run("after she was removed", func(t *testing.T) {
		p, stolen := signedIn(t)
		change(t, "/admin/users", []string{"remove-user"}, url.Values{"sure": {"yes"}})
		over(t, p, stolen)
	})
}
