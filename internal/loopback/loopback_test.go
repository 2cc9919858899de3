package loopback

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	state = "a8d5f8c0-state"
	path  = "/oauth/callback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func listen(t *testing.T) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), Config{Path: path, State: state})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestNothingToCompare: without a state of its own a listener would take anybody's answer.
func TestNothingToCompare(t *testing.T) {
	if l, err := Listen(t.Context(), Config{Path: path}); err == nil {
		_ = l.Close()
		t.Error("it listens without a state")
	}
}

// reply is what the browser got.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// browse sends a request as written, with %HOST% for the listener's address.
func browse(l *Listener, request string) reply {
	c, err := net.Dial("tcp", l.host)
	if err != nil {
		return reply{err: err}
	}
	defer c.Close() //nolint:errcheck // the test is over
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "%HOST%", l.host)); err != nil {
		return reply{err: err}
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: request[:strings.IndexByte(request+" ", ' ')]})
	if err != nil {
		return reply{err: err}
	}
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), err}
}

func get(query string) string {
	return "GET " + path + "?" + query + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n"
}

const good = "code=the-code&state=" + state

// start browses without waiting for the answer.
func start(l *Listener, request string) <-chan reply {
	ch := make(chan reply, 1)
	go func() { ch <- browse(l, request) }()
	return ch
}

func wait(t *testing.T, l *Listener) Callback {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cb, err := l.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return cb
}

func TestRedirectURI(t *testing.T) {
	l := listen(t)
	u, err := url.Parse(l.RedirectURI())
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Path != path || u.RawQuery != "" {
		t.Errorf("%s (%v)", l.RedirectURI(), err)
	}
}

// TestOnlyThisMachine: nothing listens where another machine could ask.
func TestOnlyThisMachine(t *testing.T) {
	l := listen(t)
	port := l.host[strings.LastIndexByte(l.host, ':')+1:]
	for _, addr := range []string{"[::1]:" + port, "127.0.0.2:" + port} {
		if c, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			_ = c.Close()
			t.Errorf("it listens on %s", addr)
		}
	}
}

