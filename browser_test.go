package keyfob_test

import (
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
)

// openBrowser starts a headless Chromium, which ends with the test.
func openBrowser(t *testing.T) *rod.Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIP-TOOL: chromium is not installed")
	}
	l := launcher.New().Bin(path).Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync")
	url, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(url).Timeout(time.Minute)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.Close()
		l.Kill()
		l.Cleanup()
	})
	return b
}

// A real browser on the real pages, the real command waiting: both flows.
func TestSignInWithChromium(t *testing.T) {
	b := openBrowser(t)
	h := signedIn(t)
	for _, c := range []struct {
		name   string
		flags  []string
		button string
		shown  string
	}{
		{"code flow", nil, "button[value=allow]", "You are signed in"},
		{"device flow", []string{"--use-device-code"}, "button[value=approve]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			login := h.keyfob(t.Context(), append([]string{"sso", "login", "--profile", "dev", "--no-browser"}, c.flags...)...)
			out, err := login.StdoutPipe()
			if err == nil {
				err = login.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			address := authorizeURL
			if c.flags != nil {
				address = deviceURL
			}
			page := b.MustIncognito().MustPage(readUntil(t, out, address)).MustWaitLoad()
			page.MustElement("input[name=username]").MustInput("ada")
			page.MustElement("input[name=password]").MustInput(h.c.Passwords["ada"])
			page.MustElement("form[action='/sign-in'] button").MustClick()
			page.MustWaitLoad()
			if c.flags != nil { // the code is filled in; it still has to be sent, and then approved
				page.MustElement("form[action='/device'] button").MustClick()
			}
			page.MustElement(c.button).MustClick()
			rest, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			if err := login.Wait(); err != nil {
				t.Fatalf("keyfob sso login: %v\n%s", err, rest)
			}
			if !strings.Contains(string(rest), "Successfully logged into Start URL: "+h.c.StartURL) {
				t.Errorf("keyfob printed %q", rest)
			}
			if c.shown != "" {
				page.MustWaitLoad()
				if text := page.MustElement("main").MustText(); !strings.Contains(text, c.shown) {
					t.Errorf("the browser shows %q", text)
				}
			}
		})
	}
}
