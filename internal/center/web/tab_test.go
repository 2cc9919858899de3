package web_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// browser starts a real one, headless. Whoever has none skips these tests, and is told so.
func browser(t *testing.T) *rod.Browser {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIP-TOOL: chromium is not on PATH: nothing was tried in a real browser")
	}
	l := launcher.New().Bin(bin).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("hide-scrollbars")
	control, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(control)
	if err := b.Connect(); err != nil {
		l.Kill()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close()
		l.Kill()
		l.Cleanup()
	})
	return b
}

// tab is one browser tab. Its methods fail the test.
type tab struct {
	*testing.T
	*rod.Page
}

func open(t *testing.T, b *rod.Browser, address string) tab {
	t.Helper()
	p, err := b.Page(proto.TargetCreateTarget{URL: "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	x := tab{t, p.Context(ctx)}
	x.visit(address)
	return x
}

func (x tab) visit(address string) {
	x.Helper()
	if err := x.Navigate(address); err != nil {
		x.Fatal(err)
	}
	if err := x.WaitLoad(); err != nil {
		x.Fatal(err)
	}
}

// heading waits until the page has the heading.
func (x tab) heading(want string) {
	x.Helper()
	x.await("h1 that begins with "+want, func() error {
		_, err := x.Timeout(time.Second).ElementR("h1", "^"+want)
		return err
	})
}

// await tries until there is no error. A page that is just being left gives one that means nothing.
func (x tab) await(what string, try func() error) {
	x.Helper()
	var err error
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	got, _ := x.HTML()
	x.Fatalf("no %s: %v\n%s", what, err, got)
}

func (x tab) fill(selector, text string) {
	x.Helper()
	e, err := x.Element(selector)
	if err == nil {
		err = e.Input(text)
	}
	if err != nil {
		x.Fatal(err)
	}
}

func (x tab) click(selector string) {
	x.Helper()
	e, err := x.Element(selector)
	if err == nil {
		err = e.Click(proto.InputMouseButtonLeft, 1)
	}
	if err != nil {
		x.Fatal(err)
	}
}

func (x tab) signIn() {
	x.Helper()
	x.heading("Sign in")
	x.fill("#username", "ada")
	x.fill("#password", password)
	x.click("button.primary")
}

// listener is a command line that waits for its redirect.
func listener(t *testing.T, network, address string) (redirectURI string, got chan url.Values) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("SKIP-TOOL: this machine has no %s: %v", address, err)
	}
	got = make(chan url.Values, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/callback" {
			if r.Referer() != "" {
				t.Errorf("the redirect carries a referrer: %s", r.Referer())
			}
			got <- r.URL.Query()
			_, _ = rw.Write([]byte("<h1>You may close this window</h1>"))
		}
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL + "/oauth/callback", got
}

func wait(t *testing.T, got chan url.Values) url.Values {
	t.Helper()
	select {
	case q := <-got:
		return q
	case <-time.After(30 * time.Second):
		t.Fatal("the redirect never arrived")
		return nil
	}
}