// TestRefusals: what is not the answer is refused, and the sign-in goes on waiting for what is.
func TestRefusals(t *testing.T) {
	l := listen(t)
	long := strings.Repeat("x", maxParam+1)
	cases := []struct {
		name, request string
		status        int
	}{
		{"another host, which resolves here", "GET " + path + "?" + good + " HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
		{"another host with the right port", "GET " + path + "?" + good + " HTTP/1.1\r\nHost: localhost:" + l.host[10:] + "\r\n\r\n", 421},
		{"no port", "GET " + path + "?" + good + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 421},
		{"HTTP/1.0 without a host", "GET " + path + "?" + good + " HTTP/1.0\r\n\r\n", 421},
		{"another host as a target", "GET http://evil.example" + path + "?" + good + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 421},
		{"another path", "GET /?" + good + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 404},
		{"below the path", "GET " + path + "/x?" + good + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 404},
		{"the icon", "GET /favicon.ico HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 404},
		{"HEAD", "HEAD " + path + "?" + good + " HTTP/1.1\r\nHost: %HOST%\r\nConnection: close\r\n\r\n", 405},
		{"OPTIONS", "OPTIONS " + path + "?" + good + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 405},
		{"POST", "POST " + path + "?" + good + " HTTP/1.1\r\nHost: %HOST%\r\nContent-Length: 0\r\n\r\n", 405},
		{"a form", "POST " + path + " HTTP/1.1\r\nHost: %HOST%\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 34\r\n\r\n" + good, 405},
		{"no query", "GET " + path + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 400},
		{"no state", get("code=the-code"), 400},
		{"an empty state", get("code=the-code&state="), 400},
		{"another state", get("code=the-code&state=b" + state[1:]), 400},
		{"a longer state", get(good + "x"), 400},
		{"a shorter state", get(good[:len(good)-1]), 400},
		{"another case", get(strings.ToUpper(good)), 400},
		{"the state twice", get(good + "&state=" + state), 400},
		{"the code twice", get(good + "&code=other"), 400},
		{"anything twice", get(good + "&x=1&x=2"), 400},
		{"no code", get("state=" + state), 400},
		{"an empty code", get("code=&state=" + state), 400},
		{"a code and an error", get(good + "&error=access_denied"), 400},
		{"an error with another state", get("error=access_denied&state=x"), 400},
		{"an error without state", get("error=access_denied"), 400},
		{"a huge code", get("state=" + state + "&code=" + long), 400},
		{"a semicolon", get("x=1;y=2&" + good), 400},
		{"a broken escape", get("x=%zz&" + good), 400},
		{"a huge request", "GET " + path + "?" + good + "&x=" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: %HOST%\r\n\r\n", 431},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
	}
	for _, c := range cases {
		got := browse(l, c.request)
		if got.err != nil && c.status == 431 {
			continue // the rest of it, unread, may cost the answer its connection
		}
		if got.err != nil {
			t.Errorf("%s: %v", c.name, got.err)
			continue
		}
		if got.status != c.status {
			t.Errorf("%s: %d, want %d", c.name, got.status, c.status)
		}
		for _, secret := range []string{state, "the-code", "evil"} {
			if strings.Contains(got.body, secret) {
				t.Errorf("%s: the page repeats %q", c.name, secret)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if cb, err := l.Wait(ctx); err == nil {
		t.Fatalf("one of them counts as an answer: %+v", cb)
	}

	page := start(l, get(good))
	cb := wait(t, l)
	cb.Finish("")
	if cb.Code.Reveal() != "the-code" || cb.Err != nil || (<-page).status != 200 {
		t.Errorf("the answer after all that: %+v", cb)
	}
}

// TestPageWaitsForTheEnd: nothing is said before it is true.
func TestPageWaitsForTheEnd(t *testing.T) {
	l := listen(t)
	page := start(l, get(good))
	cb := wait(t, l)
	select {
	case p := <-page:
		t.Fatalf("the browser was told before the sign-in had ended: %s", p.body)
	case <-time.After(100 * time.Millisecond):
	}
	cb.Finish("")
	cb.Finish("too late to count")
	if p := <-page; p.status != 200 || !strings.Contains(p.body, "You are signed in") || strings.Contains(p.body, "too late") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestFailureIsShown(t *testing.T) {
	l := listen(t)
	page := start(l, get(good))
	cb := wait(t, l)
	cb.Finish("<script>alert(1)</script>\x1b[31m\u202e\"'& " + strings.Repeat("ö", 500))
	p := <-page
	if strings.Contains(p.body, "You are signed in") || !strings.Contains(p.body, "You are not signed in") {
		t.Errorf("says %s", p.body)
	}
	if strings.Contains(p.body, "<script") || strings.ContainsAny(p.body, "\x1b\u202e") || !strings.Contains(p.body, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Errorf("not escaped: %s", p.body)
	}
	if n := strings.Count(p.body, "ö"); n == 0 || n > maxDetail {
		t.Errorf("%d letters of an essay", n)
	}
}

func TestRefusedByTheService(t *testing.T) {
	l := listen(t)
	page := start(l, get("error=access_denied&error_description=The+user+said+no&state="+state))
	cb := wait(t, l)
	if cb.Err == nil || *cb.Err != (AuthorizeError{"access_denied", "The user said no"}) || cb.Code != "" {
		t.Errorf("%+v", cb)
	}
	cb.Finish("denied")
	if p := <-page; !strings.Contains(p.body, "You are not signed in") {
		t.Errorf("says %s", p.body)
	}
}

// TestSecondAnswer: the first one counts, whatever comes behind it.
func TestSecondAnswer(t *testing.T) {
	l := listen(t)
	first := start(l, get(good))
	cb := wait(t, l)
	for _, q := range []string{good, "code=other&state=" + state, "error=access_denied&state=" + state} {
		if p := browse(l, get(q)); p.status != 409 || strings.Contains(p.body, "You are signed in") {
			t.Errorf("%s: %d", q, p.status)
		}
	}
	cb.Finish("")
	if p := <-first; p.status != 200 {
		t.Errorf("the first: %d", p.status)
	}
	if p := browse(l, get(good)); p.status != 409 {
		t.Errorf("after the end: %d", p.status)
	}
}

// TestManyConnections: connections that say nothing, or do not finish, do not keep the browser out,
// before it asks or while it waits.
func TestManyConnections(t *testing.T) {
	l := listen(t)
	var idle []net.Conn
	open := func(text string) {
		for range 100 {
			c, err := net.Dial("tcp", l.host)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, text)
			idle = append(idle, c)
		}
	}
	defer func() {
		for _, c := range idle {
			_ = c.Close()
		}
	}()
	open("")
	open("GET " + path + "?")
	page := start(l, get(good))
	cb := wait(t, l)
	open("")
	if p := browse(l, get(good)); p.status != 409 {
		t.Errorf("another request among them: %d %v", p.status, p.err)
	}
	cb.Finish("")
	if p := <-page; p.status != 200 || p.err != nil {
		t.Errorf("%d %v", p.status, p.err)
	}
	began := time.Now()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 500*time.Millisecond {
		t.Errorf("closing took %v", d)
	}
}

// TestCloseSendsThePage: a program that ends right after Finish has still told the browser.
func TestCloseSendsThePage(t *testing.T) {
	for range 20 {
		l := listen(t)
		page := start(l, get(good))
		cb := wait(t, l)
		cb.Finish("")
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if p := <-page; p.err != nil || !strings.Contains(p.body, "You are signed in") || !strings.HasSuffix(p.body, "</html>\n") {
			t.Fatalf("%v %s", p.err, p.body)
		}
	}
}

// TestInterrupted is Ctrl-C before the browser comes back, and between its coming and the end.
func TestInterrupted(t *testing.T) {
	stop := errors.New("interrupted")
	l := listen(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	if _, err := l.Wait(ctx); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	page := start(l, get(good))
	wait(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if p := <-page; !strings.Contains(p.body, "You are not signed in") {
		t.Errorf("says %s", p.body)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if p := browse(l, get(good)); p.err == nil {
		t.Error("it still listens")
	}
}

// TestBrowserGone: a window that is closed while it waits holds nothing up.
func TestBrowserGone(t *testing.T) {
	l := listen(t)
	c, err := net.Dial("tcp", l.host)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, strings.ReplaceAll(get(good), "%HOST%", l.host))
	cb := wait(t, l)
	_ = c.Close()
	cb.Finish("")
	began := time.Now()
	if err := l.Close(); err != nil || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestHeaders(t *testing.T) {
	l := listen(t)
	page := start(l, get(good))
	wait(t, l).Finish("no")
	pages := map[string]reply{"concluded": <-page, "refused": browse(l, get("x=1"))}
	if len(pages["concluded"].header) == 0 {
		t.Fatal("no answer")
	}
	for name, p := range pages {
		for h, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Content-Type": "text/html; charset=utf-8", "Content-Length": fmt.Sprint(len(p.body)),
		} {
			if got := p.header.Get(h); got != want {
				t.Errorf("%s: %s is %q, want %q", name, h, got, want)
			}
		}
		csp := p.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", name, csp)
		}
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "://") {
			t.Errorf("%s: the page runs or loads something", name)
		}
	}
}
